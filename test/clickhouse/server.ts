import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { packageRoot } from "../../schemas/package_root.ts";
import { until } from "../support.ts";
import { type Faults, startRelay, startTcpRelay } from "./relay.ts";

export interface Node {
  /** Its HTTP interface, by a relay that can fail on request. */
  url: string;
  faults: Faults;
  /** What the server wrote to its log so far. */
  log(): string;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Ends server and relay. */
  stop(): Promise<void>;
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
 * Every node has a storage policy `tiered` with the volumes default and cold.
 */
export async function startServers(folder: string, count = 1): Promise<Node[]> {
  const ports = await Promise.all(
    Array.from({ length: count }, async () => [await freePort(), await freePort()] as const),
  );
  const peers = await Promise.all(ports.map(([, tcp]) => startTcpRelay(tcp)));
  const config = (shard: number, at: string) =>
    configXml(
      at,
      shard,
      peers.map((p) => p.port),
    );
  const nodes = await Promise.all(
    ports.map(([http, tcp], i) =>
      nodeOf(join(folder, `node${i}`), { http, tcp, peer: peers[i]!, config: (at) => config(i, at) }),
    ),
  );
  await Promise.all(nodes.map((n) => n.start()));
  return nodes;
}

interface NodeParts {
  http: number;
  tcp: number;
  /** The way by which the other servers come. */
  peer: { close(): void };
  config(folder: string): string;
}

async function nodeOf(folder: string, { http, tcp, peer, config }: NodeParts): Promise<Node> {
  mkdirSync(folder, { recursive: true });
  const file = (name: string) => join(folder, name);
  writeFileSync(file("config.xml"), config(folder));
  writeFileSync(file("users.xml"), usersXml());
  let child: ChildProcess | null = null;
  const relay = await startRelay(() => ({ to: [`http://127.0.0.1:${http}`], body: null }));
  const { url, faults } = relay;
  const kill = async (): Promise<void> => {
    const dying = child;
    if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return;
    await new Promise((resolve) => dying.once("exit", resolve).kill("SIGKILL"));
  };
  return {
    url,
    faults,
    kill,
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
        { stdio: ["pipe", "ignore", openSync(file("stderr.log"), "a")] },
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
    async stop() {
      await kill();
      peer.close();
      relay.server.closeAllConnections();
      await new Promise((resolve) => relay.server.close(resolve));
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
    <policies><tiered><volumes><default><disk>default</disk></default><cold><disk>cold</disk></cold></volumes></tiered></policies>
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
