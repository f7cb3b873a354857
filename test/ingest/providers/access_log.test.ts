import { expect, test } from "vitest";
import { ingestParts } from "../../../cli/parts.ts";
import { createNormalizer, emptyYield } from "../../../ingest/normalizer.ts";
import type { Draft, JsonObject } from "../../../ingest/provider.ts";
import { bareKey } from "../../../ingest/providers/access_keys.ts";
import { callName } from "../../../ingest/providers/access_log.ts";
import { egressHosts } from "../../../ingest/providers/egress_hosts.ts";
import { createRegistry } from "../../../ingest/registry.ts";
import { type ConfigText, config } from "../../../schemas/config.ts";

function read(record: JsonObject, text: ConfigText = {}): { id: string | null; draft: Draft | null } {
  const { gateway_log, egress_log } = config.parse(text);
  const found = createRegistry({ gateway_log, egress_log }).recognise(record);
  if (found === null || "ambiguous" in found)
    return { id: found === null ? null : found.ambiguous.join(" "), draft: null };
  const outcome = found.normalize(record);
  return { id: found.id, draft: outcome.kind === "ok" ? [outcome.value].flat()[0]! : null };
}

const line = {
  time_iso8601: "2026-03-02T10:15:30Z",
  remote_addr: "192.0.2.20",
  request_method: "GET",
  request_uri: "/",
  status: 200,
};

test.each([
  ["GET", "/v1/orders/42?token=abc", "GET /v1/orders/{id}"],
  ["POST", "https://api.stripe.com/v1/customers/cus_9s6XKzkNRiz8i3/sources", "POST /v1/customers/{id}/sources"],
  [
    "GET",
    "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json",
    "GET /2010-04-01/Accounts/{id}/Messages.json",
  ],
  ["GET", "/2/users/by/username/example", "GET /2/users/by/username/example"],
  ["PUT", "/files/0f8fad5b-d9cb-469f-a165-70867728950e.json", "PUT /files/{id}.json"],
  ["GET", "/v1/chat/completions", "GET /v1/chat/completions"],
  [null, "/health", "/health"],
  ["GET", "", "GET /"],
  [null, null, null],
])("%s %s is called %s", (method, target, name) => {
  expect(callName(method, target)).toBe(name);
});

test.each([
  ["Bearer abc.def", "abc.def"],
  ["abc.def", "abc.def"],
  [`Basic ${Buffer.from("SK01:hush").toString("base64")}`, "SK01"],
  [`Basic ${Buffer.from("only-user").toString("base64")}`, "only-user"],
  [`Basic ${Buffer.from(":hush").toString("base64")}`, null],
  ["Bearer ", null],
])("of %s the key is %s", (header, key) => {
  expect(bareKey(header)).toBe(key);
});

test.each([
  ["api.stripe.com", "stripe"],
  ["api.twilio.com:443", "twilio"],
  ["messaging.TWILIO.com.", "twilio"],
  ["api.openai.com", "openai"],
  ["api.x.com", "x"],
  ["api.twitter.com", "x"],
])("a line about %s left for %s", (http_host, service) => {
  expect(read({ ...line, http_host })).toMatchObject({ id: "egress_log", draft: { service } });
});

test.each(["api.example.com", "twilio.com.example.net", "notstripe.com", "eviltwilio.com"])(
  "a line about %s is our own",
  (http_host) => {
    expect(read({ ...line, http_host }).id).toBe("gateway_log");
  },
);

test("a host that the config adds goes out too, and only one provider claims it", () => {
  const text: ConfigText = { egress_log: { hosts: { "API.partner.example": "partner" } } };
  expect(read({ ...line, http_host: "api.partner.example" }, text)).toMatchObject({
    id: "egress_log",
    draft: { service: "partner" },
  });
  expect(read({ ...line, http_host: "api.partner.example" }).id).toBe("gateway_log");
});

test("a format of one's own is read by the map, whatever its shape", () => {
  const own = {
    log: "outgoing",
    at: 1772446530123,
    req: { method: "post", path: "/v1/charges", host: "api.stripe.com", key_hash: "h-1" },
    res: { status: 402 },
    pod: "billing-7",
  };
  const fields = {
    time: "at",
    method: "req.method",
    path: "req.path",
    host: "req.host",
    status: "res.status",
    key: "req.key_hash",
    source: "pod",
    principal: "pod",
  };
  expect(read(own).id).toBeNull();
  expect(read(own, { egress_log: { claims: { log: "outgoing" }, fields } })).toMatchObject({
    id: "egress_log",
    draft: {
      time: 1772446530123,
      operation: "POST /v1/charges",
      service: "stripe",
      key_id: "h-1",
      outcome: "invalid",
      status_code: 402,
      source: "billing-7",
      principal: "billing-7",
      verb_class: "write",
    },
  });
});

test("two maps that mean the same lines are told as ambiguous", () => {
  const both: ConfigText = { egress_log: { claims: { kind: "access" } }, gateway_log: { claims: { kind: "access" } } };
  expect(read({ kind: "access" }, both).id).toBe("gateway_log egress_log");
});

test("a map refuses what it does not know", () => {
  expect(() => config.parse({ egress_log: { fields: { pathh: "x" } } })).toThrow();
});

test("hosts of the table stand once, in small letters", () => {
  const hosts = egressHosts.map((entry) => entry.host);
  expect(new Set(hosts).size).toBe(hosts.length);
  for (const host of hosts) expect(host).toMatch(/^(\*\.)?[a-z0-9.-]+$/);
});

test("a key in the query becomes the key, and stands nowhere in the event", async () => {
  const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });
  const into = emptyYield();
  const record = {
    ...line,
    http_host: "generativelanguage.googleapis.com",
    request_method: "POST",
    request_uri: "/v1beta/models/m-1:generateContent?key=made%2Dup-key-000000000009",
  };
  createNormalizer(parts, { provider: "auto", position: "test", now: Date.now }).read(
    Buffer.from(JSON.stringify(record)),
    null,
    into,
  );
  expect(into.events[0]).toMatchObject({
    provider: "egress_log",
    service: "gemini",
    operation: "POST /v1beta/models/m-1:generateContent",
  });
  expect(into.events[0]!.key_uid).not.toBeNull();
  expect(JSON.stringify(into)).not.toContain("key-000000000009");
});
