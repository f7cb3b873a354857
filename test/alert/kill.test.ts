import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Webhook } from "standardwebhooks";
import { afterAll, expect, test } from "vitest";
import { nodeBinary } from "./chaos.ts";
import { httpReceiver, type Play } from "./receivers.ts";

const script = fileURLToPath(new URL("./fixtures/alerter_process.ts", import.meta.url));
const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
const INCIDENTS = 8;
const ROUNDS = 4;

const folder = mkdtempSync(join(tmpdir(), "keywatch-kill-"));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Seen {
  data: { incident: { uid: string }; transitions: { n: number }[] };
}

const name = "killed at any moment, every transition is told and no message is seen under two ids";
const why = nodeBinary === null ? " (skipped: needs Node 24, which runs TypeScript)" : "";

test.skipIf(nodeBinary === null)(
  `${name}${why}`,
  async () => {
    const server = await httpReceiver();
    const start = () => {
      const args = ["--no-warnings", script, folder, server.url, secret, String(INCIDENTS)];
      const child = spawn(nodeBinary!, args, { stdio: ["ignore", "pipe", "inherit"] });
      children.add(child);
      return child;
    };
    const plays: Play[] = ["server_error", "ok", "drop", "ok", "ok", "rate_limited", "server_error"];
    for (let round = 0; round < ROUNDS; round++) {
      server.script(...plays.filter((p) => p !== "rate_limited" || round === 0));
      const before = server.requests.length;
      const child = start();
      const gone = new Promise((resolve) => child.once("exit", resolve));
      // Each round lives a little longer past its first attempt than the one before, and none to the end.
      await Promise.race([happens(() => server.requests.length > before + round), gone]);
      await new Promise((resolve) => setTimeout(resolve, round * 37));
      child.kill("SIGKILL");
      await gone;
    }
    const last = start();
    let said = "";
    last.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const code = await new Promise((resolve) => last.once("exit", resolve));
    expect({ code, said }).toEqual({ code: 0, said: "applied\nidle\n" });
    await server.stop();

    const told = new Map<string, Seen>();
    for (const { body, headers } of server.requests) {
      const id = String(headers["webhook-id"]);
      const seen = new Webhook(secret).verify(body, headers as Record<string, string>) as Seen;
      // A receiver that honours the id sees each once: the same id is the same message.
      const twin = told.get(id);
      if (twin) expect(seen.data.transitions).toEqual(twin.data.transitions);
      told.set(id, seen);
    }
    const byIncident = new Map<string, number[]>();
    for (const { data } of told.values()) {
      const numbers = byIncident.get(data.incident.uid) ?? [];
      numbers.push(...data.transitions.map((t) => t.n));
      byIncident.set(data.incident.uid, numbers);
    }
    expect(byIncident.size).toBe(INCIDENTS);
    for (const numbers of byIncident.values()) expect(numbers.sort()).toEqual([1, 2]);
  },
  300_000,
);

async function happens(what: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!what() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
}
