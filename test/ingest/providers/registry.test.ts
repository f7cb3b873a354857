import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject, Provider } from "../../../ingest/provider.ts";
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

test("golden records of every provider, shuffled into one file, each find their own, whatever came before", () => {
  const registry = createRegistry();
  const mixed = goldens().filter(({ id }) => id !== "generic");
  expect(new Set(mixed.map(({ id }) => id)).size).toBe(builtIn.length - 1);
  let seed = 7;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  let hint: Provider | null = null;
  for (const { id, record, at } of mixed.map((m) => ({ ...m, at: random() })).sort((a, b) => a.at - b.at)) {
    const found = registry.recognise(record, hint);
    expect(found !== null && !isAmbiguous(found) ? found.id : found, `${id} at ${at}`).toBe(id);
    hint = found as Provider;
  }
});

/** goldens are the records of test/golden/<provider>/. */
function goldens(): { id: string; record: JsonObject }[] {
  const root = join(import.meta.dirname, "../../golden");
  return builtIn.flatMap(({ id }) =>
    readdirSync(join(root, id)).map((file) => ({
      id,
      record: (JSON.parse(readFileSync(join(root, id, file), "utf8")) as { record: JsonObject }).record,
    })),
  );
}

test("golden records with parts taken out, emptied or replaced never throw and never belong to two", () => {
  const odd: Json[] = [
    null,
    "",
    0,
    -1,
    "x",
    [],
    {},
    [null],
    [[{}]],
    { a: null },
    true,
    "2026-03-02T10:15:30Z",
    "\u0000",
    1e300,
  ];
  let cases = 0;
  for (const { record } of goldens()) {
    for (const path of pathsOf(record, 3)) {
      const broken = structuredClone(record);
      const value = odd[cases++ % odd.length]!;
      let holder: JsonObject = broken;
      for (const name of path.slice(0, -1)) holder = holder[name] as JsonObject;
      if (cases % 3 === 0) delete holder[path.at(-1)!];
      else holder[path.at(-1)!] = value;
      const claims = builtIn.filter((provider) => provider.claims(broken));
      expect(claims.length, JSON.stringify(broken)).toBeLessThanOrEqual(1);
      for (const provider of builtIn) {
        const outcome = provider.normalize(broken);
        provider.kept?.(broken);
        if (outcome.kind !== "ok") continue;
        for (const draft of [outcome.value].flat()) {
          expect(draft.time === null || Number.isInteger(draft.time), `${provider.id} ${draft.time}`).toBe(true);
          for (const text of [
            draft.operation,
            draft.principal_uid ?? "",
            draft.source ?? "",
            draft.key_id ?? "",
            draft.service ?? "",
            ...draft.resources,
            ...draft.scopes,
            ...draft.key_resources,
          ])
            expect(typeof text, provider.id).toBe("string");
        }
      }
    }
  }
  expect(cases).toBeGreaterThan(2000);
});

function pathsOf(value: JsonObject, depth: number): string[][] {
  return Object.entries(value).flatMap(([name, inner]) => [
    [name],
    ...(depth > 1 && typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? pathsOf(inner, depth - 1).map((p) => [name, ...p])
      : []),
  ]);
}

test("golden records blown up to megabytes are read in the time of a record", () => {
  const hostile = ["logging", "a.", "('", "/x", "key=1&", "secretmanager ", "0", "-", "error\n*", "{"].map((text) =>
    text.repeat(Math.ceil(1_000_000 / text.length)),
  );
  let n = 0;
  let slowest = ["", 0] as [string, number];
  for (const { id, record } of goldens()) {
    for (const path of pathsOf(record, 3)) {
      const broken = structuredClone(record);
      let holder: JsonObject = broken;
      for (const name of path.slice(0, -1)) holder = holder[name] as JsonObject;
      if (typeof holder[path.at(-1)!] !== "string") continue;
      holder[path.at(-1)!] = hostile[n++ % hostile.length]!;
      const before = process.cpuUsage().user;
      for (const provider of builtIn) provider.claims(broken);
      const provider = builtIn.find((p) => p.id === id)!;
      provider.normalize(broken);
      provider.kept?.(broken);
      const spent = (process.cpuUsage().user - before) / 1000;
      if (spent > slowest[1]) slowest = [`${id} ${path.join(".")}`, spent];
    }
  }
  expect(slowest[1], slowest[0]).toBeLessThan(1000);
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

test("no record, however broken, makes a provider throw or leave without a named exit", () => {
  const fields = [
    "eventName",
    "eventSource",
    "eventTime",
    "userIdentity",
    "requestParameters",
    "responseElements",
    "resources",
  ];
  const more = [
    "actor",
    "api",
    "class_uid",
    "time",
    "metadata",
    "unmapped",
    "src_endpoint",
    "message",
    "detail",
    "timestamp",
    "action",
  ];
  const valid = fc.constantFrom(
    "2026-03-02T10:15:30Z",
    "CreateAccessKey",
    "sts.amazonaws.com",
    6003,
    1772446530000,
    "AROAIOSFODNN7EXAMPLE:x",
  );
  const nested = fc.record(
    Object.fromEntries(
      [
        "type",
        "arn",
        "principalId",
        "sessionContext",
        "sessionIssuer",
        "user",
        "session",
        "uid",
        "token",
        "operation",
        "key",
        "name",
      ].map((n) => [n, fc.oneof(valid, fc.jsonValue())]),
    ),
    { requiredKeys: [] },
  );
  const record = fc.record(
    Object.fromEntries([...fields, ...more].map((name) => [name, fc.oneof(valid, nested, fc.jsonValue())])),
    { requiredKeys: ["eventName", "eventTime"] },
  );
  fc.assert(
    fc.property(record, (from) => {
      for (const provider of builtIn) {
        provider.claims(from as JsonObject);
        const outcome = provider.normalize(from as JsonObject);
        expect(["ok", "drop", "dead_letter"]).toContain(outcome.kind);
        if (outcome.kind !== "ok") continue;
        for (const draft of [outcome.value].flat()) {
          expect(draft.time === null || Number.isInteger(draft.time)).toBe(true);
          expect(draft.resources.length).toBeLessThanOrEqual(17);
          for (const text of [draft.source, draft.principal, draft.key_id, draft.user_agent])
            expect(["string", "object"]).toContain(typeof text);
        }
      }
    }),
    { numRuns: 2000, seed: 20260302 },
  );
});

test("a record of megabytes is normalised in the time of a record", () => {
  const long = "role/:".repeat(200_000);
  const from: JsonObject = {
    eventName: `Get${"a1".repeat(100_000)}`,
    eventSource: `${long}.amazonaws.com`,
    eventTime: "2026-03-02T10:15:30Z",
    errorCode: "Invalid".repeat(100_000),
    userAgent: long,
    userIdentity: {
      type: "AssumedRole",
      arn: `arn:aws:sts::1:assumed-role/${long}/`,
      principalId: `AROA:eks-${"-".repeat(500_000)}`,
    },
    requestParameters: { userName: long },
  };
  const before = performance.now();
  for (const provider of builtIn) provider.normalize(from);
  expect(performance.now() - before).toBeLessThan(1000);
});
