import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { keywatch, tempFolder, until } from "../support.ts";

test("Ctrl-C ends the demo while it learns, and its data goes with it", async () => {
  const folder = tempFolder();
  const run = keywatch(["demo", "--listen", "127.0.0.1:0"], { env: { TMPDIR: folder } });
  await until("its folder", () => readdirSync(folder).some((name) => name.startsWith("keywatch-demo-")));
  await sleep(1_000);
  const pressed = performance.now();
  run.child.kill("SIGINT");
  const { code, stderr } = await run;
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("Learned")]);
  expect(performance.now() - pressed).toBeLessThan(5_000);
  expect(readdirSync(folder).filter((name) => name.startsWith("keywatch-demo-"))).toEqual([]);
}, 60_000);
