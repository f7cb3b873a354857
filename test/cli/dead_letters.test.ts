import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { deadLettersReplay } from "../../cli/commands/dead_letters.ts";
import { ingest } from "../../cli/commands/ingest.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import type { ConfigText } from "../../schemas/config.ts";
import { openTestApp, quietOut, tempFolder } from "../support.ts";

const KEY = "sk_live_9f8e7d6c5b4a39281706f5e4";
const folder = tempFolder();
const at = new Date(Date.now() - 3_600_000).toISOString();

/** A log of our own shape, once an app has a map of it. */
const map = (claims: Record<string, number>, time = "at"): ConfigText => ({
  generic: {
    acme: {
      claims,
      fields: { event_uid: "id", time, operation: "call", key: "key", principal: "who" },
    },
  },
});
const lines = (...records: object[]) => records.map((r) => JSON.stringify(r)).join("\n");
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

let app: App;
const events = async () =>
  (await app.store.rows("SELECT event_uid, key_uid, position FROM events FINAL ORDER BY event_uid")) as {
    event_uid: string;
    key_uid: string | null;
    position: string;
  }[];
const open = async () =>
  Number((await app.store.rows("SELECT count() AS n FROM dead_letters FINAL WHERE status = 'open'"))[0]?.n);
async function run(command: typeof ingest, args: object): Promise<string> {
  const out = quietOut();
  expect(await command({ app, args: { ...args }, out, stdin: null, actor: "test" })).toBe(0);
  return [...out.lines, ...out.notes].join("\n");
}
const reopen = async (text: ConfigText) => {
  await app?.close();
  app = await openTestApp(join(folder, "data"), text);
};

beforeAll(() => reopen({}));
afterAll(() => app.close());

test("a replay keeps what it cannot read without loss, says why, and a new reading of the source gives all of it, once", async () => {
  const plain = file("plain.ndjson", lines({ acme: 1, id: "a1", at, call: "get", who: "ann" }));
  const secret = file("secret.ndjson", lines({ acme: 1, id: "a2", at, call: "get", who: "ann", key: KEY }));
  const drawn = file("drawn.ndjson", lines({ acme: 1, at, call: "get", who: "ann", note: `password=${KEY}` }));
  const long = file(
    "long.ndjson",
    lines({ acme: 1, id: "a4", at, call: "get", who: "ann", text: "lorem ".repeat(20_000) }),
  );
  const twins = file(
    "twins.ndjson",
    lines({ acme: 1, at, call: "list", who: "bob" }, { acme: 1, at, call: "list", who: "bob" }),
  );
  const all = [plain, secret, drawn, long, twins];
  await run(ingest, { paths: all });
  expect([await open(), await events()]).toEqual([6, []]);

  await reopen(map({ acme: 1 }));
  const said = await run(deadLettersReplay, {});
  expect(said).toContain("3 of 6 dead letters could be read now and gave 3 events; 3 stay.");
  expect(said).toMatch(/1 .*key.* redacted/);
  expect(said).toMatch(/1 .*no id of its own/);
  expect(said).toMatch(/1 .*cut at 64 KiB/);
  expect(said).toContain("keywatch ingest <paths> --again");
  const replayed = await events();
  expect(replayed).toHaveLength(3);
  expect(replayed.every((e) => e.position.startsWith("file:") && e.key_uid === null)).toBe(true);

  // The same paths under new names: a file is known by its content.
  renameSync(plain, `${plain}.1`);
  const known = await run(ingest, { paths: [`${plain}.1`, secret] });
  expect(known).toContain("2 files were read before; --again reads them anew.");
  expect(await run(ingest, { paths: [long] })).toContain("1 file was read before; --again reads it anew.");

  const again = await run(ingest, { paths: [`${plain}.1`, secret, drawn, long, twins], again: true });
  expect(again).toContain("3 new events, 3 known already");
  const whole = await events();
  expect(whole).toHaveLength(6);
  expect(whole.find((e) => e.event_uid === "a2")?.key_uid).toBe(app.parts.fingerprint("acme", KEY));
  expect(await open()).toBe(0);
  expect(await run(ingest, { paths: [secret, twins], again: true })).toContain("0 new events, 3 known already");
});

test("a letter is tried with the provider that it came under, before the others", async () => {
  await reopen({});
  const named = file("named.ndjson", lines({ acme: 2, id: "b1", seen: at, at: "later", call: "get", who: "ann" }));
  await reopen(map({ acme: 1 }));
  await run(ingest, { paths: [named], provider: "acme" });
  expect(await open()).toBe(1);
  const [letter] = (await app.store.rows("SELECT provider, raw FROM dead_letters FINAL WHERE status = 'open'")) as {
    provider: string;
    raw: string;
  }[];
  expect(letter?.provider).toBe("acme");
  // The time stood elsewhere; `auto` would not know the record, for its claim is another one.
  await reopen(map({ acme: 1 }, "seen"));
  const yielded = emptyYield();
  createNormalizer(app.parts, { provider: "auto", position: "test", now: app.now }).read(
    Buffer.from(letter!.raw),
    null,
    yielded,
  );
  expect(yielded.events).toEqual([]);
  expect(await run(deadLettersReplay, {})).toContain(
    "1 of 1 dead letters could be read now and gave 1 events; 0 stay.",
  );
});
