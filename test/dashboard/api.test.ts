import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  allEndpoints,
  exploreEndpoints as explore,
  incidentEndpoints as incidents,
  silenceEndpoints as silences,
} from "../../dashboard/endpoints.ts";
import { openApi } from "../../dashboard/openapi.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { until } from "../support.ts";
import { openWeb, type Web, write } from "./support.ts";

// biome-ignore lint/suspicious/noExplicitAny: each test says what it looks at
type Answer = any;

let web: Web;
let uid = "";

beforeAll(async () => {
  web = await openWeb();
  await web.push([write(), write({ eventName: "GetObject", readOnly: true })]);
  await until("the incident", async () => (await list()).length === 1);
  uid = (await list())[0]!.uid;
});
afterAll(() => web.close());

const get = async (path: string) => {
  const answer = await fetch(`${web.base}${path}`);
  return { status: answer.status, body: (await answer.json()) as Answer };
};
const post = async (path: string, body: object = {}) => {
  const answer = await fetch(`${web.base}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  return { status: answer.status, body: (await answer.json()) as Answer };
};
const list = async (query = "") => (await get(`/v1/incidents${query}`)).body.incidents as { uid: string }[];

describe("every answer is of the form that the description promises", () => {
  test.each([
    ["/v1/incidents?all=1", incidents.list],
    ["/v1/incidents/UID", incidents.one],
    ["/v1/incidents/UID/evidence", incidents.evidence],
    ["/v1/status", explore.status],
    ["/v1/stats", explore.stats],
    ["/v1/sources", explore.sources],
    ["/v1/findings", explore.findings],
    ["/v1/keys", explore.keys],
    ["/v1/keys/report-bot", explore.key],
    ["/v1/keys/old-bot", explore.key],
    ["/v1/events", explore.events],
    ["/v1/audit", explore.audit],
  ] as const)("%s", async (path, endpoint) => {
    const { status, body } = await get(path.replace("UID", uid));
    expect([status, endpoint.answer.safeParse(body).error?.issues ?? []]).toEqual([200, []]);
  });

  test("one event, with its redacted record", async () => {
    const [event] = (await get("/v1/events")).body.events as Record<string, string>[];
    const query = new URLSearchParams({
      principal_uid: event!.principal_uid!,
      time: event!.time!,
      event_uid: event!.event_uid!,
    });
    const { body } = await get(`/v1/event?${query}`);
    expect(explore.event.answer.safeParse(body).error?.issues ?? []).toEqual([]);
    expect(JSON.parse((body as { raw: string }).raw)).toMatchObject({ eventName: event!.operation });
  });
});

describe("what a person does to an incident", () => {
  test("acknowledge, assign, comment, resolve with a verdict, reopen: each is done once and stands in its log", async () => {
    const at = `/v1/incidents/${uid}`;
    expect((await post(`${at}/acknowledge`, { note: "mine" })).body).toMatchObject({
      changed: true,
      incident: { status: "acknowledged" },
    });
    expect((await post(`${at}/acknowledge`)).body).toMatchObject({ changed: false });
    expect((await post(`${at}/assign`, { assignee: "ann" })).body).toMatchObject({ incident: { assignee: "ann" } });
    await post(`${at}/comment`, { note: "asked the team" });
    expect((await post(`${at}/resolve`, { verdict: "benign" })).body).toMatchObject({
      incident: { status: "resolved", verdict: "benign" },
    });
    expect(await list()).toEqual([]);
    expect(await list("?status=resolved")).toHaveLength(1);
    await post(`${at}/reopen`);
    const kinds = ((await get(at)).body.transitions as { kind: string; actor: string }[]).slice(-5);
    expect(kinds.map((t) => `${t.kind} by ${t.actor}`)).toEqual(
      ["acknowledged", "assigned", "commented", "resolved", "reopened"].map((k) => `${k} by local`),
    );
    const audit = (await get("/v1/audit")).body.entries as { action: string; target: string }[];
    expect(audit.slice(0, 5).map((e) => e.action)).toEqual([
      "reopened",
      "resolved",
      "commented",
      "assigned",
      "acknowledged",
    ]);
    expect(audit[0]!.target).toBe(`INC-${uid.slice(0, 8)}`);
  });

  test.each([
    ["an unknown incident", "/v1/incidents/INC-00000000/acknowledge", {}, 404, /no such incident/],
    ["a verdict that is none", "/v1/incidents/UID/resolve", { verdict: "maybe" }, 400, /verdict/],
    ["no verdict", "/v1/incidents/UID/resolve", {}, 400, /verdict/],
    ["an empty comment", "/v1/incidents/UID/comment", { note: "" }, 400, /note/],
    ["an unknown field", "/v1/incidents/UID/acknowledge", { why: "x" }, 400, /Unrecognized key/],
  ] as const)("%s is refused with a sentence", async (_, path, body, status, sentence) => {
    const answer = await post(path.replace("UID", uid), body);
    expect([answer.status, (answer.body as { error: string }).error]).toEqual([
      status,
      expect.stringMatching(sentence),
    ]);
  });
});

describe("lists", () => {
  test.each([
    ["?min_severity=critical", 0],
    ["?q=report-bot", 1],
    ["?q=nobody", 0],
    ["?since=2030-01-01T00:00Z", 0],
  ])("incidents%s", async (query, n) => expect(await list(query)).toHaveLength(n));

  test.each([
    ["", 2],
    ["?operation=putobj", 1],
    ["?outcome=failed", 0],
    ["?verb=write", 1],
    ["?country=ZZ", 0],
    ["?ip=203.0.113.0/24", 2],
    ["?ip=198.51.100.0/24", 0],
    ["?ip=2001:db8::/32", 0],
    ["?key=nobody", 0],
    ["?q=nothing-like-it", 0],
    ["?to=2020-01-01T00:00Z", 0],
  ])("events%s", async (query, n) => {
    const { status, body } = await get(`/v1/events${query}`);
    expect([status, (body.events as unknown[]).length]).toEqual([200, n]);
  });

  test("a page of events goes on where the one before ended", async () => {
    const first = (await get("/v1/events?limit=1")).body as {
      events: { event_uid: string }[];
      next: string;
    };
    const second = (await get(`/v1/events?limit=1&before=${encodeURIComponent(first.next)}`)).body as typeof first;
    expect(second.events).toHaveLength(1);
    expect(second.events[0]!.event_uid).not.toBe(first.events[0]!.event_uid);
  });

  test("keys tell their posture: one is used beyond its access, one was never used", async () => {
    const { keys } = (await get("/v1/keys")).body as {
      keys: { name: string; posture: { id: string }[] }[];
    };
    expect(keys.map((k) => [k.name, k.posture.map((p) => p.id)])).toEqual([
      ["report-bot", ["beyond_access"]],
      ["old-bot", ["no_owner", "unused"]],
    ]);
    expect(((await get("/v1/keys?posture=unused")).body.keys as unknown[]).length).toBe(1);
  });

  test("sources tell what their log cannot", async () => {
    const { sources } = (await get("/v1/sources")).body as { sources: object[] };
    expect(sources).toMatchObject([{ provider: "aws_cloudtrail", health: "fresh", lacks: [] }]);
  });

  test.each(["/v1/events?limit=0", "/v1/events?limit=9999", "/v1/events?from=yesterday", "/v1/events?colour=red"])(
    "%s is refused",
    async (path) => expect((await get(path)).status).toBe(400),
  );

  test("a span of centuries is refused, not reckoned", async () =>
    expect((await get("/v1/stats?from=1970-01-01T00:00Z")).status).toBe(400));
});

describe("silences", () => {
  test("are made, listed and ended, each once, and the audit log says by whom", async () => {
    const made = (await post("/v1/silences", { matchers: ['key_name="report-bot"'], reason: "move", hours: 2 })).body;
    expect(silences.add.answer.safeParse(made).error?.issues ?? []).toEqual([]);
    const list = (await get("/v1/silences")).body;
    expect(silences.list.answer.safeParse(list).error?.issues ?? []).toEqual([]);
    expect(list.silences).toMatchObject([{ uid: made.uid, author: "local", state: "active" }]);
    expect((await post(`/v1/silences/${made.uid}/expire`)).body).toEqual({ changed: true });
    expect((await post(`/v1/silences/${made.uid}/expire`)).body).toEqual({ changed: false });
    expect((await get("/v1/silences")).body.silences).toEqual([]);
    expect((await get("/v1/silences?all=1")).body.silences).toMatchObject([{ state: "expired" }]);
    const { entries } = (await get("/v1/audit?limit=2")).body;
    expect(entries).toMatchObject([{ action: "ended a silence" }, { action: "silenced", target: made.label }]);
  });

  test.each([
    ["no matcher", { matchers: [], reason: "x", hours: 1 }],
    ["nonsense", { matchers: ["nonsense"], reason: "x", hours: 1 }],
    ["a year", { matchers: ["key=x"], reason: "x", hours: 9_000 }],
    ["no reason", { matchers: ["key=x"], reason: "", hours: 1 }],
  ])("%s is refused", async (_, body) => expect((await post("/v1/silences", body)).status).toBe(400));
});

describe("the description", () => {
  test("is checked in as it is served: node .ci/openapi.ts", () =>
    expect(JSON.parse(readFileSync(join(packageRoot, "docs", "openapi.json"), "utf8"))).toEqual(openApi()));

  test("is served", async () => expect((await get("/v1/openapi.json")).body).toEqual(openApi()));

  test("has every endpoint once", () => {
    const names = allEndpoints().map((e) => `${e.method} ${e.path}`);
    expect(new Set(names).size).toBe(names.length);
    const described = Object.entries((openApi() as { paths: object }).paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((m) => `${m.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(names.sort());
  });
});
