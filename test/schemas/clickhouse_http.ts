import { rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Params, Store } from "../../schemas/store/store.ts";

/**
 * clickhouseHttp is ClickHouse's HTTP interface, as far as our client uses it, in front of the embedded engine: the real HTTP code of
 * `@clickhouse/client` runs, with its parameters, compression, formats and error bodies, where no server can be had.
 */
export async function clickhouseHttp(
  engine: Store,
  folder: string,
): Promise<{ url: string; queries: string[]; server: Server }> {
  const queries: string[] = [];
  let blocks = 0;
  const answer = async (url: URL, body: Buffer): Promise<string> => {
    const inUrl = url.searchParams.get("query");
    const query = inUrl ?? body.toString("utf8");
    queries.push(query);
    const params: Params = {};
    for (const [name, value] of url.searchParams)
      if (name.startsWith("param_")) params[name.slice(6)] = unescapeParam(value);
    if (inUrl !== null && /FORMAT Native\s*$/i.test(query)) {
      const file = join(folder, `${++blocks}.native`);
      writeFileSync(file, body);
      await engine.command(query.replace(/FORMAT Native\s*$/i, `SELECT * FROM file('${file}', 'Native')`));
      rmSync(file);
      return "";
    }
    if (inUrl !== null && body.length > 0) {
      await engine.command(`${query}\n${body.toString("utf8")}`);
      return "";
    }
    return engine.text(query.replace(/CREATE DATABASE.*/is, "SELECT 1"), params);
  };
  const server = createServer((req, res) => {
    void bodyOf(req)
      .then((body) => answer(new URL(req.url ?? "/", "http://localhost"), body))
      .then(
        (text) => res.writeHead(200, { "x-clickhouse-query-id": "q" }).end(text),
        (error: Error & { code?: string; type?: string }) =>
          res
            .writeHead(500, { "x-clickhouse-exception-code": error.code ?? "1" })
            .end(`Code: ${error.code ?? 1}. DB::Exception: ${error.message} (${error.type ?? "UNKNOWN"})`),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, queries, server };
}

/** Parameters come escaped, as in TabSeparated. */
const unescapeParam = (value: string): string =>
  value.replace(/\\(.)/g, (_, c: string) => ({ t: "\t", n: "\n", r: "\r", 0: "\0" })[c] ?? c);

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return req.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}
