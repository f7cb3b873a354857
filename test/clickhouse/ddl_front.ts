import { startRelay } from "./relay.ts";
import type { Node } from "./server.ts";

/**
 * startDdlFront stands before the first server and does what the DDL queue of a cluster does: a statement with ON CLUSTER runs on every
 * server, without the clause. clickhouse-local has no such queue, and no port by which replicas fetch parts, so that a replicated engine
 * runs as its plain one; everything else (shards, Distributed tables, settings, TTL, volumes) is the real thing. `statements` keeps what came.
 */
export async function startDdlFront(nodes: Node[]) {
  const statements: string[] = [];
  const relay = await startRelay((text) => {
    const sql = text();
    if (!/\bON CLUSTER main\b/.test(sql.slice(0, 200))) return { to: [nodes[0]!.url], body: null };
    statements.push(sql);
    return { to: nodes.map((n) => n.url), body: plain(sql) };
  });
  return { ...relay, statements };
}

const plain = (sql: string): string =>
  sql
    .replace(/ ON CLUSTER main\b/, "")
    .replace(/Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?/, (_, engine: string) => `${engine}(`);
