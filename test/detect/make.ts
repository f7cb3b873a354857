import { catalogue } from "../../detect/catalogue.ts";
import type { DetectEvent } from "../../detect/detection.ts";
import { createEngine, type Engine } from "../../detect/engine.ts";
import type { EngineOptions } from "../../detect/engine_options.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import { config } from "../../schemas/config.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { inventory } from "../../schemas/inventory.ts";

/** A Monday, 00:00 UTC. */
export const MONDAY = Date.UTC(2026, 5, 1);
export const KEY = "aws_cloudtrail:k1";

let counter = 0;

/** event builds one call of the office key; what a case is about is given. */
export function event(over: Partial<DetectEvent> & { time: number }): DetectEvent {
  counter++;
  return {
    event_uid: `e${String(counter).padStart(8, "0")}`,
    provider: "aws_cloudtrail",
    account: "111122223333",
    seq: counter,
    key_uid: KEY,
    key_hint: "AKIA…MPLE",
    key_type: "long_lived",
    subject_uid: over.key_uid ?? KEY,
    session_uid: null,
    session_kind: "none",
    principal_uid: "arn:aws:iam::111122223333:user/reporter",
    principal: "reporter",
    principal_type: "unknown",
    operation: "GetObject",
    service: "s3",
    verb_class: "read",
    outcome: "success",
    error_code: null,
    status_code: null,
    src_kind: "ip",
    src_ip: "203.0.113.10",
    src_net: "203.0.113.0/24",
    asn: 64500,
    as_org: "Example Office",
    country: "DE",
    city: "Berlin",
    lat: 52.52,
    lon: 13.405,
    hosting: false,
    vpc_endpoint: null,
    user_agent: "Boto3/1.40.11",
    user_agent_family: "Boto3",
    region: "eu-central-1",
    resources: [],
    environment: null,
    bytes_out: null,
    secrets: [],
    ...over,
  };
}

/** officeDays is the key's ordinary life: `perHour` reads an hour from 08 to 16 UTC, Monday to Friday, over `days` days. */
export function officeDays(days: number, over: Partial<DetectEvent> = {}, perHour = 3, start = MONDAY): DetectEvent[] {
  const events: DetectEvent[] = [];
  for (let d = 0; d < days; d++) {
    if (d % 7 >= 5) continue;
    for (let h = 8; h < 16; h++) {
      for (let i = 0; i < perHour; i++) {
        events.push(
          event({
            time: start + d * DAY_MS + h * HOUR_MS + i * 7 * MINUTE_MS,
            operation: i === 0 ? "ListObjects" : "GetObject",
            ...over,
          }),
        );
      }
    }
  }
  return events;
}

/** THIEF is a place where the office key never was. */
export const THIEF: Partial<DetectEvent> = {
  src_ip: "198.51.100.66",
  src_net: "198.51.100.0/24",
  asn: 64510,
  as_org: "Example Hosting",
  country: "BR",
  city: "São Paulo",
  lat: -23.55,
  lon: -46.63,
  hosting: true,
};

export function engineFor(keys: object[] = [], over: Partial<EngineOptions> = {}, document: object = {}): Engine {
  const defaults = config.parse({}).detect;
  return createEngine({
    detections: catalogue,
    inventory: createInventoryIndex(
      keys.length === 0 ? [] : [{ effective_at: 0, inventory: inventory.parse({ ...document, keys }) }],
      (provider, id) => `${provider}:${id}`,
    ),
    latenessOf: () => 15 * MINUTE_MS,
    learning: defaults.learning,
    overrides: {},
    isOwn: () => false,
    ...over,
  });
}

export const byTime = (events: DetectEvent[]): DetectEvent[] =>
  [...events].sort((a, b) => a.time - b.time || (a.event_uid < b.event_uid ? -1 : 1));

/** closed runs a complete input in event-time order and gives the last form of each finding. */
export function closed(engine: Engine, events: DetectEvent[]): Finding[] {
  const found = new Map<string, Finding>();
  const keep = (findings: Finding[]) => {
    for (const f of findings) found.set(f.uid, f);
  };
  keep(engine.process(byTime(events), { sorted: true, now: Number.MAX_SAFE_INTEGER }));
  keep(engine.finish());
  return [...found.values()];
}

/** streamed runs events in the order given, in batches, and ends the input. */
export function streamed(engine: Engine, events: DetectEvent[], batch: number): Finding[] {
  const found = new Map<string, Finding>();
  const keep = (findings: Finding[]) => {
    for (const f of findings) found.set(f.uid, f);
  };
  for (let i = 0; i < events.length; i += batch) {
    keep(engine.process(events.slice(i, i + batch), { sorted: false, now: Number.MAX_SAFE_INTEGER }));
  }
  keep(engine.finish());
  return [...found.values()];
}

export const names = (findings: Finding[]): string[] => findings.map((f) => `${f.detection} ${f.severity}`).sort();

/** A stored row of a detection event: what detection does not read is empty. */
export const row = (e: DetectEvent): ApiActivity => ({
  ...e,
  ingested_at: e.time,
  user_agent: null,
  region_geo: null,
  scopes: [],
  raw: "{}",
  position: "test",
});
