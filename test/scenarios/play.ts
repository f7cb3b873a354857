import { incidentsOf } from "../../alert/incident.ts";
import { detectionEngine, ingestParts } from "../../cli/parts.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import type { PlaceOverride } from "../../ingest/enrich/enrich.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { type ApiActivity, byEventTime } from "../../schemas/activity.ts";
import { config } from "../../schemas/config.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { Incident } from "../../schemas/incident.ts";
import { emptyInventory, inventory } from "../../schemas/inventory.ts";

/** A Monday, 00:00 UTC, in winter; Berlin changes its clocks on 2026-03-29. */
export const MONDAY = Date.UTC(2026, 1, 2);
export const at = (day: number, hour = 0, minute = 0): number =>
  MONDAY + day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;

const place = (cidr: string, country: string, city: string, lat: number, lon: number, asn: number, as_org: string) => ({
  ...{ cidr, country, city, lat, lon, asn, as_org },
  hosting: as_org.includes("Hosting"),
});
const places: PlaceOverride[] = [
  place("203.0.113.0/24", "DE", "Berlin", 52.52, 13.4, 64_500, "Example Office"),
  place("2001:db8:1::/48", "DE", "Berlin", 52.52, 13.4, 64_500, "Example Office"),
  place("198.51.100.0/24", "BR", "Sao Paulo", -23.55, -46.63, 64_510, "Example Hosting"),
  place("192.0.2.0/24", "PT", "Lisbon", 38.72, -9.14, 64_541, "Example Hotel"),
  place("2001:db8:c000::/36", "US", "Ashburn", 39.04, -77.49, 8_075, "Example Runners Hosting"),
];
export const OFFICE = "203.0.113.10";
export const ABROAD = "198.51.100.66";
export const HOTEL = "192.0.2.20";

/** Record is a CloudTrail record; `call` writes one. */
export type Record = { eventTime: string; eventID: string } & { [name: string]: unknown };

export interface CallOptions {
  user?: string;
  key?: string;
  from?: string;
  agent?: string;
  error?: string;
  request?: object;
  account?: string;
}

/** keyOf is the access key id of a user of ours. */
export const keyOf = (user: string): string =>
  `AKIA${user
    .toUpperCase()
    .replace(/[^A-Z]/g, "")
    .padEnd(16, "X")
    .slice(0, 16)}`;

let serial = 0;
/** call writes one call of `<service>:<operation>`; ids rise, so that a scenario is the same in every run. */
export function call(time: number, operation: string, o: CallOptions = {}): Record {
  const { user = "reporter", key = keyOf(user), from = OFFICE, agent = "Boto3/1.40", account = "111122223333" } = o;
  const [service, eventName = ""] = operation.split(":");
  return {
    eventVersion: "1.09",
    userIdentity: {
      type: "IAMUser",
      arn: `arn:aws:iam::${account}:user/${user}`,
      accountId: account,
      accessKeyId: key,
      userName: user,
    },
    eventTime: new Date(time).toISOString().replace(/\.\d+Z$/, "Z"),
    eventSource: `${service}.amazonaws.com`,
    eventName,
    awsRegion: "eu-central-1",
    sourceIPAddress: from,
    userAgent: agent,
    ...(o.error ? { errorCode: o.error, errorMessage: "no" } : {}),
    requestParameters: o.request ?? null,
    eventID: `00000000-0000-4000-8000-${String(++serial).padStart(12, "0")}`,
    readOnly: /^(Get|List|Describe|Head)/.test(eventName),
    eventType: "AwsApiCall",
    recipientAccountId: account,
  };
}

/** office is the ordinary life of a key: two reads at the full hour, 8 to 16 UTC, Monday to Friday. */
export function office(days: number, o: CallOptions = {}, from = 0): Record[] {
  const records: Record[] = [];
  for (let d = from; d < from + days; d++) {
    if (((d % 7) + 7) % 7 >= 5) continue;
    for (let h = 8; h < 16; h++)
      records.push(call(at(d, h, 5), "s3:GetObject", o), call(at(d, h, 25), "s3:ListObjects", o));
  }
  return records;
}

/** daily is one run a day of a job. */
export const daily = (days: number, hour: number, o: CallOptions = {}, from = 0): Record[] =>
  Array.from({ length: days }, (_, d) => [0, 4, 9].map((m) => call(at(from + d, hour, m), "s3:GetObject", o))).flat();

export interface Played {
  findings: Finding[];
  incidents: Incident[];
  /** Findings of the key of a user, as `<detection> <severity>`, sorted. */
  told(user?: string): string[];
}

export interface PlayOptions {
  inventory?: object;
  /** Records of a batch, in the order given; left out: a closed input, judged in event-time order. */
  batch?: number;
}

const settings = config.parse({});
const parts = await ingestParts(settings, { pepper: Buffer.alloc(32, 7), places });

/** play sends records through normaliser, engine and incidents. The clock is the newest event; nothing reads the wall clock. */
export function play(records: readonly Record[], options: PlayOptions = {}): Played {
  const declared = options.inventory ? inventory.parse(options.inventory) : emptyInventory;
  const versions = options.inventory ? [{ effective_at: 0, inventory: declared }] : [];
  const engine = detectionEngine(settings, parts, createInventoryIndex(versions, parts.fingerprint));
  const events = normalise(records);
  const found = new Map<string, Finding>();
  const keep = (findings: Finding[]) => {
    for (const f of findings) found.set(f.uid, f);
  };
  const now = events.reduce((last, e) => Math.max(last, e.time), 0);
  if (options.batch === undefined) keep(engine.process([...events].sort(byEventTime), { sorted: true, now }));
  else
    for (let i = 0; i < events.length; i += options.batch)
      keep(engine.process(events.slice(i, i + options.batch), { sorted: false, now }));
  keep(engine.finish());
  const findings = [...found.values()];
  return {
    findings,
    incidents: incidentsOf(findings, { minSeverity: "medium" }),
    told: (user) =>
      findings
        .filter((f) => user === undefined || f.principal_uid.endsWith(`/${user}`))
        .map((f) => `${f.detection} ${f.severity}`)
        .sort(),
  };
}

/** normalise reads records and counts one that comes twice once, as the store does. */
function normalise(records: readonly Record[]): ApiActivity[] {
  let now = MONDAY;
  const normalizer = createNormalizer(parts, { provider: "auto", position: "test:scenario", now: () => now });
  const into = emptyYield();
  for (const record of records) {
    now = Date.parse(record.eventTime);
    normalizer.read(Buffer.from(JSON.stringify(record)), null, into);
  }
  if (into.letters.length > 0) throw new Error(`A record of the scenario was not read: ${into.letters[0]!.reason}`);
  const seen = new Set<string>();
  return into.events.filter((e) => seen.size < seen.add(e.event_uid).size);
}
