import { expect, test } from "vitest";
import { playChaos } from "../alert/chaos.ts";

test("200 rounds of kill -9 while 500 incidents go to receivers that fail: all told, none seen twice", async () => {
  const began = Date.now();
  const played = await playChaos({ rounds: 200, incidents: 500, seed: 20_261_121, lifeMs: 1_200 });
  process.stderr.write(`${JSON.stringify({ ...played, seconds: Math.round((Date.now() - began) / 1000) })}\n`);
  expect(played).toMatchObject({ transitions: 2_000, killed: 200 });
}, 3_600_000);
