import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../until.ts";
import { nodeBinary } from "./chaos.ts";
import type { Harness, Receiver } from "./receivers.ts";

const script = fileURLToPath(new URL("./fixtures/channel_process.ts", import.meta.url));
const harnesses: Harness[] = [];
for (const file of readdirSync(new URL("./channels/", import.meta.url)))
  harnesses.push(...((await import(`./channels/${file.replace(/\.ts$/, "")}.ts`)) as { default: Harness[] }).default);

let folder = "";
let child: ChildProcess | null = null;
let receiver: Receiver | null = null;
afterEach(async () => {
  child?.kill("SIGKILL");
  await receiver?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(channel: Receiver["config"]) {
  const seen = { said: "" };
  const process = spawn(nodeBinary!, ["--no-warnings", script, JSON.stringify({ folder, channel })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = process;
  process.stdout.on("data", (chunk: Buffer) => {
    seen.said += chunk.toString();
  });
  const gone = new Promise<number | null>((resolve) => process.once("exit", resolve));
  return { process, seen, gone };
}

const why = nodeBinary === null ? " (skipped: needs Node 24, which runs TypeScript)" : "";

describe.each(harnesses.filter((h) => h.plays.includes("server_error")))("$name", (harness) => {
  test.skipIf(nodeBinary === null)(
    `killed between a refused attempt and the next one, it sends the message once${why}`,
    async () => {
      folder = mkdtempSync(join(tmpdir(), "keywatch-kill-"));
      receiver = await harness.start();
      receiver.script("server_error");
      const first = start(receiver.config);
      await until("the refusal", () => first.seen.said.includes("pending"));
      first.process.kill("SIGKILL");
      await first.gone;
      expect(first.seen.said).toBe("pending\n");
      const refused = receiver.received().length;

      const second = start(receiver.config);
      expect([await second.gone, second.seen.said]).toEqual([0, "delivered\nidle\n"]);
      expect(receiver.received().length - refused).toBe(1);

      // It is done: another start has nothing to send.
      const third = start(receiver.config);
      expect([await third.gone, third.seen.said]).toEqual([0, "idle\n"]);
      expect(receiver.received().length - refused).toBe(1);
    },
    90_000,
  );
});
