import type { Parts } from "../../cli/parts.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import { DAY } from "./calendar.ts";
import type { Day } from "./fleet.ts";

/** readDay takes the records of a day through the real normaliser. */
export function readDay(parts: Parts, { day, records }: Day): ApiActivity[] {
  const normalizer = createNormalizer(parts, {
    provider: "aws_cloudtrail",
    position: `day:${day}`,
    now: () => (day + 1) * DAY,
  });
  const read = emptyYield();
  for (const { record } of records) normalizer.read(Buffer.from(JSON.stringify(record)), null, read);
  if (read.events.length !== records.length) throw new Error(`Day ${day} was not read whole.`);
  return read.events;
}
