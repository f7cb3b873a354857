import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JsonObject, Provider } from "../../../ingest/provider.ts";
import { builtIn, createRegistry, isAmbiguous } from "../../../ingest/registry.ts";
import { genericMap } from "../../../schemas/config.ts";

const folder = join(import.meta.dirname, "../../../ingest/providers");
const trail: JsonObject = { eventName: "GetObject", eventSource: "s3.amazonaws.com" };
const lake: JsonObject = { class_uid: 6003, metadata: {} };
const map = genericMap.parse({ claims: { eventName: null }, fields: { time: "t", operation: "eventName" } });

test("every file with a default export is registered, under its file name", async () => {
  const found: string[] = [];
  for (const file of readdirSync(folder)) {
    const module = (await import(join(folder, file))) as { default?: Provider };
    if (module.default === undefined) continue;
    expect(`${module.default.id}.ts`).toBe(file);
    expect(builtIn).toContain(module.default);
    found.push(module.default.id);
  }
  expect(found.sort()).toEqual(builtIn.map((provider) => provider.id).sort());
});

test("every provider says its title and a lateness", () => {
  for (const provider of builtIn) {
    expect(provider.title).not.toBe("");
    expect(provider.latenessMs).toBeGreaterThan(0);
  }
});

test("a file may mix providers, and the record before does not change the answer", () => {
  const registry = createRegistry();
  const cloudtrail = registry.byId("aws_cloudtrail");
  const ocsf = registry.byId("ocsf");
  for (const hint of [null, cloudtrail, ocsf]) {
    expect(registry.recognise(trail, hint)).toBe(cloudtrail);
    expect(registry.recognise(lake, hint)).toBe(ocsf);
    expect(registry.recognise({ hello: "world" }, hint)).toBeNull();
  }
});

test("two claims are reported, whoever came before", () => {
  const registry = createRegistry({ generic: { acme: map } });
  for (const hint of [null, registry.byId("aws_cloudtrail"), registry.byId("acme")]) {
    const answer = registry.recognise(trail, hint);
    expect(isAmbiguous(answer) && answer.ambiguous.toSorted()).toEqual(["acme", "aws_cloudtrail"]);
  }
});

test("a field map may not take the name of a provider", () => {
  expect(() => createRegistry({ generic: { ocsf: map } })).toThrow("generic.ocsf: a provider has this name already");
});

test("claims never throw, whatever the record holds", () => {
  const odd = [null, 0, "", "x".repeat(1000), [], {}, [[]], { a: null }, true] as const;
  const names = [
    "eventName",
    "eventSource",
    "userIdentity",
    "detail",
    "message",
    "Message",
    "body",
    "class_uid",
    "metadata",
    "eventname",
  ];
  for (const name of names) {
    for (const value of odd)
      for (const provider of builtIn) expect(typeof provider.claims({ [name]: value as never })).toBe("boolean");
  }
});
