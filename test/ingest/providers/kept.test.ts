import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ingestParts } from "../../../cli/parts.ts";
import { createNormalizer, emptyYield } from "../../../ingest/normalizer.ts";
import type { JsonObject } from "../../../ingest/provider.ts";
import { createSplitter } from "../../../ingest/sources/split.ts";
import { config } from "../../../schemas/config.ts";

const NOW = Date.UTC(2026, 2, 3);

const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });

/** normalized sends one record through parse, recognition, redaction and fingerprint. */
async function normalized(record: JsonObject) {
  const into = emptyYield();
  createNormalizer(parts, { provider: "auto", position: "test", now: () => NOW }).read(
    Buffer.from(JSON.stringify(record)),
    null,
    into,
  );
  return into;
}

const golden = (path: string): JsonObject =>
  (JSON.parse(readFileSync(join(import.meta.dirname, "../../golden", path), "utf8")) as { record: JsonObject }).record;

test("a raw Vault log keeps nothing of its data that is no HMAC, in events and in dead letters", async () => {
  const record = golden("vault_audit/secret_read_raw_log.json");
  const stored = await normalized(record);
  expect(stored.events).toHaveLength(1);
  expect(stored.events[0]!.raw).toContain("secret/data/billing/db");
  expect(stored.events[0]!.secrets).toContain("token@auth.client_token");
  const letter = await normalized({ ...record, time: "0000-00-00" });
  expect(letter.letters).toHaveLength(1);
  for (const text of [JSON.stringify(stored), JSON.stringify(letter)]) {
    expect(text).not.toContain("plain words that nobody may see");
    expect(text).not.toContain("made-up-token-1");
  }
});

test("numbers and names in the data of Vault are not kept either", async () => {
  const record = golden("vault_audit/secret_read_raw_log.json");
  const data = { otp: 48291311, pin: 482913, "hunter2-plain-words": 1, deep: [{ "hunter2-too": { a: -0.482913 } }] };
  const response = { mount_type: "kv", data, wrap_info: { ttl: 482913, "hunter2-three": true } };
  const stored = await normalized({ ...record, response });
  expect(stored.events).toHaveLength(1);
  expect(stored.events[0]!.raw).not.toMatch(/482913|48291311|hunter2|otp|pin/);
});

test("hashed fields of Vault are no secrets in the log", async () => {
  for (const name of ["secret_read_hashed", "login_by_userpass", "old_shape_without_mount", "permission_denied"]) {
    const { events } = await normalized(golden(`vault_audit/${name}.json`));
    expect(events[0]!.secrets, name).toEqual([]);
    expect(events[0]!.raw).not.toContain("0123456789abcdef0123456789abcdef");
  }
});

test.each(["secret_list_with_bodies", "secret_merge_patch", "secret_json_patch"])(
  "the values of a Kubernetes Secret are kept in no shape: %s",
  async (name) => {
    const record = golden(`kubernetes_audit/${name}.json`);
    const stored = await normalized(record);
    expect(stored.events).toHaveLength(1);
    expect(stored.events[0]!.secrets.join(" ")).toContain("kubernetes_secret@");
    const letter = await normalized({
      ...record,
      requestReceivedTimestamp: "0000-00-00",
      stageTimestamp: "0000-00-00",
    });
    expect(letter.letters).toHaveLength(1);
    for (const text of [JSON.stringify(stored), JSON.stringify(letter)]) {
      expect(text).not.toMatch(/aHVudGVyMlNlY3JldCE|hunter2Secret|482913/);
      expect(text).toContain("payments");
    }
  },
);

test("the items of an audit webhook's EventList are events, though they say no kind", async () => {
  const item = golden("kubernetes_audit/webhook_item_without_kind.json");
  const list = {
    kind: "EventList",
    apiVersion: "audit.k8s.io/v1",
    metadata: {},
    items: [item, { ...item, auditID: "a2" }],
  };
  const into = emptyYield();
  const normalizer = createNormalizer(parts, { provider: "auto", position: "test", now: () => NOW });
  const splitter = createSplitter((data, start, end, broken) =>
    normalizer.read(Buffer.from(data.subarray(start, end)), broken, into),
  );
  splitter.push(Buffer.from(JSON.stringify(list)));
  splitter.end();
  expect(into.letters).toEqual([]);
  expect(into.events.map((event) => event.provider)).toEqual(["kubernetes_audit", "kubernetes_audit"]);
});

