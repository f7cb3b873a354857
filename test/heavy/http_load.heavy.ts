import { expect, test } from "vitest";
import { serveUnderLoad } from "../load/serve_load.ts";

test("three minutes of 200 pushers: what holds for seconds holds on, and memory stays flat", async () => {
  const { memory } = await serveUnderLoad({ pushers: 200, records: 50, ms: 180_000 });
  const third = Math.floor(memory.length / 3);
  const highest = (part: number[]) => Math.max(...part);
  process.stderr.write(
    `highest memory of each minute: ${[0, 1, 2].map((i) => highest(memory.slice(i * third, (i + 1) * third))).join(", ")} MB\n`,
  );
  // The last minute may not stand far above the minute in the middle: what grows with the input would.
  expect(highest(memory.slice(2 * third))).toBeLessThan(highest(memory.slice(third, 2 * third)) * 1.15);
}, 400_000);
