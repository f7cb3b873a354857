import { ingestParts } from "../cli/parts.ts";
import { createNormalizer, emptyYield } from "../ingest/normalizer.ts";
import type { ApiActivity } from "../schemas/activity.ts";
import { config } from "../schemas/config.ts";

/** normalized gives the events of records, by the real way from text to ApiActivity. */
export async function normalized(records: object[], provider = "auto"): Promise<ApiActivity[]> {
  const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });
  const normalizer = createNormalizer(parts, { provider, position: "test", now: Date.now });
  const yielded = emptyYield();
  for (const record of records) normalizer.read(Buffer.from(JSON.stringify(record)), null, yielded);
  return yielded.events;
}
