import { z } from "zod";
import { bytes } from "./bytes.ts";
import { apiFaults, apiSource } from "./config_api.ts";
import { channelFaults } from "./config_channels.ts";
import { geoConfig } from "./config_geo.ts";
import { kafkaConfig, kafkaFaults, kafkaSource } from "./config_kafka.ts";
import { inhibitRule, type LooseRouting, receiver, routeNode, routingFaults } from "./config_routing.ts";
import { s3Faults, s3Source, sqsSource } from "./config_s3.ts";
import { storeConfig, storeFaults } from "./config_store.ts";
import { duration } from "./duration.ts";
import { httpUrl } from "./http_url.ts";
import { cidr } from "./network.ts";
import { severities } from "./severity.ts";
import { timeIntervals } from "./time_interval.ts";

const token = z.strictObject({
  name: z.string().min(1),
  token: z.string().min(16, "a token needs at least 16 characters"),
  roles: z.array(z.enum(["ingest", "read", "admin"])).min(1),
});

/** The read-only ClickHouse interface at /clickhouse. */
const clickhouseDoor = z.strictObject({
  enabled: z.boolean().default(true),
  /** Questions answered at once; others wait, at most max_waiting of them. */
  max_queries: z.number().int().min(1).max(3).default(2),
  max_waiting: z.number().int().min(0).default(64),
  max_time: duration.prefault("60s"),
  max_memory: bytes.prefault("1GiB"),
  max_rows: z.number().int().min(1).default(10_000_000),
  /** Threads of one question; null is half of the processors. */
  max_threads: z.number().int().min(1).nullable().default(null),
});

export const listenAddress = z
  .string()
  .regex(/^(\[[0-9a-f:]+\]|[^:\s]+):\d{1,5}$/i, "write it like 127.0.0.1:8686")
  .refine((text) => Number(text.slice(text.lastIndexOf(":") + 1)) < 65_536, "write it like 127.0.0.1:8686");

const http = z.strictObject({
  listen: listenAddress.default("127.0.0.1:8686"),
  tokens: z.array(token).default([]),
  max_body: bytes.prefault("32MiB"),
  /** Pushes that may be under way at once; the next one is answered 429. */
  max_in_flight: z.number().int().min(1).default(32),
  /** How long a client may take to send a request; then it is answered 408. */
  timeout: duration.prefault("60s"),
  clickhouse: clickhouseDoor.prefault({}),
});

const folderSource = z.strictObject({
  kind: z.literal("folder"),
  path: z.string(),
  provider: z.string().default("auto"),
  /** How often the folder is looked at. */
  interval: duration.prefault("5s"),
});

/** Field map of a `generic` provider: dotted paths into the record. */
export const genericMap = z.strictObject({
  /** The map claims records in which all of these paths are present (with this value, where one is given). */
  claims: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
  fields: z.strictObject({
    time: z.string(),
    event_uid: z.string().optional(),
    key: z.string().optional(),
    principal: z.string().optional(),
    account: z.string().optional(),
    operation: z.string(),
    service: z.string().optional(),
    outcome: z.string().optional(),
    status_code: z.string().optional(),
    error_code: z.string().optional(),
    source: z.string().optional(),
    user_agent: z.string().optional(),
    region: z.string().optional(),
    resource: z.string().optional(),
    environment: z.string().optional(),
    bytes_out: z.string().optional(),
    session: z.string().optional(),
    method: z.string().optional(),
  }),
  /** Values of the outcome field that mean success; others are read as failures by status_code or error_code. */
  success: z.array(z.string()).default(["success", "ok", "allowed", "true"]),
  principal_type: z.enum(["human", "service", "unknown"]).default("unknown"),
});
export type GenericMap = z.infer<typeof genericMap>;

const path = z.string().min(1).optional();
/** Access log of a proxy: which lines are meant, and where a format that keywatch does not know keeps what (dotted paths). */
export const accessConfig = z.strictObject({
  claims: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
  fields: z
    .strictObject({
      ...{ time: path, method: path, path, host: path, status: path, key: path, principal: path },
      ...{ source: path, user_agent: path, request_id: path, service: path, bytes_out: path },
    })
    .default({}),
  /** Hosts of foreign APIs beside the ones that ship, with the name of the service. For `egress_log`. */
  hosts: z.record(z.string(), z.string().min(1)).default({}),
  /** Networks of proxies in front, whose forwarded headers are believed; none if empty. Left out: docs/providers.md. */
  trusted_proxies: z.array(cidr).optional(),
});
export type AccessConfig = z.infer<typeof accessConfig>;

const detection = z.strictObject({
  enabled: z.boolean().default(true),
  /** Replaces the default severity. */
  severity: z.enum(severities).optional(),
  /** Replaces the default risk weight, 0..1. */
  weight: z.number().min(0).max(1).optional(),
});

const detect = z.strictObject({
  detections: z.record(z.string(), detection).default({}),
  learning: z
    .strictObject({
      min_age: duration.prefault("7d"),
      min_events: z.number().int().min(0).default(50),
      min_active_days: z.number().int().min(0).default(3),
      quarantine_days: z.number().int().min(1).default(14),
    })
    .prefault({}),
  /** Expected lateness by provider; a day is sealed when it has passed. */
  lateness: z.record(z.string(), duration).default({}),
  /** Networks that are the organisation's own: never new. */
  own_networks: z.array(cidr).default([]),
  /** Folder with rules of your own in YAML, relative to the config: docs/rules.md. */
  rules: z.string().min(1).nullable().default(null),
});

