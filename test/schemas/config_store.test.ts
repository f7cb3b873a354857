import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ConfigText, config } from "../../schemas/config.ts";
import { retentionStatements } from "../../schemas/store/retention.ts";
import { connectServer } from "../../schemas/store/server.ts";
import { tempFolder } from "../support.ts";

const faultsOf = (store: ConfigText["store"]): string[] => {
  const parsed = config.safeParse({ store });
  return parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`);
};
const PEM = "-----BEGIN CERTIFICATE-----";

describe("settings of the store that contradict each other are faults", () => {
  test.each<[string, ConfigText["store"], RegExp]>([
    ["a cluster without a server", { cluster: { name: "main" } }, /store\.cluster: the embedded engine has none/],
    ["volumes without a server", { storage: { policy: "tiered" } }, /store\.storage: the embedded engine has none/],
    [
      "a password in clear to another machine",
      { url: "http://clickhouse:8123", password: "x" },
      /store\.url: the password would go to clickhouse:8123 unencrypted/,
    ],
    ["a password in the address", { url: "https://a:b@clickhouse:8443" }, /store\.url: a password in the address/],
    [
      "a certificate without its key",
      { url: "https://c:8443", tls: { cert: PEM } },
      /store\.tls: cert and key come together/,
    ],
    [
      "somebody to trust, and everybody",
      { url: "https://c:8443", tls: { ca: PEM, insecure: true } },
      /store\.tls\.insecure/,
    ],
    ["TLS without TLS", { url: "http://127.0.0.1:8123", tls: { ca: PEM } }, /store\.tls: .* is not encrypted/],
    ["a CA that is a path", { url: "https://c:8443", tls: { ca: "/etc/ca.pem" } }, /write it as file:<path>/],
    [
      "a Keeper path for all shards",
      { url: "https://c:8443", cluster: { name: "m", keeper_path: "/tables" } },
      /\{shard\}/,
    ],
    ["a name that is none", { url: "https://c:8443", cluster: { name: "a b" } }, /letters, digits and _ only/],
  ])("%s", (_, store, wanted) => {
    expect(faultsOf(store)).toEqual([expect.stringMatching(wanted)]);
  });

  test.each<[string, ConfigText["store"]]>([
    ["a server on this machine", { url: "http://127.0.0.1:8123", password: "x" }],
    ["a private network, said so", { url: "http://clickhouse:8123", password: "x", allow_plain_http: true }],
    [
      "a cluster with certificates",
      {
        url: "https://c:8443",
        tls: { ca: PEM, cert: PEM, key: "-----BEGIN PRIVATE KEY-----" },
        cluster: { name: "main", write_quorum: 2 },
      },
    ],
  ])("%s is fine", (_, store) => {
    expect(faultsOf(store)).toEqual([]);
  });
});

test("retention is set with its tiers, the nearest first, the end last", () => {
  const { store } = config.parse({
    store: {
      url: "http://127.0.0.1:1",
      ttl: { events: "30d", raw: "1d" },
      storage: { policy: "tiered", move: [{ after: "7d", volume: "cold" }] },
    },
  });
  expect(retentionStatements(store)).toEqual([
    "ALTER TABLE events MODIFY SETTING storage_policy = 'tiered'",
    "ALTER TABLE events MODIFY TTL toDateTime(ingested_at) + INTERVAL 604800 SECOND TO VOLUME 'cold', toDateTime(ingested_at) + INTERVAL 2592000 SECOND",
    "ALTER TABLE events MODIFY COLUMN raw String TTL toDateTime(ingested_at) + INTERVAL 86400 SECOND",
  ]);
});

const noOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return false;
  } catch {
    return true;
  }
})();

describe.skipIf(noOpenssl)("TLS (skipped where openssl is missing)", () => {
  const folder = tempFolder();
  const pem = (name: string) => readFileSync(join(folder, name), "utf8");
  const at = (name: string) => join(folder, name);
  let close: () => Promise<void>;
  let url: string;

  beforeAll(async () => {
    const make = (name: string, ...more: string[]) =>
      execFileSync(
        "openssl",
        [
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
          "-nodes",
          "-days",
          "2",
          "-keyout",
          at(`${name}.key`),
          "-out",
          at(`${name}.pem`),
          "-subj",
          `/CN=${name}`,
          ...more,
        ],
        { stdio: "ignore" },
      );
    make("server", "-addext", "subjectAltName=IP:127.0.0.1");
    make("client");
    const server = createServer(
      {
        cert: pem("server.pem"),
        key: pem("server.key"),
        ca: pem("client.pem"),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (req, res) => {
        req.resume().on("end", () => res.end(req.url?.includes("FORMAT") ? "" : '{"a":1}\n'));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `https://127.0.0.1:${(server.address() as { port: number }).port}`;
    close = () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      });
  });
  afterAll(async () => {
    await close();
  });

  const store = (tls: object) => config.parse({ store: { url, tls, retry_for: "0s" } }).store;

  test("a server is believed by its certificate, and believes ours", async () => {
    const mine = { cert: pem("client.pem"), key: pem("client.key") };
    const connected = await connectServer(store({ ca: pem("server.pem"), ...mine }));
    expect(await connected.rows("SELECT 1 AS a")).toEqual([{ a: 1 }]);
    await connected.close();
    const blind = await connectServer(store({ insecure: true, ...mine }));
    await blind.close();
    await expect(connectServer(store(mine))).rejects.toThrow(
      /self-signed certificate.*Check store\.url, username, password and tls/,
    );
    await expect(connectServer(store({ ca: pem("server.pem") }))).rejects.toThrow(/did not answer/);
  });
});