test("no golden record without a secret is reported to hold one", async () => {
  const root = join(import.meta.dirname, "../../golden");
  const raw = new Set([
    "vault_audit/secret_read_raw_log.json",
    "kubernetes_audit/secret_list_with_bodies.json",
    "kubernetes_audit/secret_merge_patch.json",
    "kubernetes_audit/secret_json_patch.json",
  ]);
  for (const id of readdirSync(root).filter((name) => name !== "generic"))
    for (const file of readdirSync(join(root, id)).filter((name) => !raw.has(`${id}/${name}`)))
      for (const event of (await normalized(golden(`${id}/${file}`))).events)
        expect(event.secrets, `${id}/${file}`).toEqual([]);
});

test("a raw Authorization header of a proxy becomes a fingerprint, and nothing of it is kept", async () => {
  for (const name of ["openai_raw_bearer_is_a_read", "anthropic_key_header", "twilio_basic_header"]) {
    const record = golden(`egress_log/${name}.json`);
    const { events } = await normalized(record);
    expect(events[0]!.key_uid).toMatch(/^egress_log:[0-9a-f]{32}$/);
    const text = JSON.stringify(events);
    expect(text).not.toMatch(/made-up-(key-0000|password)/);
    expect(text).not.toContain("uthorization");
    expect(text).not.toContain("x-api-key");
    expect(text).not.toContain(String(record.http_authorization ?? "Bearer"));
  }
});

test("the same key has one key_uid, as bare header, as Bearer and through another proxy's format", async () => {
  const envoy = golden("egress_log/openai_raw_bearer_is_a_read.json");
  const nginx = {
    time_iso8601: "2026-03-02T10:15:30Z",
    remote_addr: "192.0.2.1",
    status: 200,
    request: "POST /v1/responses HTTP/1.1",
    http_host: "api.openai.com",
    http_authorization: "Bearer made-up-key-000000000001",
  };
  const bare = { ...nginx, http_authorization: "made-up-key-000000000001" };
  const uids = await Promise.all([envoy, nginx, bare].map(async (r) => (await normalized(r)).events[0]!.key_uid));
  expect(new Set(uids).size).toBe(1);
});

test.each(["firehose_record_base64", "cloudwatch_log_event", "event_bridge_in_sns_in_sqs"])(
  "an event out of %s is kept readable, with its key as a hint",
  async (name) => {
    const { events } = await normalized(golden(`aws_cloudtrail/${name}.json`));
    expect(JSON.parse(events[0]!.raw)).toHaveProperty("eventName");
    expect(events[0]!.raw).toContain("GetObject");
    expect(events[0]!.raw).not.toContain("AKIAIOSFODNN7EXAMPLE");
  },
);

test("a record without a time gets the time of its arrival", async () => {
  const { events } = await normalized(golden("github_audit/partial_no_time.json"));
  expect(events[0]).toMatchObject({ time: NOW, ingested_at: NOW, operation: "org.invite_member" });
});

test("a holder that only the key names has the key's fingerprint as its uid, not the hint", async () => {
  const { events } = await normalized(golden("anthropic_activity/compliance_call_by_key.json"));
  expect(events[0]!.principal_uid).toBe(events[0]!.key_uid);
  expect(JSON.stringify(events)).not.toContain("apikey_example01");
});

test("the account of a Twilio event stays readable, also where its own token called", async () => {
  const { events } = await normalized(golden("twilio_monitor/by_account_token.json"));
  expect(events[0]).toMatchObject({ account: "AC00000000000000000000000000000001", key_hint: "auth_…0001" });
});

test("raw stays JSON, whatever the key looks like", async () => {
  const root = join(import.meta.dirname, "../../golden");
  for (const id of readdirSync(root).filter((name) => name !== "generic"))
    for (const file of readdirSync(join(root, id)))
      for (const event of (await normalized(golden(`${id}/${file}`))).events)
        expect(() => JSON.parse(event.raw) as unknown).not.toThrow();
});
