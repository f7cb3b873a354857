import { expect, test } from "vitest";
import { ingestParts } from "../../cli/parts.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { config } from "../../schemas/config.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { cloudTrail } from "../records.ts";

const NOW = Date.UTC(2026, 2, 3, 12);
const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });

/** read reads a record of a time, at an arrival. */
function read(time: number, now: number) {
  const into = emptyYield();
  const record = { ...cloudTrail(), eventTime: new Date(time).toISOString() };
  createNormalizer(parts, { provider: "auto", position: "test", now: () => now }).read(
    Buffer.from(JSON.stringify(record)),
    null,
    into,
  );
  return into;
}

test.each([10 * MINUTE_MS, 23 * HOUR_MS, DAY_MS])("a clock that runs ahead by %i ms is believed", (ahead) => {
  expect(read(NOW + ahead, NOW).events).toHaveLength(1);
});

test("a record more than a day past its arrival is a dead letter with its reason, and can be read again later", () => {
  const { events, letters } = read(NOW + 40 * DAY_MS, NOW);
  expect(events).toEqual([]);
  expect(letters.map((l) => l.reason)).toEqual([
    "event time is 40 d after its arrival: the clock that wrote it or this one is wrong",
  ]);
  expect(letters[0]!.raw).toContain("eventTime");
  expect(read(NOW + 40 * DAY_MS, NOW + 39 * DAY_MS).events).toHaveLength(1);
});
