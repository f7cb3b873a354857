import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type App, openApp } from "../../cli/app.ts";
import { sourceLines } from "../../cli/doctor/sources.ts";
import { addInventory } from "../../cli/inventory_store.ts";
import { sourcesOf } from "../../cli/web/sources.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { postureFindings } from "../../schemas/queries/posture.ts";
import { httpReceiver } from "../alert/receivers.ts";
import { fakeClock } from "../alert/support.ts";
import { loadedFor, tempFolder } from "../support.ts";
import { at, call, type Record } from "./play.ts";
import { listed } from "./scenario.ts";

/* The golden scenarios that need time to pass: the whole pipeline on a real store and a real receiver, with a clock that the test moves. */

const STEP_MS = 15 * MINUTE_MS;
const OTHER = "444455556666";
let hook: Awaited<ReturnType<typeof httpReceiver>>;
let clock: ReturnType<typeof fakeClock>;
let app: App;

beforeEach(async () => {
  hook = await httpReceiver();
  clock = fakeClock(at(0));
  const secrets = [`whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`];
  app = await openApp({
    loaded: loadedFor(tempFolder(), {
      receivers: [
        { name: "hook", channels: [{ kind: "webhook", url: hook.url, secrets, allow_private_addresses: true }] },
      ],
      route: { receiver: "hook", group_wait: "30s", repeat_interval: "30d" },
    }),
    log: pino({ level: "silent" }),
    now: clock.now,
  });
}, 60_000);
afterEach(async () => {
  await app.close();
  await hook.stop();
});

function yielded(records: readonly Record[]) {
  const normalizer = createNormalizer(app.parts, { provider: "auto", position: "test:serve", now: clock.now });
  const into = emptyYield();
  for (const record of records) normalizer.read(Buffer.from(JSON.stringify(record)), null, into);
  return into;
}

/** readIn takes records as history, judged in the order of their events; nobody hears of it. */
async function readIn(records: readonly Record[], until: number): Promise<void> {
  clock.move(until - clock.now());
  const { range, whenStored } = await app.add(yielded(records));
  await app.writer.flush();
  await whenStored;
  await app.judge([range!], { report: true });
  await app.save();
}

/** goOn lives through time in steps: what came is taken, the clocks of detection and alerting tick. */
async function goOn(until: number, records: readonly Record[], stepMs = STEP_MS): Promise<void> {
  while (clock.now() < until) {
    const from = clock.now();
    clock.move(Math.min(stepMs, until - from));
    const came = records.filter((r) => Date.parse(r.eventTime) >= from && Date.parse(r.eventTime) < clock.now());
    if (came.length > 0) await app.take(yielded(came));
    await app.detector.tick();
    await app.alerter.tick();
  }
}

/** What the receiver was told: who or what, and the kinds of the transitions. */
const told = (): string[] =>
  hook.requests.map(({ body }) => {
    const { incident, transitions } = (
      JSON.parse(body) as { data: { incident: { title: string }; transitions: { kind: string }[] } }
    ).data;
    return `${incident.title}: ${transitions.map((t) => t.kind).join("+")}`;
  });

const stored = async (detection: string): Promise<Finding[]> =>
  (await app.store.ask(postureFindings, { detections: [detection], provider: "" }))
    .map(({ document }) => JSON.parse(document) as Finding)
    .sort((a, b) => a.first_seen - b.first_seen);

/** How likely the source was to speak in a quarter of an hour of the silence. */
const chance = ({ anomaly: { facts } }: Finding): number =>
  Number(facts.expected_quarter_hours) / (Number(facts.silent_minutes) / 15);

/** life is an account that calls every ten minutes. */
const life = (from: number, to: number, account: string): Record[] =>
  Array.from({ length: Math.floor((to - from) / (10 * MINUTE_MS)) }, (_, i) =>
    call(from + i * 10 * MINUTE_MS, "s3:GetObject", { account, user: account === OTHER ? "other" : "reporter" }),
  );
const OWN = "111122223333";

