import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { rebuildCommand } from "../../cli/commands/rebuild.ts";
import { addInventory } from "../../cli/inventory_store.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import type { Store } from "../../schemas/store/store.ts";
import { ABROAD, at, call, keyOf, office, type Record } from "../scenarios/play.ts";
import { keywatch, tempFolder, until } from "../support.ts";
import { type Bench, openBench } from "./keys_store.ts";

const NOW = at(46);
const story = (): Record[] => [
  ...office(46),
  ...office(46, { user: "other" }),
  ...["iam:ListUsers", "iam:CreateAccessKey", "s3:PutObject"].map((o, i) =>
    call(at(42, 10, 31 + i), o, { from: ABROAD }),
  ),
];
const inventory = {
  keys: [{ name: "reporter", provider: "aws_cloudtrail", id: keyOf("reporter"), owner: "a", access: "read" }],
};

/** Profiles as the checkpoint names them, without what is written of the moment. */
async function profiles(store: Store): Promise<Map<string, object>> {
  const rows = await store.rows(
    "SELECT subject_uid, argMax(state, generation) AS state FROM profiles WHERE log = 'events' GROUP BY subject_uid ORDER BY subject_uid",
  );
  return new Map(
    rows
      .filter((r) => !String(r.subject_uid).startsWith("~"))
      .map((r) => [String(r.subject_uid), JSON.parse(String(r.state)) as object]),
  );
}
const findings = async (store: Store): Promise<unknown[]> =>
  store.rows("SELECT uid, event_count, severity FROM findings FINAL ORDER BY uid");
const sealed = (map: Map<string, object>) =>
  [...map].map(([uid, p]) => [uid, (p as { sealed: object }).sealed, (p as { pending: object }).pending]);

async function declare(bench: Bench): Promise<void> {
  await addInventory(bench.app.store, inventory, 0, bench.app.parts.fingerprint);
  await bench.app.reloadInventory();
}

const rebuilt = async (bench: Bench) =>
  JSON.parse((await bench.run(rebuildCommand, { alone: true, json: true })).lines[0]!) as { [k: string]: unknown };

describe("rebuild of an open store", () => {
  let bench: Bench;
  afterEach(() => bench.close());

  test("gives the profiles of a folder that was read, to the letter, and the same findings", async () => {
    bench = await openBench(NOW);
    await declare(bench);
    await bench.ingest(story());
    const [before, told] = [await profiles(bench.app.store), await findings(bench.app.store)];
    expect(told.length).toBeGreaterThan(3);
    // Whatever the profiles say now, they come from the events.
    await bench.app.store.command(
      "ALTER TABLE profiles UPDATE state = replace(state, 'GetObject', 'Forgotten') WHERE 1 SETTINGS mutations_sync = 2",
    );
    expect(await profiles(bench.app.store)).not.toEqual(before);
    expect(await rebuilt(bench)).toMatchObject({
      profiles: 2,
      findings: told.length,
      same: told.length,
      added: [],
      gone: [],
    });
    expect(await profiles(bench.app.store)).toEqual(before);
    expect(await findings(bench.app.store)).toEqual(told);
  }, 60_000);

  test("gives what ran live: the sealed habits of events that came one by one, and the same findings", async () => {
    bench = await openBench(NOW);
    await declare(bench);
    const normalizer = createNormalizer(bench.app.parts, { provider: "auto", position: "test", now: bench.app.now });
    const records = story().sort((a, b) => (a.eventTime < b.eventTime ? -1 : 1));
    for (let i = 0; i < records.length; i += 40) {
      const yielded = emptyYield();
      for (const record of records.slice(i, i + 40))
        normalizer.read(Buffer.from(JSON.stringify(record)), null, yielded);
      await bench.app.take(yielded);
    }
    await bench.app.detector.tick(() => "ended");
    await bench.app.save();
    const [before, told] = [await profiles(bench.app.store), await findings(bench.app.store)];
    const done = await rebuilt(bench);
    expect(done).toMatchObject({ same: told.length, added: [], gone: [] });
    // Live, the newest day waits for late events before it is sealed; a rebuild knows that it ended.
    const now = await profiles(bench.app.store);
    expect(sealed(now)).toEqual(sealed(before));
  }, 120_000);
});

describe("rebuild as a command", () => {
  test("killed before its checkpoint, the old profiles hold; run again, it comes to its end", async () => {
    const folder = tempFolder();
    const data = join(folder, "data");
    const file = join(folder, "a.ndjson");
    writeFileSync(
      file,
      story()
        .map((r) => JSON.stringify(r))
        .join("\n"),
    );
    expect((await keywatch(["--data", data, "ingest", file])).code).toBe(0);
    const sum = async () =>
      (
        await keywatch([
          "--data",
          data,
          "sql",
          "--format",
          "json",
          "select uniqExact(subject_uid) as n, max(generation) as g, sum(cityHash64(state)) as h from (select subject_uid, generation, state from profiles where log = 'events' order by generation desc limit 1 by subject_uid)",
        ])
      ).stdout;
    const before = JSON.parse(await sum()) as { n: number; g: number; h: string };
    // At whatever moment it is killed, the next command finds one whole state.
    for (const waitMs of [900, 1_700]) {
      const run = keywatch(["--data", data, "rebuild"]);
      setTimeout(() => run.child.kill("SIGKILL"), waitMs);
      await run;
      const { n, h } = JSON.parse(await sum()) as { n: number; g: number; h: string };
      expect({ n, h }).toEqual({ n: before.n, h: before.h });
    }
    const ran = await keywatch(["--data", data, "rebuild"]);
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/Learned 2 profiles from [\d,]+ events\./)]);
    const after = JSON.parse(await sum()) as { n: number; g: number; h: string };
    expect([after.n, after.h, after.g > before.g]).toEqual([before.n, before.h, true]);
  }, 400_000);

  test("is refused while serve runs", async () => {
    const folder = tempFolder();
    const data = join(folder, "data");
    let said = "";
    const serving = keywatch(["--data", data, "serve", "--listen", `127.0.0.1:${21_000 + (process.pid % 20_000)}`], {
      onOutput: (text) => {
        said = text;
      },
    });
    await until("the address", () => said.includes("is at http"));
    const ran = await keywatch(["--data", data, "rebuild"]);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("Stop `serve` first")]);
    serving.child.kill("SIGTERM");
    await serving;
  }, 60_000);
});
