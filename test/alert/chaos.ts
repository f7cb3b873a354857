import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { draws } from "../quality/random.ts";
import { openStore } from "./support.ts";

const script = fileURLToPath(new URL("./fixtures/chaos_process.ts", import.meta.url));
const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
const STEPS = 4;
const PATIENCE_MS = 20_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The Node that runs TypeScript as it is: this one, or the one that the package brings; null where there is neither. */
export const nodeBinary = ((): string | null => {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`);
    return join(dirname(manifest), "bin", "node");
  } catch {
    return null;
  }
})();

export interface Chaos {
  rounds: number;
  incidents: number;
  seed: number;
  /** How long a process lives at most after the steps that it is given, ms. */
  lifeMs: number;
}

/**
 * playChaos kills an alerting process again and again while incidents live and receivers fail, lets the last one end, and checks that
 * a receiver that honours the idempotency key has every transition once.
 */
export async function playChaos({ rounds, incidents, seed, lifeMs }: Chaos) {
  const random = draws("alert chaos", seed).next;
  const folder = mkdtempSync(join(tmpdir(), "keywatch-chaos-"));
  const hook = await flakyReceiver(random, (request) => String(request.headers["webhook-id"]));
  const chat = await flakyReceiver(random, (_request, body) => {
    const { metadata } = JSON.parse(body) as { metadata?: { event_payload: { id: string } } };
    return metadata?.event_payload.id ?? null;
  });
  const steps = storyOf(incidents, random);
  const orders = { folder, hook: hook.url, chat: chat.url, secret, steps, start: Date.now() - 60_000 };
  let done = 0;
  let killed = 0;
  let current: ChildProcess | null = null;
  const run = (change: object) => {
    const args = ["--no-warnings", script, JSON.stringify({ ...orders, ...change })];
    const child = spawn(nodeBinary!, args, { stdio: ["ignore", "pipe", "inherit"] });
    current = child;
    const up = new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        for (const [, n] of chunk.toString().matchAll(/done (\d+)/g)) done = Math.max(done, Number(n));
        resolve();
      });
    });
    const gone = new Promise<number | null>((resolve) => child.once("exit", resolve));
    return { child, up, gone };
  };
  try {
    for (let round = 0; round < rounds; round++) {
      const to = Math.floor((steps.length * (round + 1)) / rounds);
      // What was done last before the kill may come again, as from a log whose offset was not committed.
      const { child, up, gone } = run({ from: Math.max(0, done - 3), to, finish: false });
      await Promise.race([up, gone]);
      // A life is so many steps and a moment, so that a slow machine comes as far as a fast one.
      const enough = Math.min(to, done + Math.floor((random() * 2 * steps.length) / rounds));
      const until = Date.now() + PATIENCE_MS;
      while (done < enough && child.exitCode === null && Date.now() < until) await pause(5);
      await pause(random() * lifeMs);
      child.kill("SIGKILL");
      await gone;
      killed++;
    }
    expect(await run({ from: Math.max(0, done - 3), to: steps.length, finish: true }).gone).toBe(0);
    return { ...(await check(folder, incidents, hook, chat)), killed };
  } finally {
    (current as ChildProcess | null)?.kill("SIGKILL");
    await Promise.all([hook.stop(), chat.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** storyOf mixes the lives of the incidents, each in its order: found, worse, acknowledged, resolved. */
function storyOf(incidents: number, random: () => number): [number, number][] {
  const steps = Array.from({ length: incidents * STEPS }, (_, i): [number, number] => [
    Math.floor(i / STEPS),
    i % STEPS,
  ]);
  const place = new Map<string, number>();
  for (const [i, step] of steps)
    place.set(
      `${i}/${step}`,
      (step === 0 ? i : place.get(`${i}/${step - 1}`)!) + random() * (step === 0 ? 3 : incidents / 5),
    );
  return steps.sort((a, b) => place.get(a.join("/"))! - place.get(b.join("/"))! || a[0] - b[0] || a[1] - b[1]);
}

interface Told {
  data: { incident: { uid: string }; transitions: { n: number }[] };
}
type Receiver = Awaited<ReturnType<typeof flakyReceiver>>;

async function check(folder: string, incidents: number, hook: Receiver, chat: Receiver) {
  // The same id is the same message, however often it came.
  for (const bodies of hook.seen.values())
    expect(new Set(bodies.map((b) => JSON.stringify((JSON.parse(b) as Told).data.transitions))).size).toBe(1);
  const told = new Map<string, number[]>();
  for (const [body] of hook.seen.values()) {
    const { incident, transitions } = (JSON.parse(body!) as Told).data;
    told.set(incident.uid, [...(told.get(incident.uid) ?? []), ...transitions.map((t) => t.n)]);
  }
  expect(told.size).toBe(incidents);
  const whole = Array.from({ length: STEPS }, (_, i) => i + 1);
  for (const numbers of told.values()) expect(numbers.sort((a, b) => a - b)).toEqual(whole);

  // Where several incidents share a message: nothing is left, nothing left under a name that the log does not know, nothing twice.
  const { store, close } = await openStore(folder);
  const left = await store.rows("SELECT status, count() AS n FROM outbox GROUP BY status");
  expect(left.filter((row) => row.status !== "delivered")).toEqual([]);
  const log = await store.rows("SELECT DISTINCT message_id FROM deliveries WHERE receiver = 'chat'");
  const known = new Set(log.map((row) => row.message_id));
  expect([...chat.seen.keys()].filter((id) => !known.has(id))).toEqual([]);
  const twice = await store.rows(
    "SELECT incident_uid, receiver, n FROM deliveries GROUP BY incident_uid, receiver, n HAVING uniqExact(message_id) > 1",
  );
  expect(twice).toEqual([]);
  const transitions = await store.rows("SELECT count() AS n FROM transitions FINAL");
  await close();
  return {
    transitions: Number(transitions[0]?.n),
    messages: hook.seen.size,
    requests: hook.count() + chat.count(),
    refused: hook.refused() + chat.refused(),
    bundles: chat.seen.size,
  };
}

/** flakyReceiver takes a message, refuses it, or takes it and breaks off before it has said so. */
async function flakyReceiver(random: () => number, idOf: (request: IncomingMessage, body: string) => string | null) {
  /** Bodies by idempotency key, of what the receiver took. */
  const seen = new Map<string, string[]>();
  let count = 0;
  let refused = 0;
  const answer = (request: IncomingMessage, response: ServerResponse, body: string) => {
    count++;
    const luck = random();
    if (luck < 0.1) {
      refused++;
      return void response.writeHead(503).end();
    }
    if (luck < 0.15) {
      refused++;
      return void request.socket.destroy();
    }
    const id = idOf(request, body);
    if (id !== null) seen.set(id, [...(seen.get(id) ?? []), body]);
    // Taken, and the sender never hears of it.
    if (luck < 0.2) return void request.socket.destroy();
    const say = () => response.end(JSON.stringify({ ok: true, ts: `1.${count}`, channel: "C1" }));
    if (luck < 0.4) setTimeout(say, random() * 100);
    else say();
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => answer(request, response, Buffer.concat(chunks).toString("utf8")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    count: () => count,
    refused: () => refused,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
