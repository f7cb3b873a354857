import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { config } from "../../schemas/config.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import type { Store } from "../../schemas/store/store.ts";
import { tempFolder, until } from "../support.ts";
import { type Door, INGEST_TOKEN, openDoor, READ_TOKEN } from "./door.ts";

let store: Store;
let door: Door;
let client: ClickHouseClient;

beforeAll(async () => {
  store = await connectEmbedded(tempFolder());
  await migrate(store, config.parse({}));
  door = await openDoor(store);
  client = clientOf({});
});
afterAll(async () => {
  await client.close();
  await door.close();
  await store.close();
});

const clientOf = (over: object): ClickHouseClient =>
  createClient({
    url: door.url,
    pathname: "/clickhouse",
    username: "grafana",
    password: READ_TOKEN,
    log: { level: ClickHouseLogLevel.OFF },
    ...over,
  });
const READER = { authorization: `Basic ${Buffer.from(`grafana:${READ_TOKEN}`).toString("base64")}` };
const ask = (query: string, init: RequestInit = {}) =>
  fetch(`${door.url}/clickhouse?${query}`, { ...init, headers: { ...READER, ...init.headers } });
const sql = (text: string, init: RequestInit = {}) => ask(`query=${encodeURIComponent(text)}`, init);
const underWay = async (): Promise<number> =>
  (await store.rows("SELECT query FROM system.processes WHERE Settings['log_comment'] LIKE 'keywatch-reading-%'"))
    .length;

