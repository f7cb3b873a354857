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
  ["Bearer bWFkZS11cA==", "bWFkZS11cA=="],
  ['OAuth oauth_consumer_key="app-1", oauth_nonce="n1", oauth_token="tok-1", oauth_signature="s1%3D"', "tok-1"],
  ['OAuth realm="", oauth_nonce="n2",oauth_token="tok-1",oauth_signature="s2%3D"', "tok-1"],
  ['OAuth oauth_consumer_key="app-1", oauth_token="", oauth_nonce="n1", oauth_signature="s1"', "app-1"],
  ["AWS4-HMAC-SHA256 Credential=AKIA0EXAMPLE/20260302/eu-west-1/s3/aws4_request, Signature=0a", "AKIA0EXAMPLE"],
  ["HMAC-SHA256 Credential=conf-1&SignedHeaders=x-ms-date&Signature=c2ln=", "conf-1"],
  ["AWS AKIA0EXAMPLE:c2lnbmF0dXJl=", "AKIA0EXAMPLE"],
  ["SharedKey storage1:c2lnbmF0dXJl=", "storage1"],
  ['Digest username="billing app", realm="r", nonce="n1", uri="/", response="0a"', "billing app"],
  ['Token token="tok-1", nonce="n1"', "tok-1"],
  ['Hawk id="k", ts="1", nonce="n1", mac="0a="', null],
  ["SharedAccessSignature sr=x&sig=c2ln%3D&se=1&skn=root", null],
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

const NGINX = (remote_addr: string, http_x_forwarded_for: string): JsonObject => ({
  ...line,
  remote_addr,
  http_x_forwarded_for,
});
const ENVOY = (downstream_remote_address: string, x_forwarded_for: string): JsonObject => ({
  ...{ start_time: "2026-03-02T10:15:30Z", method: "GET", path: "/", response_code: 200, response_flags: "-" },
  ...{ downstream_remote_address, x_forwarded_for },
});
const KONG = (client_ip: string, forwarded: string): JsonObject => ({
  ...{ started_at: 1772446530123, client_ip, latencies: {}, response: { status: 200 } },
  request: { method: "GET", uri: "/", headers: { "x-forwarded-for": forwarded } },
});
const PROXIES = ["192.0.2.0/24", "10.0.0.0/8"];

test.each([
  ["a caller's header changes nothing", undefined, NGINX("203.0.113.9", "198.51.100.7"), "203.0.113.9"],
  ["nor through Envoy", undefined, ENVOY("203.0.113.9:4711", "198.51.100.7"), "203.0.113.9:4711"],
  ["nor through Kong", undefined, KONG("203.0.113.9", "198.51.100.7"), "203.0.113.9"],
  [
    "a private neighbour is a proxy",
    undefined,
    NGINX("10.0.0.5", "198.51.100.7, 203.0.113.9, 10.0.0.7"),
    "203.0.113.9",
  ],
  ["and so is a local socket", undefined, NGINX("unix:", "198.51.100.7, 203.0.113.9"), "203.0.113.9"],
  ["a private neighbour alone is the caller", undefined, NGINX("10.0.0.5", "10.0.0.7, -"), "10.0.0.5"],
  ["no proxy is trusted", [], NGINX("10.0.0.5", "203.0.113.9"), "10.0.0.5"],
  ["who is not of the proxies is the caller", PROXIES, NGINX("203.0.113.9", "198.51.100.7"), "203.0.113.9"],
  ["behind proxies the last other", PROXIES, NGINX("10.0.0.5", "198.51.100.7, 203.0.113.9, 192.0.2.8"), "203.0.113.9"],
  ["behind proxies through Kong", PROXIES, KONG("10.0.0.5", "198.51.100.7, 203.0.113.9"), "203.0.113.9"],
  ["what is no address ends the search", PROXIES, NGINX("10.0.0.5", "198.51.100.7, _me, 192.0.2.8"), "192.0.2.8"],
  ["proxies only: the farthest", PROXIES, NGINX("10.0.0.5", "10.0.0.6, 192.0.2.8"), "10.0.0.6"],
  ["behind a local socket", PROXIES, NGINX("unix:", "198.51.100.7, 203.0.113.9"), "203.0.113.9"],
])("where forwarded headers name others: %s", (_, trusted_proxies, record, source) => {
  const text: ConfigText = trusted_proxies === undefined ? {} : { gateway_log: { trusted_proxies } };
  expect(read(record, text)).toMatchObject({ id: "gateway_log", draft: { source } });
});