const alert = z.strictObject({
  /** Findings older than this are stored and shown, not notified. */
  max_age: duration.prefault("24h"),
  /** Address of the page, for links in messages. */
  external_url: httpUrl.nullable().default(null),
  /** Unresolved incidents are resolved after so long without a finding; critical ones never without a verdict. */
  auto_resolve: duration.prefault("24h"),
  /** What is over a channel's budget waits so long for others and goes out in one digest. */
  digest_interval: duration.prefault("1h"),
});

const log = z.strictObject({
  level: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("warn"),
  /** `auto` is pretty on a terminal and JSON lines elsewhere. */
  format: z.enum(["auto", "json", "pretty"]).default("auto"),
});

/** config is the whole of keywatch.yaml. Unknown keys are refused; secrets come by ${VAR} or file:. */
export const config = z
  .strictObject({
    store: storeConfig.prefault({}),
    http: http.prefault({}),
    /** File with the inventory, relative to the config. */
    inventory: z.string().nullable().default(null),
    sources: z
      .array(z.discriminatedUnion("kind", [folderSource, kafkaSource, apiSource, s3Source, sqsSource]))
      .default([]),
    /** Left out: everything runs in one process. */
    kafka: kafkaConfig.nullable().default(null),
    /** Field maps by name; records they claim get that provider id. */
    generic: z.record(z.string().regex(/^[a-z][a-z0-9_]*$/, "small letters, digits and _"), genericMap).default({}),
    /** Folder with providers of your own, relative to the config: one file each, named after its id. */
    providers: z.string().min(1).nullable().default(null),
    /** Your own gateway's access log, and your proxy's log of calls to foreign APIs. */
    gateway_log: accessConfig.optional(),
    egress_log: accessConfig.optional(),
    geo: geoConfig.prefault({}),
    redact: z.strictObject({ field_names: z.array(z.string()).default([]) }).prefault({}),
    detect: detect.prefault({}),
    alert: alert.prefault({}),
    log: log.prefault({}),
    route: routeNode.optional(),
    inhibit_rules: z.array(inhibitRule).default([]),
    time_intervals: z.array(timeIntervals).default([]),
    receivers: z.array(receiver).default([{ name: "console", channels: [{ kind: "console", send_resolved: true }] }]),
  })
  .superRefine((c, ctx) => crossCheck(c, (path, message) => ctx.addIssue({ code: "custom", path, message })));
export type Config = z.infer<typeof config>;
export type FolderSource = Extract<Config["sources"][number], { kind: "folder" }>;
export type KafkaSource = Extract<Config["sources"][number], { kind: "kafka" }>;
/** ConfigText is the config as people write it, defaults left out. */
export type ConfigText = z.input<typeof config>;

/** What crossCheck reads; a document that is wrong elsewhere is still checked here, so that all faults come at once. */
interface LooseConfig extends LooseRouting {
  alert?: { external_url?: unknown } | undefined;
  http?: { listen?: unknown; tokens?: unknown } | undefined;
  sources?: { kind?: unknown; topic?: unknown; provider?: unknown; url?: unknown }[] | undefined;
  kafka?: unknown;
  store?: { url?: unknown } | undefined;
}

/** crossCheck finds the faults between parts: names that nobody has, names that stand twice, an open door without tokens. */
export function crossCheck(c: LooseConfig, fault: (path: (string | number)[], message: string) => void): void {
  routingFaults(c, fault);
  channelFaults(c, fault);
  storeFaults(c.store, fault);
  kafkaFaults(c.kafka, fault);
  const topics = new Set<unknown>();
  apiFaults(listOf(c.sources), fault);
  s3Faults(listOf(c.sources), fault);
  for (const [i, source] of listOf(c.sources).entries()) {
    if (ASKED.has(source?.kind) && c.kafka)
      fault(["sources", i], "it is asked by one process; run it without `kafka`, or put its log into a topic");
    if (source?.kind !== "kafka") continue;
    if (!c.kafka) fault(["sources", i], "a topic can only be read when `kafka` names the brokers");
    if (topics.has(source.topic)) fault(["sources", i, "topic"], `the topic "${String(source.topic)}" stands twice`);
    topics.add(source.topic);
  }
  if (c.kafka && !c.store?.url)
    fault(["store", "url"], "with `kafka`, the store is a ClickHouse server that all processes share");
  const open = openDoor(c.http);
  if (open !== null) fault(["http", "tokens"], open);
}

/** openDoor says that anybody could ask; null where nobody can. */
export function openDoor(http: LooseConfig["http"]): string | null {
  const listen = http?.listen;
  if (typeof listen !== "string" || /^(127\.|localhost:|\[::1\])/.test(listen)) return null;
  return listOf(http?.tokens as unknown[]).length > 0
    ? null
    : `${listen} can be reached from outside, so tokens are needed`;
}

/** Kinds of sources that keywatch itself asks for what is new. */
const ASKED = new Set<unknown>(["api", "s3", "sqs"]);

const listOf = <T>(value: T[] | undefined): T[] => (Array.isArray(value) ? value : []);
