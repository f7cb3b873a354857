import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { createBackend } from "../../cli/web/backend.ts";
import { createExposition } from "../../dashboard/metrics.ts";
import { createServer } from "../../dashboard/server.ts";
import { cloudTrail } from "../records.ts";
import { openTestApp, tempFolder } from "../support.ts";

const TOKENS = [
  { name: "shipper", token: "t-ingest-0123456789", roles: ["ingest"] as const },
  { name: "reader", token: "t-read-0123456789", roles: ["read"] as const },
];
const auth = (token: string) => ({ authorization: `Bearer ${token}` });
const SHIPPER = auth("t-ingest-0123456789");
const READER = auth("t-read-0123456789");

const record = (over: object = {}) => cloudTrail({ eventTime: "2026-06-01T10:00:00Z", ...over });

let app: App;
let server: ReturnType<typeof createServer>;
let base: string;
let faults: string[] = [];
let slow: (() => void) | null = null;

beforeAll(async () => {
  app = await openTestApp(tempFolder(), {
    http: { tokens: TOKENS.map((t) => ({ ...t, roles: [...t.roles] })), max_body: 100_000, max_in_flight: 2 },
  });
  const exposition = createExposition();
  const backend = createBackend(app, { exposition, faults: async () => faults });
  server = createServer(
    app.config.http,
    {
      ...backend,
      push: async (...args) => {
        if (args[0] === "ocsf") await new Promise<void>((resolve) => (slow = resolve));
        return backend.push(...args);
      },
    },
    () => undefined,
  );
  base = await server.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await server.close();
  await app.close();
});

const post = (body: string | Buffer, headers: Record<string, string> = SHIPPER, provider = "aws_cloudtrail") =>
  fetch(`${base}/v1/ingest/${provider}`, { method: "POST", body: body as string, headers });
const rows = async () => Number((await app.store.rows("SELECT count() AS n FROM events FINAL"))[0]!.n);