describe("@clickhouse/client over HTTP", () => {
  test("ping, with and without a question", async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
    const stranger = clientOf({ password: "t-wrong-0123456789" });
    expect(await stranger.ping({ select: true })).toMatchObject({ success: false, error: { code: "516" } });
    await stranger.close();
  });

  test.each(["JSON", "JSONCompact", "JSONStrings", "JSONObjectEachRow", "JSONColumnsWithMetadata"] as const)(
    "%s is one document",
    async (format) => {
      const answer = await client.query({ query: "SELECT number AS n FROM numbers(3) ORDER BY n", format });
      expect(JSON.stringify(await answer.json())).toMatch(/0.*1.*2/);
      expect(answer.response_headers["x-clickhouse-format"]).toBe(format);
      expect(answer.query_id).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test.each([
    ["JSONEachRow", [{ n: 0 }, { n: 1 }]],
    ["JSONStringsEachRow", [{ n: "0" }, { n: "1" }]],
    ["JSONCompactEachRow", [[0], [1]]],
    ["JSONCompactEachRowWithNames", [["n"], [0], [1]]],
    ["JSONCompactEachRowWithNamesAndTypes", [["n"], ["UInt64"], [0], [1]]],
  ] as const)("%s is rows", async (format, rows) => {
    const answer = await client.query({ query: "SELECT number AS n FROM numbers(2)", format });
    expect(await answer.json()).toEqual(rows);
  });

  test.each([
    ["CSV", '0,"a"\n1,"a"\n'],
    ["CSVWithNames", '"n","s"\n0,"a"\n1,"a"\n'],
    ["TabSeparated", "0\ta\n1\ta\n"],
    ["TabSeparatedWithNamesAndTypes", "n\ts\nUInt64\tString\n0\ta\n1\ta\n"],
  ] as const)("%s is text", async (format, text) => {
    const answer = await client.query({ query: "SELECT number AS n, 'a' AS s FROM numbers(2)", format });
    expect(await answer.text()).toBe(text);
  });

  test("parameters of every kind go to the engine as values", async () => {
    const answer = await client.query({
      query: `SELECT {s:String} AS s, {n:UInt8} AS n, {a:Array(String)} AS a, {d:DateTime64(3, 'UTC')} AS d, {m:Map(String, UInt8)} AS m,
        {none:Nullable(String)} AS none, {b:Bool} AS b, (SELECT count() FROM {t:Identifier}) AS c, number FROM numbers(10) LIMIT {most:UInt32}`,
      query_params: {
        s: "it's a\ttab \\ 'quoted' ü; DROP TABLE events",
        n: 7,
        a: ["x'", "y\\"],
        d: new Date("2026-06-01T10:00:00.123Z"),
        m: { k: 1 },
        none: null,
        b: true,
        t: "events",
        most: 1,
      },
      format: "JSONEachRow",
    });
    expect(await answer.json()).toEqual([
      {
        s: "it's a\ttab \\ 'quoted' ü; DROP TABLE events",
        n: 7,
        a: ["x'", "y\\"],
        d: "2026-06-01 10:00:00.123",
        m: { k: 1 },
        none: null,
        b: true,
        c: 0,
        number: 0,
      },
    ]);
    const long = Array.from({ length: 3_000 }, (_, i) => `${i}-${"u'".repeat(10)}`);
    const form = clientOf({ use_multipart_params_auto: true });
    const many = await form.query({
      query: "SELECT uniqExact(arrayJoin({a:Array(String)})) AS n",
      query_params: { a: long },
      format: "JSONEachRow",
    });
    expect(await many.json()).toEqual([{ n: 3_000 }]);
    await form.close();
  });

  test("twelve parameterised questions at once keep their values, beside the store's own", async () => {
    const one = async (n: number): Promise<unknown> =>
      (await client.query({ query: "SELECT {n:UInt32} AS n", query_params: { n }, format: "JSONEachRow" })).json();
    const own = async (n: number): Promise<unknown> => store.rows("SELECT {n:UInt32} AS n", { n: 1_000 + n });
    const asked = Array.from({ length: 24 }, (_, n) => (n % 2 ? own(n) : one(n)));
    expect((await Promise.all(asked)).flat()).toEqual(
      Array.from({ length: 24 }, (_, n) => ({ n: n % 2 ? 1_000 + n : n })),
    );
  });

  test("settings that shape an answer are taken, limits can only be lowered", async () => {
    const answer = await client.query({
      query:
        "SELECT toUInt64(1) AS n, getSetting('max_execution_time') AS seconds, getSetting('max_memory_usage') AS bytes",
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 1,
        max_execution_time: 5,
        max_memory_usage: "999999999999",
      },
      format: "JSONEachRow",
    });
    expect(await answer.json()).toEqual([{ n: "1", seconds: 5, bytes: 2 ** 30 }]);
    await expect(client.query({ query: "SELECT 1", clickhouse_settings: { allow_ddl: 1 } })).rejects.toMatchObject({
      code: "164",
    });
    // The setting of one question is not that of the next one.
    const next = await client.query({ query: "SELECT getSetting('max_execution_time') AS s", format: "JSONEachRow" });
    expect(await next.json()).toEqual([{ s: 60 }]);
  });

  test("a million rows stream, each once and in order, and in small memory", async () => {
    const packed = clientOf({ compression: { response: true } });
    const before = process.memoryUsage().arrayBuffers;
    const answer = await packed.query({
      query: "SELECT number AS n, toString(number) AS s FROM numbers(1000000)",
      format: "JSONEachRow",
    });
    let rows = 0;
    let most = 0;
    for await (const some of answer.stream<{ n: number; s: string }>()) {
      for (const row of some) {
        const { n, s } = row.json();
        if (n !== rows || s !== String(rows)) throw new Error(`row ${rows} came as ${n}, ${s}`);
        rows++;
      }
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(rows).toBe(1_000_000);
    // The answer has 31 MB.
    expect(most).toBeLessThan(24 * 2 ** 20);
    await packed.close();
  });

  test.each(["CSVWithNames", "TabSeparatedWithNamesAndTypes", "JSONCompactEachRowWithNamesAndTypes"] as const)(
    "a long answer in %s has its header once",
    async (format) => {
      const answer = await client.query({
        query: `SELECT number AS "n,\n""x", 1 AS y FROM numbers(200000)`.replace(
          ',\n""',
          format === "CSVWithNames" ? ',\n""' : "",
        ),
        format,
      });
      const text = await answer.text();
      expect(text.match(/n.*\n?.*x.*y/g)).toHaveLength(1);
      expect(text.trimEnd().split("\n").length).toBe(200_000 + (format === "CSVWithNames" ? 2 : 2));
    },
  );

  test.each([
    ["SELECT no_such_column FROM events", "47", "UNKNOWN_IDENTIFIER"],
    ["SELECT * FROM no_such_table", "60", "UNKNOWN_TABLE"],
    ["SELEC 1", "164", "READONLY"],
    ["SELECT (1", "62", "SYNTAX_ERROR"],
    ["SELECT {n:UInt8}", "456", "UNKNOWN_QUERY_PARAMETER"],
    ["SELECT no_such_function(1)", "46", "UNKNOWN_FUNCTION"],
    ["SELECT toUInt8('x')", "6", "CANNOT_PARSE_TEXT"],
    ["SELECT groupArray(number) FROM numbers(1000000000)", "241", "MEMORY_LIMIT_EXCEEDED"],
  ])("%s is error %s", async (query, code, type) => {
    const error = await client.query({ query, format: "JSONEachRow" }).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ClickHouseError);
    expect(error).toMatchObject({ code, type });
  });

  test("an error in the middle of an answer reaches the reader", async () => {
    const answer = await client.query({
      query: "SELECT throwIf(number = 500000, 'half way') AS x, number FROM numbers(1000000)",
      format: "JSONEachRow",
    });
    let rows = 0;
    const reading = async (): Promise<void> => {
      for await (const some of answer.stream()) rows += some.length;
    };
    await expect(reading()).rejects.toThrow(/half way/);
    expect(rows).toBeGreaterThan(0);
  });

  test("who aborts, or goes away in the middle, ends the question in the engine", async () => {
    const abort = new AbortController();
    const heavy = client.query({
      query: "SELECT count() FROM numbers(100000000000) WHERE NOT ignore(number % 7)",
      abort_signal: abort.signal,
    });
    await until("the question", async () => (await underWay()) === 1);
    abort.abort();
    await expect(heavy).rejects.toThrow(/abort/i);
    await until("its end", async () => (await underWay()) === 0, 5_000);

    const answer = await client.query({ query: "SELECT number FROM numbers(100000000000)", format: "JSONEachRow" });
    for await (const _ of answer.stream()) break;
    answer.close();
    await until("its end", async () => (await underWay()) === 0, 5_000);
    expect(door.errors).toEqual([]);
  });
});

