import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { createPoller } from "../../cli/poll.ts";
import { config } from "../../schemas/config.ts";
import { API_NEEDS, type ApiProvider, type ApiSource } from "../../schemas/config_api.ts";
import { goldenRecords } from "../golden_events.ts";
import { openTestApp, tempFolder } from "../support.ts";

/** A server that speaks each provider's API over one list of records, two on a page, and counts what it is asked. */
type Answer = { status: number; headers?: Record<string, string>; body?: unknown };
let records: object[] = [];
let asked: { url: URL; headers: IncomingMessage["headers"] }[] = [];
let script: (Answer | null)[] = [];
let base = "";
const PAGE = 2;

const server = createServer((request, response) => {
  const url = new URL(request.url!, base);
  asked.push({ url, headers: request.headers });
  const { status, headers = {}, body } = script.shift() ?? pageOf(url);
  send(response, status, headers, body);
});
const send = (response: ServerResponse, status: number, headers: Record<string, string>, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body ?? {}));
};

function pageOf(url: URL): Answer {
  const at = Number(
    url.searchParams.get("after") ?? url.searchParams.get("cursor") ?? url.searchParams.get("Page") ?? 0,
  );
  const part = records.slice(at, at + PAGE);
  const more = at + PAGE < records.length;
  const later = (name: string): string => {
    const next = new URL(url);
    next.searchParams.set(name, String(at + PAGE));
    return next.href;
  };
  const ok = (body: unknown, headers: Record<string, string> = {}): Answer => ({ status: 200, body, headers });
  const link = (): Record<string, string> =>
    more ? { link: `<${url.href}>; rel="self", <${later("after")}>; rel="next"` } : {};
  switch (url.pathname) {
    case "/orgs/acme/audit-log":
    case "/api/v1/logs":
      return ok(part, link());
    case "/v1/organization/audit_logs":
      return ok({ object: "list", data: part, has_more: more, last_id: String(at + PAGE) });
    case "/v1/Events":
      return ok({ events: part, meta: { next_page_url: more ? later("Page") : null } });
    case "/audit/v1/logs":
      return ok({ entries: part, response_metadata: { next_cursor: more ? String(at + PAGE) : "" } });
    case "/client/v4/accounts/acc1/logs/audit":
      return ok({ success: true, result: part, result_info: { cursor: more ? String(at + PAGE) : "" } });
    default:
      return { status: 404 };
  }
}

let app: App;
const slept: number[] = [];
const io = { fetch, sleep: async (ms: number) => void slept.push(ms) };
const sourceOf = (provider: ApiProvider, over: Partial<ApiSource> = {}): ApiSource => ({
  kind: "api",
  provider,
  token: "made-up-token",
  url: base,
  organization: "acme",
  account: "acc1",
  interval: 60_000,
  since: 86_400_000,
  ...over,
});
const stored = async (provider: string): Promise<number> =>
  Number((await app.store.rows(`SELECT count() AS n FROM events FINAL WHERE provider = '${provider}'`))[0]!.n);

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  app = await openTestApp(join(tempFolder(), "data"));
});
afterAll(async () => {
  server.close();
  await app.close();
});
beforeEach(() => {
  [asked, script] = [[], []];
  slept.length = 0;
});

const PROVIDERS = Object.keys(API_NEEDS) as ApiProvider[];

describe.each(PROVIDERS)("%s", (provider) => {
  test("every page is read, with the token where it belongs; the next look goes on from there and stores nothing twice", async () => {
    // v2 is what Cloudflare's address serves.
    records = goldenRecords(provider);
    const poller = createPoller(app, sourceOf(provider), io);
    await poller.look();
    const pages = Math.ceil(records.length / PAGE);
    expect(asked.length).toBe(pages);
    const auth = asked.map((a) => a.headers.authorization);
    const wanted = { okta_system_log: "SSWS made-up-token", twilio_monitor: `Basic ${btoa("acc1:made-up-token")}` };
    expect(new Set(auth)).toEqual(new Set([wanted[provider as keyof typeof wanted] ?? "Bearer made-up-token"]));
    expect(asked.every((a) => !a.url.search.includes("made-up-token"))).toBe(true);
    const before = await stored(provider);
    expect(before).toBeGreaterThan(0);
    const first = asked[0]!.url.search;
    asked = [];
    // After a restart the cursor comes from the store.
    await createPoller(app, sourceOf(provider), io).look();
    expect(asked.length).toBe(pages);
    expect(asked[0]!.url.search).not.toBe(first);
    expect(await stored(provider)).toBe(before);
  });
});

describe("limits and faults", () => {
  beforeEach(() => {
    records = goldenRecords("okta_system_log");
  });
  const okta = () => createPoller(app, sourceOf("okta_system_log"), io);

  test("a limit is waited for as long as it says, and the page is asked again", async () => {
    const reset = Math.ceil(Date.now() / 1000) + 40;
    script = [
      { status: 429, headers: { "retry-after": "7" } },
      { status: 429, headers: { "x-rate-limit-reset": String(reset) } },
      { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(reset) } },
      { status: 429 },
    ];
    await okta().look();
    expect(asked.length).toBe(4 + Math.ceil(records.length / PAGE));
    expect(slept[0]).toBe(7_000);
    for (const ms of slept.slice(1, 3)) expect(ms).toBeGreaterThan(30_000);
    expect(slept[3]).toBe(30_000);
  });

  const cursor = async () =>
    (await app.store.rows("SELECT value FROM meta FINAL WHERE name LIKE 'cursor api:okta%'"))[0]?.value;
  test.each<[string, (Answer | null)[]]>([
    ["a refused token", [{ status: 401 }]],
    ["a server that fails on the second page", [null, { status: 500 }]],
    ["an answer that is no JSON list", [{ status: 302, headers: { location: "http://192.0.2.1/" } }]],
    [
      "a next page at another address",
      [{ status: 200, body: [], headers: { link: '<http://127.0.0.1:1/x>; rel="next"' } }, null],
    ],
  ])("after %s the cursor stays, and the next look begins where this one did", async (what, answers) => {
    const before = await cursor();
    script = answers;
    if (what.startsWith("a next page")) script[0]!.body = records.slice(0, 1);
    await expect(okta().look()).rejects.toThrow();
    expect(await cursor()).toBe(before);
    expect(asked.every((a) => a.url.origin === base)).toBe(true);
  });

  test("a source that lacks what its provider needs, or would send its token in the clear, is a fault of the config", () => {
    const faults = (source: object): string =>
      JSON.stringify(config.safeParse({ sources: [{ kind: "api", token: "x", ...source }] }).error?.issues ?? []);
    expect(faults({ provider: "github_audit" })).toContain("github_audit needs organization");
    expect(faults({ provider: "okta_system_log" })).toContain("okta_system_log needs url");
    expect(faults({ provider: "okta_system_log", url: "http://acme.okta.com" })).toContain("plain HTTP");
    expect(faults({ provider: "slack_audit" })).toBe("[]");
  });
});
