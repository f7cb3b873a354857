import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { Exception, syntax } from "./exception.ts";

/** Asked is a request of ClickHouse's HTTP interface, read. */
export interface Asked {
  query: string;
  params: Record<string, string>;
  settings: Map<string, string>;
  format: string | null;
  queryId: string;
  /** Version of the native protocol that the client speaks; 0 where it says none. */
  protocol: number;
  encoding: Encoding;
}

export type Encoding = "gzip" | "zstd" | "br" | "deflate" | null;

const MAX_BODY = 2 ** 20;

/** readRequest takes statement, parameters and settings out of address and body. Throws Exception. */
export async function readRequest(request: IncomingMessage, body: AsyncIterable<Buffer> | null): Promise<Asked> {
  const url = new URL(request.url ?? "/", "http://door");
  const fields = [...url.searchParams];
  if (url.searchParams.has("password") || url.searchParams.has("access_token")) {
    throw new Exception(516, "AUTHENTICATION_FAILED", "A token in an address ends in logs; send it in a header.");
  }
  const bytes = request.method === "POST" ? await bodyOf(request, body) : Buffer.alloc(0);
  let statement = "";
  const type = request.headers["content-type"] ?? "";
  if (/^multipart\/form-data/i.test(type)) fields.push(...(await partsOf(bytes, type)));
  else statement = bytes.toString("utf8");

  const asked: Asked = {
    query: "",
    params: {},
    settings: new Map(),
    format: first(request.headers["x-clickhouse-format"]),
    queryId: randomUUID(),
    protocol: 0,
    encoding: null,
  };
  const queries: string[] = [];
  let compressed = false;
  for (const [name, value] of fields) {
    if (name === "query") queries.push(value);
    else if (name.startsWith("param_")) asked.params[paramName(name)] = value;
    else if (name === "default_format") asked.format ??= value;
    else if (name === "query_id") asked.queryId = queryId(value);
    else if (name === "enable_http_compression") compressed = value === "1" || value === "true";
    else if (name === "compress" || name === "decompress") refuseBlocks(name, value);
    else if (name === "database") checkDatabase(value);
    else if (name !== "user") asked.settings.set(name, value);
    if (name === "client_protocol_version") asked.protocol = Number(value) || 0;
  }
  checkDatabase(first(request.headers["x-clickhouse-database"]) ?? "");
  asked.query = [...queries, statement].filter((s) => s !== "").join("\n");
  if (compressed) asked.encoding = encodingOf(request.headers["accept-encoding"]);
  return asked;
}

const first = (value: string | string[] | undefined): string | null =>
  (Array.isArray(value) ? value[0] : value) ?? null;

function paramName(name: string): string {
  const bare = name.slice("param_".length);
  if (!/^[A-Za-z_]\w{0,63}$/.test(bare)) throw syntax("A parameter is named with letters, digits and _");
  return bare;
}

function queryId(value: string): string {
  if (!/^[\w.:-]{1,128}$/.test(value))
    throw new Exception(36, "BAD_ARGUMENTS", "A query_id takes letters, digits and . : _ -");
  return value;
}

function refuseBlocks(name: string, value: string): void {
  if (value === "0" || value === "false") return;
  throw new Exception(
    48,
    "NOT_IMPLEMENTED",
    `${name}=1 is not answered here; ask for enable_http_compression=1 with Accept-Encoding: gzip`,
  );
}

/** The store has one database; in another one, plain names would mean other tables. */
function checkDatabase(name: string): void {
  if (name !== "" && name !== "default" && name !== "keywatch")
    throw new Exception(
      81,
      "UNKNOWN_DATABASE",
      `Database ${name.slice(0, 60)} does not exist; the one here is default`,
    );
}

async function bodyOf(request: IncomingMessage, body: AsyncIterable<Buffer> | null): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body ?? request) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooBig();
    chunks.push(chunk as Buffer);
  }
  const bytes = Buffer.concat(chunks);
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding === "identity" || encoding === "") return bytes;
  if (encoding !== "gzip")
    throw new Exception(48, "NOT_IMPLEMENTED", "A body may be packed with gzip, and with nothing else");
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BODY });
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
      ? tooBig()
      : new Exception(354, "ZLIB_INFLATE_FAILED", "The body is no gzip", { cause });
  }
}

const tooBig = (): Exception => syntax(`Max query size exceeded: a question has at most ${MAX_BODY} bytes`);

/** Clients send long parameters as a form. */
async function partsOf(bytes: Buffer, type: string): Promise<[string, string][]> {
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
    return await Promise.all(
      [...form].map(
        async ([name, value]) => [name, typeof value === "string" ? value : await value.text()] as [string, string],
      ),
    );
  } catch (cause) {
    throw new Exception(36, "BAD_ARGUMENTS", "The form cannot be read", { cause });
  }
}

const ENCODINGS = ["zstd", "gzip", "br", "deflate"] as const;

function encodingOf(accepted: string | string[] | undefined): Encoding {
  const names = String(accepted ?? "")
    .split(",")
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(";")[0]!.trim().toLowerCase());
  return ENCODINGS.find((name) => names.includes(name)) ?? null;
}
