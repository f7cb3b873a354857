import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { capabilities, capabilityOf, matrix, providerTable } from "../../cli/capabilities.ts";
import { catalogue } from "../../detect/catalogue.ts";
import { builtIn } from "../../ingest/registry.ts";
import { packageRoot } from "../../schemas/package_root.ts";

const tellsAll = { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: true };
const provider = { id: "x", title: "X", latenessMs: 1, tells: tellsAll };

test("every provider is told about every detection, once", () => {
  for (const { provider: id, feeds, lacks } of capabilities())
    expect([...feeds, ...lacks.map((l) => l.detection)].sort(), id).toEqual(catalogue.map((d) => d.id).sort());
  expect(capabilities()).toHaveLength(builtIn.length - 1);
});

test("a log that tells everything feeds everything", () => {
  expect(capabilityOf(provider)).toMatchObject({ feeds: catalogue.map((d) => d.id), lacks: [] });
});

test.each([
  ["source", ["new_source", "concurrent_use", "outside_allowed_network", "outside_allowed_country"], "no address"],
  ["perCall", ["failure_spike", "denied_enumeration"], "not every call"],
  ["outcome", ["failure_spike", "denied_enumeration"], "no outcome"],
  ["key", ["unknown_key", "key_used_after_revocation"], "no key"],
  ["session", ["credential_exfiltrated"], "no workload sessions"],
] as const)("without %s it cannot feed %j", (fact, detections, why) => {
  const { lacks } = capabilityOf({ ...provider, tells: { ...tellsAll, [fact]: false } });
  for (const detection of detections) expect(lacks).toContainEqual({ detection, why });
});

test.each([
  ["aws_cloudtrail", 15],
  ["gcp_audit", 5],
  ["github_audit", 10],
  ["kubernetes_audit", 1],
  ["vault_audit", 1],
  ["okta_system_log", 10],
])("%s is waited for %i minutes", (id, minutes) => {
  expect(builtIn.find((p) => p.id === id)!.latenessMs).toBe(minutes * 60_000);
});

test.each([
  ["README.md", providerTable],
  ["docs/providers.md", matrix],
])("%s holds the generated table; `node .ci/tables.ts` writes it", (file, text) => {
  expect(readFileSync(join(packageRoot, file), "utf8")).toContain(text());
});
