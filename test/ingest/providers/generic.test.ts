import { describe, expect, test } from "vitest";
import { compilePath } from "../../../ingest/paths.ts";
import type { Draft, JsonObject, Provider } from "../../../ingest/provider.ts";
import generic, { genericProvider } from "../../../ingest/providers/generic.ts";
import { parseTime } from "../../../ingest/time.ts";
import { genericMap } from "../../../schemas/config.ts";

const map = genericMap.parse({
  claims: { kind: "audit", "actor.key": null },
  fields: {
    time: "meta.at",
    key: "actor.key",
    operation: "what",
    outcome: "result",
    status_code: "http[0].code",
    source: "labels.source\\.ip",
    resource: "things",
  },
});
const acme = genericProvider("acme", map);
const record: JsonObject = {
  kind: "audit",
  meta: { at: 1772446530 },
  actor: { key: "Bearer key_example" },
  what: "orders.create",
  http: [{ code: 403 }],
  labels: { "source.ip": "192.0.2.9" },
  things: ["a", "b"],
};

function draft(provider: Provider, from: JsonObject): Draft {
  const outcome = provider.normalize(from);
  if (outcome.kind !== "ok" || Array.isArray(outcome.value)) throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

test("a field map reads nested, indexed and escaped paths", () => {
  expect(draft(acme, record)).toMatchObject({
    time: 1772446530_000,
    key_id: "key_example",
    operation: "orders.create",
    verb_class: "write",
    outcome: "denied",
    status_code: 403,
    source: "192.0.2.9",
    resources: ["a", "b"],
  });
});

test("a map claims what has all its paths, with the value where one is given", () => {
  expect(acme.claims(record)).toBe(true);
  expect(acme.claims({ ...record, kind: "other" })).toBe(false);
  expect(acme.claims({ kind: "audit" })).toBe(false);
});

test("a map without claims, and the default map, claim nothing", () => {
  const open = genericProvider("open", genericMap.parse({ fields: { time: "t", operation: "o" } }));
  expect(open.claims({ t: 1, o: "x" })).toBe(false);
  expect(generic.claims({ timestamp: "2026-03-02T10:15:30Z", action: "x", api_key: "k" })).toBe(false);
});

test.each([
  ["success", "success"],
  ["Allowed", "success"],
  [true, "success"],
  ["denied", "denied"],
  [false, "error"],
  ["Unauthorized", "unauthenticated"],
])("the outcome word %s means %s", (word, outcome) => {
  const read = genericProvider("x", genericMap.parse({ fields: { time: "t", operation: "o", outcome: "r" } }));
  expect(draft(read, { t: 1772446530, o: "get", r: word }).outcome).toBe(outcome);
});

test("where nothing tells the outcome it is unknown, not success", () => {
  const read = genericProvider("x", genericMap.parse({ fields: { time: "t", operation: "o" } }));
  expect(draft(read, { t: 1772446530, o: "get" }).outcome).toBe("unknown");
  expect(read.tells).toMatchObject({ outcome: false, source: false, key: false });
});

test("keys in a query string do not become part of the operation", () => {
  const { operation } = draft(generic, {
    ts: 1772446530,
    method: "GET",
    url: "https://api.example.com/v1/a?token=t0k3n",
  });
  expect(operation).toBe("GET /v1/a");
});

describe("parseTime", () => {
  const at = Date.UTC(2026, 2, 2, 10, 15, 30);
  test.each([
    "2026-03-02T10:15:30Z",
    "2026-03-02 10:15:30",
    "2026-03-02T10:15:30",
    "2026-03-02T10:15:30.000Z",
    "2026-03-02T10:15:30.000000000Z",
    "2026-03-02 10:15:30.000000 UTC",
    "2026-03-02T12:15:30+02:00",
    "2026-03-02T12:15:30+0200",
    "2026-03-02T03:45:30-06:30",
    "[02/Mar/2026:03:15:30 -0700]",
    "02/Mar/2026:10:15:30 +0000",
    at / 1000,
    at,
    at * 1000,
    at * 1e6,
    String(at / 1000),
    String(at),
    `${at}000000`,
    `${at / 1000}.000`,
  ])("%s is the same instant in every zone of the machine", (value) => {
    expect(parseTime(value)).toBe(at);
  });

  test("fractions are cut to ms", () => {
    expect(parseTime("2026-03-02T10:15:30.57Z")).toBe(at + 570);
    expect(parseTime("2026-03-02T10:15:30.9999Z")).toBe(at + 999);
    expect(parseTime("1772446530.25")).toBe(at + 250);
  });

  test.each([
    "",
    "...",
    "redacted",
    "yesterday",
    "2026-13-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "2100-01-01T00:00:00Z",
    0,
    -1,
    12,
    Number.NaN,
    Infinity,
    true,
    null,
    undefined,
    [],
    {},
  ])("%s is no time", (value) => {
    expect(parseTime(value as never)).toBeNull();
  });

  test("every day from 2000 to 2099 is read as the calendar has it", () => {
    for (let ms = Date.UTC(2000, 0, 1); ms < Date.UTC(2100, 0, 1); ms += 86_400_000) {
      if (parseTime(`${new Date(ms).toISOString().slice(0, 19)}Z`) !== ms) throw new Error(new Date(ms).toISOString());
    }
  });
});

test("paths never reach into prototypes", () => {
  expect(compilePath("__proto__")({})).toBeUndefined();
  expect(compilePath("a.constructor.name")({ a: {} })).toBeUndefined();
  expect(compilePath("a.length")({ a: "text" })).toBeUndefined();
});
