import { rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Params, Store } from "../../schemas/store/store.ts";
import { type Faults, noFaults } from "../clickhouse/relay.ts";

export interface Door {
  url: string;
  /** Statements that came, in order. */
  queries: string[];
  /** Set at any time: what the door does instead of, or before, asking the engine. */
  faults: Faults;
  server: Server;
}

export interface DoorOptions {
  /** Who may come in, with their passwords; without it everybody may. */
  users?: Record<string, string>;
}

/** What a request asks for, wherever it stood. */
interface Asked {
  query: string;
  params: Params;
  readonly: boolean;
  format: string | null;
  /** Rows of an insert whose statement came in the address. */
  data: Buffer | null;
}

/** Refusal is an answer of ClickHouse's own shape. */
class Refusal extends Error {
  readonly code: string;
  readonly type: string;
  readonly status: number;

  constructor(status: number, code: string, type: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.type = type;
  }
}

/**
 * clickhouseHttp is ClickHouse's HTTP interface, as far as our client uses it, in front of the embedded engine of this process. A real
 * server (test/clickhouse/server.ts) is the better peer; this one shares the engine with the test. One contract holds both
 * (http_contract.test.ts).
 */
export async function clickhouseHttp(engine: Store, folder: string, options: DoorOptions = {}): Promise<Door> {
  const queries: string[] = [];
  const faults = noFaults();
  const settings = new Set((await engine.rows("SELECT name FROM system.settings")).map((r) => String(r.name)));
  let reader: Promise<Store> | null = null;
  let blocks = 0;

  async function run(asked: Asked): Promise<string> {
    const { query, data, params } = asked;
    if (/^\s*CREATE DATABASE/i.test(query)) return "";
    if (asked.readonly) {
      reader ??= engine.readOnly();
      return (await reader).text(query, params, formatOf(asked));
    }
    if (data !== null && /FORMAT Native\s*$/i.test(query)) {
      const file = join(folder, `${++blocks}.native`);
      writeFileSync(file, data);
      await engine
        .command(query.replace(/FORMAT Native\s*$/i, `SELECT * FROM file('${file}', 'Native')`))
        .finally(() => rmSync(file));
      return "";
    }
    if (data !== null) {
      await engine.command(`${query}\n${data.toString("utf8")}`, params);
      return "";
    }
    return engine.text(query, params, formatOf(asked));
  }

  const server = createServer((req, res) => {
    void (async () => {
      if (faults.gone) return req.socket.destroy();
      const body = await bodyOf(req);
      if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
      if (faults.gone) return req.socket.destroy();
      if (faults.status !== null) return res.writeHead(faults.status).end("the server is in trouble");
      const url = new URL(req.url ?? "/", "http://localhost");
      if (url.pathname === "/ping") return res.end("Ok.\n");
      let status = 200;
      let text: string;
      const headers: Record<string, string> = { "x-clickhouse-query-id": url.searchParams.get("query_id") ?? "q" };
      try {
        allow(req, url, options);
        const asked = read(url, await withFields(url, req, body), settings);
        queries.push(asked.query);
        text = await run(asked);
      } catch (error) {
        const { status: refused = 500, code = "1", type = "UNKNOWN", message } = error as Partial<Refusal> & Error;
        status = refused;
        headers["x-clickhouse-exception-code"] = code;
        text = `Code: ${code}. DB::Exception: ${message} (${type}) (version 26.7)`;
      }
      if (faults.swallow) return req.socket.destroy();
      const zip =
        url.searchParams.get("enable_http_compression") === "1" && /gzip/.test(String(req.headers["accept-encoding"]));
      if (zip) headers["content-encoding"] = "gzip";
      return res.writeHead(status, headers).end(zip ? gzipSync(text) : text);
    })().catch(() => req.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, queries, faults, server };
}

/** Names come by Basic authorization, headers or the address, as ClickHouse takes them. */
function allow(req: IncomingMessage, url: URL, { users }: DoorOptions): void {
  if (users === undefined) return;
  const basic = /^Basic (.+)$/i.exec(req.headers.authorization ?? "")?.[1];
  const [name, ...rest] = basic ? Buffer.from(basic, "base64").toString("utf8").split(":") : [];
  const user = name ?? req.headers["x-clickhouse-user"] ?? url.searchParams.get("user") ?? "default";
  const password = basic ? rest.join(":") : (req.headers["x-clickhouse-key"] ?? url.searchParams.get("password") ?? "");
  if (users[String(user)] === password) return;
  throw new Refusal(
    403,
    "516",
    "AUTHENTICATION_FAILED",
    `${String(user)}: Authentication failed: password is incorrect, or there is no user with such name.`,
  );
}

/** Parameters that are too long for an address come as fields of a form, the statement with them. */
async function withFields(url: URL, req: IncomingMessage, body: Buffer): Promise<Buffer> {
  const type = req.headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) return body;
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
  for (const [name, value] of form) url.searchParams.set(name, String(value));
  return Buffer.alloc(0);
}

const OF_THE_REQUEST = new Set([
  "query",
  "database",
  "default_format",
  "query_id",
  "session_id",
  "role",
  "user",
  "password",
  "wait_end_of_query",
  "buffer_size",
]);

function read(url: URL, body: Buffer, settings: ReadonlySet<string>): Asked {
  const params: Params = {};
  for (const [name, value] of url.searchParams) {
    if (name.startsWith("param_")) params[name.slice(6)] = value.startsWith("[") ? listOf(value) : unescapeParam(value);
    else if (!OF_THE_REQUEST.has(name) && !settings.has(name)) {
      throw new Refusal(
        404,
        "115",
        "UNKNOWN_SETTING",
        `Setting ${name} is neither a builtin setting nor started with the prefix 'SQL_'.`,
      );
    }
  }
  const inUrl = url.searchParams.get("query");
  const insert = inUrl !== null && /^\s*INSERT\b/i.test(inUrl);
  return {
    query:
      inUrl === null
        ? body.toString("utf8")
        : insert
          ? inUrl
          : `${inUrl}${body.length > 0 ? `\n${body.toString("utf8")}` : ""}`,
    params,
    readonly: /^[12]$/.test(url.searchParams.get("readonly") ?? ""),
    format: url.searchParams.get("default_format"),
    data: insert && body.length > 0 ? body : null,
  };
}

/** The default of the address counts where the statement names no format and has a result. */
const formatOf = ({ query, format }: Asked): string | undefined =>
  format !== null && /^\s*(SELECT|WITH|SHOW|EXPLAIN|DESCRIBE)\b/i.test(query) && !/\bFORMAT\s+\w+\s*;?\s*$/i.test(query)
    ? format
    : undefined;

/** Lists come as literals, `['it\\'s', 'b']` or `[1, 2]`. */
const listOf = (text: string): (string | number)[] =>
  [...text.matchAll(/'((?:[^'\\]|\\.)*)'|[^[\],\s]+/g)].map((m) =>
    m[1] === undefined ? Number(m[0]) : String(unescapeParam(m[1])),
  );

/** Parameters come escaped, as in TabSeparated. */
const unescapeParam = (value: string): string | null =>
  value === "\\N" ? null : value.replace(/\\(.)/g, (_, c: string) => ({ t: "\t", n: "\n", r: "\r", 0: "\0" })[c] ?? c);

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return req.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}
