import { z } from "zod";
import { duration } from "./duration.ts";
import { isLoopback } from "./http_url.ts";

const topicName = z.string().regex(/^[A-Za-z0-9._-]{1,200}$/, "letters, digits, dots, _ and - only");

const plainSasl = z.strictObject({
  mechanism: z.enum(["plain", "scram-sha-256", "scram-sha-512"]),
  username: z.string().min(1),
  password: z.string().min(1),
});
const oauthSasl = z.strictObject({
  mechanism: z.literal("oauthbearer"),
  /** Program and arguments; its standard output is the token. It is asked again at every new connection. */
  command: z.array(z.string().min(1)).min(1),
  timeout: duration.prefault("10s"),
});

const tls = z.strictObject({
  /** PEM text or `file:` of the authorities that are trusted instead of those of the system. */
  ca: z.string().nullable().default(null),
  cert: z.string().nullable().default(null),
  key: z.string().nullable().default(null),
  server_name: z.string().nullable().default(null),
});

/** kafkaConfig spreads keywatch over processes: the stages then speak over topics instead of in memory. */
export const kafkaConfig = z.strictObject({
  brokers: z.array(z.string().regex(/^(\[[0-9a-f:]+\]|[^:\s]+):\d{1,5}$/i, "write it like kafka-1:9092")).min(1),
  /** Begins the names of our consumer groups and transactional ids; every installation on one cluster needs its own. */
  client_id: topicName.default("keywatch"),
  /** Begins the names of our topics: `<prefix>.events` and so on. */
  prefix: topicName.default("keywatch"),
  /** True for TLS with the system's authorities. */
  tls: z.union([z.boolean(), tls]).default(false),
  sasl: z.discriminatedUnion("mechanism", [plainSasl, oauthSasl]).nullable().default(null),
  /** True: a password or token may go unencrypted to another machine, because the network between is private. */
  allow_plain_tcp: z.boolean().default(false),
  compression: z.enum(["none", "gzip", "snappy", "lz4", "zstd"]).default("gzip"),
  /** A consumer that is silent for so long has lost its partitions. */
  session_timeout: duration.prefault("15s"),
  /** How often profiles and checkpoint are written; what lies between two is judged again after a kill. */
  checkpoint_interval: duration.prefault("5s"),
  /**
   * A provider of which a partition brought nothing for so long follows the wall clock: windows close and days are sealed. Without old
   * events for so long, what was found in them is reported. While a backlog is read, time is what the events say.
   */
  settle: duration.prefault("10s"),
});
export type KafkaConfig = z.infer<typeof kafkaConfig>;

interface LooseKafka {
  brokers?: unknown;
  tls?: unknown;
  sasl?: { mechanism?: unknown } | null;
  allow_plain_tcp?: unknown;
}

/** kafkaFaults finds settings of the brokers that contradict each other; the document may be wrong elsewhere. */
export function kafkaFaults(value: unknown, fault: (path: (string | number)[], message: string) => void): void {
  const { brokers, tls, sasl, allow_plain_tcp } = (
    typeof value === "object" && value !== null ? value : {}
  ) as LooseKafka;
  const secret = inTheClear.get(sasl?.mechanism);
  if (secret === undefined || (tls !== undefined && tls !== false) || allow_plain_tcp === true) return;
  const far = (Array.isArray(brokers) ? brokers : []).find((b) => !isLoopback(String(b).replace(/:\d+$/, "")));
  if (far !== undefined)
    fault(
      ["kafka", "sasl"],
      `the ${secret} would go to ${String(far)} unencrypted; set kafka.tls, or allow_plain_tcp: true where the network between is private`,
    );
}

/** What each mechanism sends as it is; SCRAM proves that it knows the password and sends none. */
const inTheClear = new Map<unknown, string>([
  ["plain", "password"],
  ["oauthbearer", "token"],
]);

/** kafkaSource is a topic of the user's own; every message holds one record, or several as a file would. */
export const kafkaSource = z.strictObject({
  kind: z.literal("kafka"),
  topic: topicName,
  provider: z.string().default("auto"),
});