describe("golden scenarios in time", () => {
  test("18: a source that is missing for 3 h is told, is told again when it speaks, and no zeros are learned", async () => {
    const silent = [at(21, 10), at(28, 10)];
    const both = (from: number, to: number) => [...life(from, to, OWN), ...life(from, to, OTHER)];
    await readIn(both(at(0), at(21)), at(21));
    await goOn(silent[0]!, both(at(21), silent[0]!));
    expect(told()).toEqual([]);
    await goOn(silent[0]! + 3 * HOUR_MS, life(silent[0]!, silent[0]! + 3 * HOUR_MS, OTHER));
    const title = `aws_cloudtrail ${OWN}: Log source fell silent`;
    expect(told()).toEqual([`${title}: opened`]);
    expect(await app.alerter.list()).toMatchObject([
      { severity: "medium", status: "open", key_uid: null, account: OWN },
    ]);
    const [source] = (await sourcesOf(app)).sources;
    expect([source!.health, source!.words]).toEqual(["silent", expect.stringContaining(`${OWN} has said nothing for`)]);
    expect((await sourceLines(app)).map((l) => `${l.state} ${l.says}`)).toContainEqual(
      expect.stringMatching(`^warn aws_cloudtrail ${OWN} has said nothing for`),
    );
    await goOn(silent[0]! + 5 * HOUR_MS, both(silent[0]! + 3 * HOUR_MS, silent[0]! + 5 * HOUR_MS));
    expect(told()).toEqual([`${title}: opened`, `${title}: resolved`]);
    expect((await sourcesOf(app)).sources).toMatchObject([{ health: "fresh" }]);
    expect(await app.alerter.list()).toMatchObject([{ status: "resolved", verdict: null }]);

    await readIn(both(silent[0]! + 5 * HOUR_MS, silent[1]!), silent[1]!);
    await goOn(silent[1]! + 3 * HOUR_MS, life(silent[1]!, silent[1]! + 3 * HOUR_MS, OTHER));
    const [first, second] = await stored("source_silent");
    expect(first).toMatchObject({ first_seen: silent[0], resolved_at: silent[0]! + 3 * HOUR_MS });
    expect(second).toMatchObject({ first_seen: silent[1], resolved_at: null });
    // A silent hour that was learned would make the next one likelier.
    expect(chance(second!)).toBeGreaterThan(chance(first!) - 0.005);
    expect(told()).toHaveLength(3);
  }, 240_000);

  test("19: a silence with an end suppresses and counts, then the incident speaks again", async () => {
    await addInventory(app.store, { keys: [listed("reporter", { access: "read" })] }, 0, app.parts.fingerprint);
    await app.reloadInventory();
    await app.alerter.silence({
      ...{ kind: "silence_add", id: "s1", actor: "ann", at: clock.now(), matchers: ["key_name=reporter"] },
      ...{ reason: "the bot is moved", starts_at: clock.now(), ends_at: clock.now() + HOUR_MS },
    });
    const write = (minute: number, operation: string) => call(at(0, 0, minute), operation);
    await goOn(at(0, 0, 50), [write(5, "s3:PutObject"), write(20, "s3:DeleteObject")], 5 * MINUTE_MS);
    expect(told()).toEqual([]);
    expect(await app.alerter.list()).toMatchObject([{ status: "open", detections: ["write_on_read_only_key"] }]);
    expect(await app.alerter.silences()).toMatchObject([{ hits: 1 }]);
    await goOn(at(0, 1, 10), [], 5 * MINUTE_MS);
    expect(told()).toEqual([expect.stringMatching(/^reporter: Write call on a read-only key.*: opened/)]);
    // It is told once; what it grows by afterwards is no news, until it wakes again.
    await goOn(at(0, 3), [write(100, "s3:PutObject")], 10 * MINUTE_MS);
    expect(told()).toHaveLength(1);
    await goOn(at(0, 3) + 26 * HOUR_MS, [], HOUR_MS);
    expect(told().slice(1)).toEqual([expect.stringMatching(/: resolved$/)]);
    await goOn(at(2), [call(at(1, 23), "s3:PutObject")], 10 * MINUTE_MS);
    expect(told().slice(2)).toEqual([expect.stringMatching(/: (opened|reopened)$/)]);
  }, 240_000);
});

test("a day of the scenarios has 24 hours", () => {
  expect(at(1) - at(0)).toBe(DAY_MS);
});