describe("POST /v1/ingest/<provider>", () => {
  test.each([
    ["one object", () => JSON.stringify(record()), 1],
    ["an array", () => JSON.stringify([record(), record()]), 2],
    ["Records", () => JSON.stringify({ Records: [record(), record(), record()] }), 3],
    ["lines, some blank", () => `${JSON.stringify(record())}\n\n${JSON.stringify(record())}\n`, 2],
    ["gzip", () => gzipSync(JSON.stringify(record())), 1],
  ] as const)("takes %s and answers when the rows are stored", async (_, body, count) => {
    const before = await rows();
    const answer = await post(body());
    expect([answer.status, ((await answer.json()) as { stored: number }).stored]).toEqual([200, count]);
    expect(await rows()).toBe(before + count);
  });

  test("the same records again are known, not counted", async () => {
    const body = JSON.stringify(record());
    await post(body);
    const before = await rows();
    expect(await (await post(body)).json()).toMatchObject({ stored: 0, duplicates: 1 });
    expect(await rows()).toBe(before);
  });

  test("an Idempotency-Key makes even records without an id count once", async () => {
    const body = JSON.stringify([
      { timestamp: "2026-06-01T10:00:00Z", operation: "read", key_id: "svc-1" },
      { timestamp: "2026-06-01T10:00:00Z", operation: "read", key_id: "svc-1" },
    ]);
    const before = await rows();
    for (let i = 0; i < 2; i++)
      expect((await post(body, { ...SHIPPER, "idempotency-key": "once" }, "generic")).status).toBe(200);
    expect(await rows()).toBe(before + 2);
  });

  test("an Idempotency-Key never swallows records: other ones under it are refused, and unreadable ones are read again", async () => {
    const headers = { ...SHIPPER, "idempotency-key": "reused" };
    expect((await post("hello", headers)).status).toBe(400);
    expect((await post("hello", headers)).status).toBe(400);
    const body = JSON.stringify(record());
    expect(await (await post(body, headers)).json()).toMatchObject({ stored: 1 });
    // The same records, packed or in another wrapping of bytes on the wire.
    expect(await (await post(gzipSync(body), headers)).json()).toMatchObject({ stored: 0, duplicates: 1 });
    const before = await rows();
    const other = await post(JSON.stringify(record()), headers);
    expect([other.status, await other.text()]).toEqual([422, expect.stringContaining("a key of its own")]);
    expect(await rows()).toBe(before);
  });

  test("good neighbours of a broken record are kept, and the answer says why the other was not", async () => {
    const answer = (await (
      await post(`${JSON.stringify(record())}\n{"eventName": oops\n${JSON.stringify(record())}\n`)
    ).json()) as object;
    expect(answer).toMatchObject({ records: 3, stored: 2, dead_letters: 1, reasons: ["broken JSON"] });
  });

  test.each([
    ["no token", {}, "", 401, /Send a token/],
    ["a wrong token", auth("wrong-token-0123456789"), "", 401, /Send a token/],
    ["a token without the role", READER, "", 403, /no role "ingest"/],
    ["a page of another origin", { ...SHIPPER, origin: "https://evil.example.com" }, "", 403, /another origin/],
    ["an empty body", SHIPPER, "", 400, /holds no record/],
    ["no JSON at all", SHIPPER, "hello", 400, /No record could be read/],
    ["a body over the limit", SHIPPER, "x".repeat(100_001), 413, /100000 are allowed/],
    ["a bomb", SHIPPER, gzipSync("a".repeat(9_000_000)), 413, /unpacks to more/],
    ["a bomb of one endless record", SHIPPER, gzipSync("a".repeat(60_000_000)), 413, /unpacks to more/],
    ["a bomb in a parcel", SHIPPER, gzipSync(gzipSync("a".repeat(60_000_000))), 413, /unpacks to more/],
    ["parcels of nothing", SHIPPER, gzipSync(Buffer.concat(Array(200_000).fill(gzipSync("")))), 413, /unpacks to more/],
  ] as const)("refuses %s with a sentence", async (_, headers, body, status, sentence) => {
    const answer = await post(body as string, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { error: string }).error).toMatch(sentence);
  });

  test("an unknown provider names the known ones", async () => {
    const answer = await post(JSON.stringify(record()), SHIPPER, "nobody");
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { error: string }).error).toMatch(
      /Known are: auto, aws_cloudtrail, .*\bocsf\b.*\bgeneric/,
    );
  });

  test("more pushes than allowed at once are put off, and none is lost", async () => {
    const waiting: Promise<Response>[] = [];
    const releases: (() => void)[] = [];
    for (let i = 0; i < 2; i++) {
      slow = null;
      waiting.push(post(JSON.stringify({ class_uid: 6003 }), SHIPPER, "ocsf"));
      while (slow === null) await new Promise((resolve) => setTimeout(resolve, 5));
      releases.push(slow);
    }
    const refused = await post(JSON.stringify(record()));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    for (const release of releases) release();
    expect((await Promise.all(waiting)).map((r) => r.status < 500)).toEqual([true, true]);
    expect((await post(JSON.stringify(record()))).status).toBe(200);
  });
});

describe("the rest of the door", () => {
  test("reading needs the role to read", async () => {
    expect((await fetch(`${base}/v1/incidents`, { headers: SHIPPER })).status).toBe(403);
    expect((await fetch(`${base}/v1/incidents`, { headers: READER })).status).toBe(200);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
  });

  test("it says whether it can work, with the reason", async () => {
    faults = ["The store does not answer."];
    const answer = await fetch(`${base}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([503, { ready: false, faults }]);
    faults = [];
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
  });

  test("metrics are for readers", async () => {
    expect((await fetch(`${base}/metrics`)).status).toBe(401);
    expect(await (await fetch(`${base}/metrics`, { headers: READER })).text()).toContain("keywatch_readings_up");
  });

  test("unknown paths and incidents are told, and nothing is executed by a browser", async () => {
    const answer = await fetch(`${base}/v1/incidents/${encodeURIComponent("<script>")}`, { headers: READER });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect((await fetch(`${base}/nothing`)).status).toBe(404);
  });
});
