import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { packageRoot } from "../../schemas/package_root.ts";
import { until } from "../support.ts";

export interface Node {
  url: string;
  tcpPort: number;
  /** What the server wrote to its log so far. */
  log(): string;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
}

/** Why no real server can run here, or null. */
export const noServer: string | null = await import("ffi-rs")
  .then(() => import("chdb/libchdb"))
  .then(({ libchdbPath }) => (libchdbPath() ? null : "no libchdb"))
  .catch((error: unknown) => `chdb or ffi-rs is not installed for this platform: ${String(error)}`);

/** User that the servers know beside `default`; it may do everything. */
export const user = { username: "keywatch", password: "correct horse" } as const;

/**
 * startServers starts real ClickHouse servers, each a shard of the cluster `main`; folders, ports and a coordination service of its own.
 * Every node has a storage policy `tiered` with the volumes hot and cold.
 */
export async function startServers(folder: string, count = 1): Promise<Node[]> {
  const ports = await Promise.all(
    Array.from({ length: count }, async () => [await freePort(), await freePort()] as const),
  );
  const nodes = ports.map(([http, tcp], i) =>
    nodeOf(
      join(folder, `node${i}`),
      i,
      http,
      tcp,
      ports.map((p) => p[1]),
    ),
  );
  await Promise.all(nodes.map((n) => n.start()));
  return nodes;
}

function nodeOf(folder: string, shard: number, http: number, tcp: number, peers: number[]): Node {
  mkdirSync(folder, { recursive: true });
  const file = (name: string) => join(folder, name);
  writeFileSync(file("config.xml"), configXml(folder, shard, peers));
  writeFileSync(file("users.xml"), usersXml());
  let child: ChildProcess | null = null;
  const url = `http://127.0.0.1:${http}`;
  return {
    url,
    tcpPort: tcp,
    log: () => readFileSync(file("server.log"), "utf8"),
    async start() {
      child = spawn(
        process.execPath,
        [
          join(packageRoot, "test", "clickhouse", "engine.mjs"),
          `--config-file=${file("config.xml")}`,
          `--path=${file("data")}`,
          `--http_port=${http}`,
          `--tcp_port=${tcp}`,
          "--listen_host=127.0.0.1",
        ],
        { stdio: ["pipe", "ignore", "ignore"] },
      );
      child.stdin!.on("error", () => undefined);
      await until(
        `ClickHouse at ${url}`,
        () =>
          fetch(`${url}/ping`).then(
            (r) => r.ok,
            () => false,
          ),
        30_000,
      );
    },
    async kill() {
      const dying = child;
      if (dying === null || dying.exitCode !== null) return;
      await new Promise((resolve) => dying.once("exit", resolve).kill("SIGKILL"));
    },
  };
}

const configXml = (folder: string, shard: number, peers: number[]): string => `<clickhouse>
  <logger><level>information</level><log>${folder}/server.log</log></logger>
  <zookeeper><implementation>testkeeper</implementation></zookeeper>
  <macros><shard>${shard}</shard><replica>a</replica></macros>
  <users_config>${folder}/users.xml</users_config>
  <storage_configuration>
    <disks><cold><path>${folder}/cold/</path></cold></disks>
    <policies><tiered><volumes><hot><disk>default</disk></hot><cold><disk>cold</disk></cold></volumes></tiered></policies>
  </storage_configuration>
  <remote_servers><main>${peers
    .map(
      (port) =>
        `<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>${port}</port></replica></shard>`,
    )
    .join("")}</main></remote_servers>
</clickhouse>
`;

const usersXml = (): string => `<clickhouse>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users>
    <default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
    <${user.username}><password>${user.password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></${user.username}>
  </users>
</clickhouse>
`;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
