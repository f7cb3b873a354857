import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Draft, JsonObject } from "../../../ingest/provider.ts";
import { builtIn } from "../../../ingest/registry.ts";

interface Golden {
  record: JsonObject;
  outcome: "ok" | "drop" | "dead_letter";
  event?: Partial<Draft> | Partial<Draft>[];
}

const root = join(import.meta.dirname, "../../golden");
/** A provider that knows no noise drops nothing; its file says so by never calling drop. */
const drops = (id: string): boolean =>
  readFileSync(join(import.meta.dirname, `../../../ingest/providers/${id}.ts`), "utf8").includes("drop(");
const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const shipped = folders.filter((folder) => builtIn.some((provider) => provider.id === folder.name)).map((f) => f.name);

describe.each(shipped)("%s", (id) => {
  const provider = builtIn.find((p) => p.id === id)!;
  const files = readdirSync(join(root, id)).filter((name) => name.endsWith(".json"));
  const goldens = files.map((name) => ({ name, text: readFileSync(join(root, id, name), "utf8") }));

  test.each(goldens)("$name", ({ text }) => {
    const golden = JSON.parse(text) as Golden;
    if (id !== "generic") expect(provider.claims(golden.record)).toBe(true);
    const outcome = provider.normalize(golden.record);
    expect(outcome.kind).toBe(golden.outcome);
    if (golden.event !== undefined) expect(outcome).toMatchObject({ value: golden.event });
  });

  test("no other provider claims its records", () => {
    for (const { name, text } of goldens) {
      const { record } = JSON.parse(text) as Golden;
      const others = builtIn.filter((other) => other !== provider && other.claims(record)).map((other) => other.id);
      expect(others, name).toEqual([]);
    }
  });

  test("normalize leaves the record as it was", () => {
    for (const { text } of goldens) {
      const { record } = JSON.parse(text) as Golden;
      provider.normalize(record);
      expect(record).toEqual((JSON.parse(text) as Golden).record);
    }
  });

  test("it has samples of every exit", () => {
    const exits = new Set(goldens.map(({ text }) => (JSON.parse(text) as Golden).outcome));
    expect([...exits].sort()).toEqual(drops(id) ? ["dead_letter", "drop", "ok"] : ["dead_letter", "ok"]);
  });

  test("samples hold documentation addresses and example keys only", () => {
    for (const { name, text } of goldens) {
      const addresses = text.match(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g) ?? [];
      const foreign = addresses.filter((a) => !/^(192\.0\.2|198\.51\.100|203\.0\.113)\./.test(a));
      expect(foreign, name).toEqual([]);
      const keys = text.match(/\b(AKIA|ASIA|AROA|AIDA)[A-Z0-9]{8,}/g) ?? [];
      expect(
        keys.filter((key) => !key.endsWith("EXAMPLE")),
        name,
      ).toEqual([]);
      const mails = text.match(/[\w.]+@[\w.]+/g) ?? [];
      expect(
        mails.filter((mail) => !mail.endsWith("@example.com")),
        name,
      ).toEqual([]);
    }
  });
});

test("every shipped provider has a golden folder", () => {
  expect(shipped.sort()).toEqual(builtIn.map((provider) => provider.id).sort());
});