describe("the interface itself", () => {
  test("GET, POST, both, and a form", async () => {
    expect(await (await sql("SELECT 1")).text()).toBe("1\n");
    expect(await (await ask("", { method: "POST", body: "SELECT 2" })).text()).toBe("2\n");
    expect(await (await ask("query=SELECT", { method: "POST", body: "3 AS x FORMAT JSONCompactEachRow" })).text()).toBe(
      "[3]\n",
    );
    const form = new FormData();
    form.set("query", "SELECT {n:UInt8}");
    form.set("param_n", "4");
    expect(await (await ask("", { method: "POST", body: form })).text()).toBe("4\n");
    expect(await (await fetch(`${door.url}/clickhouse/ping`)).text()).toBe("Ok.\n");
  });

  test("headers say what came", async () => {
    const answer = await ask("query_id=mine-1&default_format=CSVWithNames", { method: "POST", body: "SELECT 1 AS a" });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "x-clickhouse-query-id": "mine-1",
      "x-clickhouse-format": "CSVWithNames",
      "x-clickhouse-timezone": "UTC",
      "content-type": "text/csv; charset=UTF-8; header=present",
    });
    expect(JSON.parse(answer.headers.get("x-clickhouse-summary")!)).toMatchObject({ written_rows: "0" });
    const wrong = await sql("SELECT nope");
    expect([wrong.status, wrong.headers.get("x-clickhouse-exception-code")]).toEqual([404, "47"]);
    expect(await wrong.text()).toMatch(/^Code: 47\. DB::Exception: .*nope.* \(UNKNOWN_IDENTIFIER\)\n$/s);
    const byHeader = await sql("SELECT 1 AS a", { headers: { "x-clickhouse-format": "JSONEachRow" } });
    expect(await byHeader.text()).toBe('{"a":1}\n');
  });

  test("answers are packed where both sides want it", async () => {
    const raw = async (accept: string): Promise<[string | null, Buffer]> => {
      const { request } = await import("node:http");
      return new Promise((resolve, reject) => {
        const asked = request(
          `${door.url}/clickhouse?enable_http_compression=1&query=SELECT+number+FROM+numbers(100000)`,
          { headers: { ...READER, "accept-encoding": accept } },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on("data", (c: Buffer) => chunks.push(c));
            answer.on("end", () => resolve([answer.headers["content-encoding"] ?? null, Buffer.concat(chunks)]));
          },
        );
        asked.on("error", reject).end();
      });
    };
    const [gzip, zipped] = await raw("gzip");
    expect([gzip, gunzipSync(zipped).length]).toEqual(["gzip", 588_890]);
    expect(zipped.length).toBeLessThan(400_000);
    const [plain, all] = await raw("identity");
    expect([plain, all.length]).toEqual([null, 588_890]);
    if (typeof zstdDecompressSync === "function") {
      const [zstd, small] = await raw("zstd");
      expect([zstd, zstdDecompressSync(small).length]).toEqual(["zstd", 588_890]);
    }
  });

  test("binary formats have one header over many pieces", async () => {
    const bytes = async (format: string): Promise<Buffer> =>
      Buffer.from(await (await sql(`SELECT number AS n FROM numbers(200000) FORMAT ${format}`)).arrayBuffer());
    expect((await bytes("RowBinary")).length).toBe(1_600_000);
    const named = await bytes("RowBinaryWithNamesAndTypes");
    expect([named.subarray(0, 10).toString("latin1"), named.length]).toEqual(["\x01\x01n\x06UInt64", 1_600_010]);
    expect((await bytes("Native")).subarray(0, 1)).toEqual(Buffer.from([1]));
    expect((await bytes("Parquet")).subarray(0, 4).toString()).toBe("PAR1");
  });

  test("what Grafana's driver asks first is answered in the framing of its protocol", async () => {
    const hello = await ask("client_protocol_version=54460&default_format=Native&database=default", {
      method: "POST",
      body: "SELECT displayName(), version(), revision(), timezone()",
    });
    const block = Buffer.from(await hello.arrayBuffer());
    expect(block.subarray(0, 10)).toEqual(Buffer.from([1, 0, 2, 255, 255, 255, 255, 0, 4, 1]));
    const text = block.toString("latin1");
    expect(text).toContain("displayName()\u0006String\0\u0008keywatch");
    expect(text).toContain("revision()\u0006UInt32\0\0\0\0\0");
    expect(text.endsWith("\u0003UTC")).toBe(true);
  });

  test("a document that would not fit says so, and the same answer streams", async () => {
    const query = "SELECT repeat(toString(number % 10), 100) AS s FROM numbers(500000)";
    const refused = await sql(`${query} FORMAT JSON`);
    expect(refused.headers.get("x-clickhouse-exception-code")).toBe("396");
    expect((await (await sql(`${query} FORMAT TSV`)).text()).length).toBe(500_000 * 101);
  });

  test.each(["JSON", "TSV", "Native"])(
    "an answer in %s that would not fit into memory is an error, not the end",
    async (format) => {
      const answer = await sql(`SELECT repeat('x', 1000000) AS s FROM numbers(1000000) FORMAT ${format}`);
      expect(answer.headers.get("x-clickhouse-exception-code")).toMatch(/^(241|396)$/);
    },
  );

  test("so many work, so many wait, and the next one is told to come again", async () => {
    const small = await openDoor(store, { clickhouse: { max_queries: 1, max_waiting: 1, max_time: "2s" } });
    const to = (text: string, signal?: AbortSignal) =>
      fetch(`${small.url}/clickhouse`, { method: "POST", body: text, headers: READER, ...(signal ? { signal } : {}) });
    const first = to("SELECT count() FROM numbers(100000000000) WHERE NOT ignore(number % 7)");
    await until("the first", async () => (await underWay()) === 1);
    const second = to("SELECT 2");
    await sleep(100);
    const third = await to("SELECT 3");
    expect([third.status, third.headers.get("x-clickhouse-exception-code")]).toEqual([503, "202"]);
    expect((await first).headers.get("x-clickhouse-exception-code")).toBe("159");
    expect(await (await second).text()).toBe("2\n");
    await small.close();
  });
});