test("of calls that leave, the private neighbour is the caller, whatever he writes", () => {
  const record = { ...NGINX("10.0.0.5", "198.51.100.7"), http_host: "api.stripe.com" };
  expect(read(record)).toMatchObject({ id: "egress_log", draft: { source: "10.0.0.5" } });
  const text: ConfigText = { egress_log: { trusted_proxies: PROXIES } };
  expect(read(record, text)).toMatchObject({ id: "egress_log", draft: { source: "198.51.100.7" } });
});

test("a mapped source that is a list is read from the right too", () => {
  const fields = { source: "chain" };
  const record = { ...line, chain: ["198.51.100.7", "203.0.113.9, 192.0.2.8"] };
  expect(read(record, { gateway_log: { fields } }).draft?.source).toBe("192.0.2.8");
  expect(read(record, { gateway_log: { fields, trusted_proxies: PROXIES } }).draft?.source).toBe("203.0.113.9");
});

test("a trusted proxy that is no network is refused", () => {
  expect(() => config.parse({ gateway_log: { trusted_proxies: ["nginx"] } })).toThrow("CIDR");
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

const DRAWN = "Zq7Lw2Rk9Tx4Vb8Nc3Md6Pf1Hs5Jg0Ay";

test.each([
  ["drawn", { remote_user: DRAWN }, DRAWN],
  ["hex", { remote_user: "0a1b2c3d4e5f60718293a4b5c6d7e8f9" }, "0a1b2c3d4e5f60718293a4b5c6d7e8f9"],
  ["beside a hash", { remote_user: DRAWN, authorization_sha256: "aaaa0001" }, "aaaa0001"],
  ["in the address", { request: `GET http://${DRAWN}:pw-0001@api.sendgrid.com/v3/mail HTTP/1.1` }, DRAWN],
])("a user name of Basic that is a key is no principal, and stands nowhere in the event: %s", async (_, more, key) => {
  const { request_method: _m, request_uri: _u, ...bare } = line;
  const record = { ...("request" in more ? bare : line), http_host: "api.sendgrid.com", ...more };
  expect(read(record).draft).toMatchObject({ key_id: key, principal: null, principal_uid: null });
  const into = await normalized(record);
  expect(into.events).toHaveLength(1);
  expect(JSON.stringify(into)).not.toMatch(new RegExp(`${DRAWN}|0a1b2c3d4e5f60718293|pw-0001`));
});

test("a user name that is a name stays the principal", () => {
  expect(read({ ...line, remote_user: "billing-service" }).draft).toMatchObject({
    key_id: null,
    principal: "billing-service",
  });
});

test("user and password of an address belong to no host", async () => {
  const { request_method: _m, request_uri: _u, ...bare } = line;
  const record = { ...bare, request: "GET http://user:pw-0001@api.example.com/v1/me HTTP/1.1", http_host: "-" };
  expect(read(record)).toMatchObject({ id: "gateway_log", draft: { account: "api.example.com" } });
  const stripe = { ...record, request: "GET http://user:pw-0001@api.stripe.com/v1/charges HTTP/1.1" };
  expect(read(stripe)).toMatchObject({ id: "egress_log", draft: { service: "stripe", key_id: "user" } });
  expect(JSON.stringify(await normalized(stripe))).not.toMatch(/pw-0001|user:/);
});

async function normalized(record: JsonObject) {
  const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });
  const into = emptyYield();
  createNormalizer(parts, { provider: "auto", position: "test", now: Date.now }).read(
    Buffer.from(JSON.stringify(record)),
    null,
    into,
  );
  return into;
}

test("a key in the query becomes the key, and stands nowhere in the event", async () => {
  const record = {
    ...line,
    http_host: "generativelanguage.googleapis.com",
    request_method: "POST",
    request_uri: "/v1beta/models/m-1:generateContent?key=made%2Dup-key-000000000009",
  };
  const into = await normalized(record);
  expect(into.events[0]).toMatchObject({
    provider: "egress_log",
    service: "gemini",
    operation: "POST /v1beta/models/m-1:generateContent",
  });
  expect(into.events[0]!.key_uid).not.toBeNull();
  expect(JSON.stringify(into)).not.toContain("key-000000000009");
});
