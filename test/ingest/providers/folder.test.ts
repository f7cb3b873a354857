import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ingestParts } from "../../../cli/parts.ts";
import { loadProviders } from "../../../ingest/provider_folder.ts";
import { config } from "../../../schemas/config.ts";
import { keywatch, tempFolder } from "../../support.ts";

/** What the README says that a provider of one's own looks like. */
const ACME = `export default {
  id: "acme_llm",
  title: "Acme LLM audit",
  latenessMs: 300_000,
  tells: { source: true, userAgent: false, perCall: true, outcome: true, key: true, session: false },
  claims: (record) => record.object === "acme.audit",
  normalize: (record) =>
    record.type === "heartbeat"
      ? { kind: "drop", reason: "heartbeat" }
      : { kind: "ok", value: {
          event_uid: record.id, time: Date.parse(record.at), account: null, key_id: record.key, key_type: "long_lived",
          session_uid: null, session_kind: "none", principal_uid: record.who, principal: record.who, principal_type: "service",
          operation: record.type, service: "acme", verb_class: "read", outcome: record.error ? "error" : "success",
          error_code: null, status_code: null, source: record.ip, vpc_endpoint: null, user_agent: null, region: null,
          resources: [], key_resources: [], environment: null, scopes: [], bytes_out: null } },
};
`;

test("a provider in a folder of one's own is used by auto, beside those that ship", async () => {
  const folder = tempFolder();
  writeFileSync(join(folder, "acme_llm.mjs"), ACME);
  writeFileSync(join(folder, "helper.mjs"), "export const nothing = 1;\n");
  const home = tempFolder();
  const yaml = join(home, "keywatch.yaml");
  writeFileSync(yaml, `providers: ${folder}\nstore: { path: ${join(home, "data")} }\n`);
  const line = {
    object: "acme.audit",
    id: "a1",
    at: "2026-03-02T10:15:30Z",
    type: "complete",
    key: "acme-key-0001",
    who: "ci",
    ip: "203.0.113.9",
  };
  const trail = { eventName: "GetObject", eventSource: "s3.amazonaws.com", eventTime: "2026-03-02T10:15:30Z" };
  const input = [line, { ...line, id: "a2", type: "heartbeat" }, trail].map((r) => JSON.stringify(r)).join("\n");
  const ran = await keywatch(["--config", yaml, "normalize", "-"], { input });
  expect(ran.stderr).not.toMatch(/could not/);
  const events = ran.stdout
    .trim()
    .split("\n")
    .map((l) => JSON.parse(l) as { provider: string; operation: string });
  expect(events.map((e) => `${e.provider} ${e.operation}`)).toEqual(["acme_llm complete", "aws_cloudtrail GetObject"]);
});

test("a file that is no provider is refused with what it lacks", async () => {
  const folder = tempFolder();
  writeFileSync(join(folder, "acme.mjs"), 'export default { id: "other", title: "x" };\n');
  await expect(loadProviders(folder)).rejects.toThrow(
    /acme\.mjs is no provider: its id must be "acme".*claims.*normalize/,
  );
});

test("an own provider may not take the name of one that ships, and two claims are told", async () => {
  const folder = tempFolder();
  writeFileSync(join(folder, "acme_llm.mjs"), ACME.replace('record.object === "acme.audit"', '"eventName" in record'));
  const parts = await ingestParts(config.parse({ providers: folder }), { pepper: Buffer.alloc(32, 1) });
  const trail = { eventName: "GetObject", eventSource: "s3.amazonaws.com" };
  for (const hint of [null, parts.registry.byId("aws_cloudtrail"), parts.registry.byId("acme_llm")])
    expect(parts.registry.recognise(trail, hint)).toMatchObject({
      ambiguous: expect.arrayContaining(["acme_llm", "aws_cloudtrail"]),
    });
  writeFileSync(join(folder, "ocsf.mjs"), ACME.replace('"acme_llm"', '"ocsf"'));
  await expect(ingestParts(config.parse({ providers: folder }), { pepper: Buffer.alloc(32, 1) })).rejects.toThrow(
    "ocsf: a provider has this name already",
  );
});