describe("who may ask", () => {
  const status = async (headers: Record<string, string>, path = "/clickhouse?query=SELECT+1"): Promise<unknown[]> => {
    const answer = await fetch(`${door.url}${path}`, { headers });
    return [answer.status, answer.headers.get("x-clickhouse-exception-code")];
  };

  test("a token with the role read, as password, as key or as bearer", async () => {
    expect(await status(READER)).toEqual([200, null]);
    expect(await status({ "x-clickhouse-user": "any", "x-clickhouse-key": READ_TOKEN })).toEqual([200, null]);
    expect(await status({ authorization: `Bearer ${READ_TOKEN}` })).toEqual([200, null]);
  });

  test("nobody else", async () => {
    expect(await status({})).toEqual([401, "516"]);
    expect(await status({ "x-clickhouse-key": "t-wrong-0123456789" })).toEqual([401, "516"]);
    expect(await status({ "x-clickhouse-key": INGEST_TOKEN })).toEqual([403, "497"]);
    expect(await status({ ...READER, origin: "http://evil.example" })).toEqual([403, "497"]);
    expect(await status({ ...READER, "sec-fetch-site": "cross-site" })).toEqual([403, "497"]);
    expect(await status({}, `/clickhouse?query=SELECT+1&password=${READ_TOKEN}`)).toEqual([400, null]);
    expect(await status(READER, "/clickhouse?query=SELECT+1&user=a&password=another")).toEqual([401, "516"]);
    expect(await status(READER, "/clickhouse/..%2f..%2fetc/passwd")).toEqual([404, null]);
  });
});
