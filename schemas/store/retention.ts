import type { StoreConfig } from "../config_store.ts";

/**
 * retentionStatements set how long events are kept and where. Ages count from ingestion (001_events.sql); old raw records leave before
 * their events do, and rows move to slower volumes on their way out.
 */
export function retentionStatements({ ttl, storage }: Pick<StoreConfig, "ttl" | "storage">): string[] {
  const after = (ms: number): string => `toDateTime(ingested_at) + INTERVAL ${Math.ceil(ms / 1000)} SECOND`;
  const moves = (storage?.move ?? []).map((m) => `${after(m.after)} TO VOLUME '${m.volume}'`);
  return [
    ...(storage === null ? [] : [`ALTER TABLE events MODIFY SETTING storage_policy = '${storage.policy}'`]),
    `ALTER TABLE events MODIFY TTL ${[...moves, after(ttl.events)].join(", ")}`,
    `ALTER TABLE events MODIFY COLUMN raw String TTL ${after(ttl.raw)}`,
  ];
}
