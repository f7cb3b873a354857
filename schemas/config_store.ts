import { z } from "zod";
import { duration } from "./duration.ts";
import { httpUrl, isLoopback } from "./http_url.ts";

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "letters, digits and _ only");
const pem = z.string().regex(/-----BEGIN /, "must be PEM text; write it as file:<path>");

const tls = z.strictObject({
  /** Certificates that are trusted instead of those of the system. */
  ca: pem.nullable().default(null),
  /** Certificate and key of this client, for servers that ask for one. */
  cert: pem.nullable().default(null),
  key: pem.nullable().default(null),
  /** True: whoever answers is believed, and the password goes to them. */
  insecure: z.boolean().default(false),
});

const cluster = z.strictObject({
  /** Name under `remote_servers` of the servers. */
  name,
  /** Where the tables meet in Keeper. The servers fill in {shard}; the rest of the path is {database}/{table}. */
  keeper_path: z
    .string()
    .regex(/^\/[\w{}/.-]*\{shard\}[\w{}/.-]*[^/]$/, "must begin with /, hold {shard} and not end with /")
    .default("/clickhouse/tables/{shard}"),
  /** Replicas of a shard that must hold a row before it counts as stored; auto is the majority. */
  write_quorum: z.union([z.literal("auto"), z.number().int().min(1)]).default("auto"),
});
export type Cluster = z.infer<typeof cluster>;

const tier = z.strictObject({
  /** Age of the rows, counted from ingestion. */
  after: duration,
  /** Volume of the storage policy. */
  volume: name,
});

const storage = z.strictObject({
  /** Storage policy of the servers for the events; a volume named default must be in it, that is where they begin. */
  policy: name,
  move: z.array(tier).default([]),
});

/** storeConfig says which ClickHouse holds the data: the embedded engine in `path`, or a server or a cluster at `url`. */
export const storeConfig = z.strictObject({
  /** Directory of the embedded engine, and of what belongs to this machine; used when there is no url. */
  path: z.string().default("./keywatch-data"),
  /** ClickHouse over HTTP or HTTPS. */
  url: httpUrl.nullable().default(null),
  username: z.string().default("default"),
  password: z.string().default(""),
  database: name.default("keywatch"),
  tls: tls.prefault({}),
  /** True: a password may go over plain HTTP to another machine, because the network between is private. */
  allow_plain_http: z.boolean().default(false),
  cluster: cluster.nullable().default(null),
  /** How long a server that is away is waited for before work fails. */
  retry_for: duration.prefault("60s"),
  ttl: z.strictObject({ events: duration.prefault("400d"), raw: duration.prefault("90d") }).prefault({}),
  storage: storage.nullable().default(null),
});
export type StoreConfig = z.infer<typeof storeConfig>;

type Loose = Record<string, unknown>;
const looseOf = (value: unknown): Loose => (typeof value === "object" && value !== null ? (value as Loose) : {});

/** storeFaults finds settings of the store that contradict each other; the document may be wrong elsewhere. */
export function storeFaults(value: unknown, fault: (path: (string | number)[], message: string) => void): void {
  const store = looseOf(value);
  const at = (...path: (string | number)[]) => ["store", ...path];
  const url = typeof store.url === "string" && URL.canParse(store.url) ? new URL(store.url) : null;
  if (store.url === undefined || store.url === null) {
    for (const part of ["cluster", "storage"]) {
      if (looseOf(store)[part] != null) fault(at(part), "the embedded engine has none; it needs store.url");
    }
  }
  const { ca, cert, key, insecure } = looseOf(store.tls);
  if ((cert == null) !== (key == null)) fault(at("tls"), "cert and key come together");
  if (insecure === true && ca != null)
    fault(at("tls", "insecure"), "ca says whom to trust, insecure says everybody; leave one out");
  if (url === null) return;
  if (url.username !== "" || url.password !== "") {
    fault(at("url"), "a password in the address would show up in logs; use store.username and store.password");
  }
  if (url.protocol === "https:") return;
  if (ca != null || cert != null || insecure === true)
    fault(at("tls"), `${url.protocol}//${url.host} is not encrypted; write https://`);
  const secret = typeof store.password === "string" && store.password !== "";
  if (secret && store.allow_plain_http !== true && !isLoopback(url.hostname)) {
    fault(
      at("url"),
      `the password would go to ${url.host} unencrypted; write https://, or allow_plain_http: true where the network between is private`,
    );
  }
}
