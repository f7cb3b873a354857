import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { builtIn } from "../../ingest/registry.ts";
import { jsonSchemas } from "../../schemas/json_schema.ts";
import { ocsfActivity } from "../../schemas/ocsf/activity.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { goldenEvents } from "../golden_events.ts";

const FOLDER = join(packageRoot, "schemas", "json");
const published = (name: string): object =>
  JSON.parse(readFileSync(join(FOLDER, `${name}.schema.json`), "utf8")) as object;
const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  strictTypes: false,
  validateFormats: false,
});
/** What a schema says against a document. */
const judge = (name: string) => {
  const validate = ajv.compile(published(name));
  return (document: unknown): string[] => {
    validate(document);
    return (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
  };
};

test("the published schemas are those of the code; `node .ci/json_schemas.ts` writes them", () => {
  const made = jsonSchemas();
  expect(readdirSync(FOLDER).sort()).toEqual(
    Object.keys(made)
      .map((name) => `${name}.schema.json`)
      .sort(),
  );
  for (const [name, schema] of Object.entries(made)) expect(published(name), name).toEqual(schema);
});

describe("what `normalize` prints", () => {
  const flat = judge("api-activity");
  const ocsf = judge("ocsf-api-activity");
  test.each(builtIn.map((p) => p.id))("of %s fits both schemas", async (id) => {
    const events = JSON.parse(JSON.stringify(await goldenEvents(id))) as Parameters<typeof ocsfActivity>[0][];
    expect(events.length).toBeGreaterThan(0);
    expect(events.flatMap(flat)).toEqual([]);
    expect(events.map(ocsfActivity).flatMap(ocsf)).toEqual([]);
  });
  test("a row with a member too many, one too few or another type does not fit", async () => {
    const [event] = await goldenEvents("stripe");
    const { time: _, ...without } = event!;
    expect(flat({ ...event, colour: "red" })).not.toEqual([]);
    expect(flat(without)).not.toEqual([]);
    expect(flat({ ...event, outcome: "fine" })).not.toEqual([]);
    expect(ocsf({ ...ocsfActivity(event!), time: "now" })).not.toEqual([]);
  });
});

describe("what people write", () => {
  const yaml = (text: string): unknown => parse(text);
  const config = judge("config");
  const inventory = judge("inventory");

  test("the example config fits, and so do values from elsewhere", () => {
    expect(config(yaml(readFileSync(join(packageRoot, "keywatch.example.yaml"), "utf8")))).toEqual([]);
    expect(
      config({ store: { url: `$${"{CLICKHOUSE_URL}"}` }, alert: { external_url: "file:/run/secrets/url" } }),
    ).toEqual([]);
  });
  test("the README's inventory fits, dates as an editor or YAML gives them", () => {
    const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
    const text = /## An inventory[\s\S]*?```yaml\n([\s\S]*?)```/.exec(readme)![1]!;
    expect(inventory(yaml(text))).toEqual([]);
    expect(inventory({ keys: [{ name: "a", provider: "stripe", id: "x", revoked_at: "2026-03-01" }] })).toEqual([]);
  });
  test.each([
    ["an unknown member", { colour: "red" }],
    ["a wrong type", { sources: "logs" }],
    ["a channel without an address", { receivers: [{ name: "a", channels: [{ kind: "webhook" }] }] }],
  ])("%s in a config does not", (_, document) => expect(config(document)).not.toEqual([]));
  test("neither does an inventory with a misspelt field", () =>
    expect(inventory({ keys: [{ name: "a", provider: "stripe", id: "x", ownr: "b" }] })).not.toEqual([]));
});
