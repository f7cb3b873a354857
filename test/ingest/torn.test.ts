import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ingestParts } from "../../cli/parts.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import type { JsonObject } from "../../ingest/provider.ts";
import { createSplitter } from "../../ingest/sources/split.ts";
import { config } from "../../schemas/config.ts";

const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });

function read(text: string) {
  const into = emptyYield();
  const normalizer = createNormalizer(parts, { provider: "auto", position: "test", now: Date.now });
  const splitter = createSplitter((data, start, end, broken) =>
    normalizer.read(Buffer.from(data.subarray(start, end)), broken, into),
  );
  splitter.push(Buffer.from(text));
  splitter.end();
  return into;
}

const golden = (path: string): JsonObject =>
  (JSON.parse(readFileSync(join(import.meta.dirname, "../golden", path), "utf8")) as { record: JsonObject }).record;

const vault = JSON.stringify({
  ...golden("vault_audit/secret_read_raw_log.json"),
  response: { mount_type: "kv", data: { data: { note: "plain words that nobody may see", list: [{ a: 1 }] } } },
});
const patch = JSON.stringify(golden("kubernetes_audit/secret_merge_patch.json"));
const list = JSON.stringify(golden("kubernetes_audit/secret_list_with_bodies.json"));

test.each([
  ["a Vault line", vault, "secret/data/billing/db"],
  ["a Vault line in another's text", JSON.stringify({ message: vault }), "remote_address"],
  ["a merge patch of a Secret", patch, "payments"],
  ["a list of Secrets", list, "payments"],
])("wherever %s is torn off, its letter holds no secret and still says what it was", (_, line, told) => {
  const whole = line.length - 1;
  for (let end = 1; end <= whole; end += 7) {
    const letters = JSON.stringify(read(line.slice(0, end)).letters);
    expect(letters, `${end}`).not.toMatch(/plain words|aHVudGVy|hunter2|482913/);
  }
  expect(JSON.stringify(read(line.slice(0, whole)).letters)).toContain(told);
});

test("the rest of a torn Vault line, after its head, is not kept where it shows what it is", () => {
  const rest = `"note":"plain words that nobody may see"}},"mount_type":"kv"}}`;
  expect(JSON.stringify(read(rest))).not.toContain("plain words");
});

test("a torn line of another provider keeps its data", () => {
  expect(read(`{"eventName":"GetObject","data":{"a":"plain words`).letters[0]!.raw).toContain("plain words");
});
