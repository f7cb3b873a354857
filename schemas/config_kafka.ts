import { z } from "zod";
import { duration } from "./duration.ts";

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
  /** PEM text or `file:` of the authorities that are trusted besides those of the system. */
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

/** kafkaSource is a topic of the user's own; every message holds one record, or several as a file would. */
export const kafkaSource = z.strictObject({
  kind: z.literal("kafka"),
  topic: topicName,
  provider: z.string().default("auto"),
});
