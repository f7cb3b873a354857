import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ruleDetections } from "../../cli/rules.ts";
import { catalogue } from "../../detect/catalogue.ts";
import type { DetectEvent } from "../../detect/detection.ts";
import type { Engine } from "../../detect/engine.ts";
import { PackedProfile } from "../../detect/packed_profile.ts";
import { emptyProfile, profileText } from "../../detect/profile.ts";
import { createProfileBook } from "../../detect/profile_book.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { type Draws, draws } from "../quality/random.ts";
import { byTime, engineFor, event, MONDAY, THIEF } from "./make.ts";

/* Packing the profiles of quiet keys changes nothing: no finding, no word of one, no stored profile, for any batch size and moment. */

const DAYS = 34;
const KEYS = 8;
const RULES = join(packageRoot, "test", "detect", "rules");
/** Closing and immediate detections, and a rule of the operator: what each remembers is of another kind. */
const EXPECTED = ["new_source", "new_operation", "denied_enumeration", "key_made_and_log_stopped"];
const NEVER = Number.POSITIVE_INFINITY;
const ALWAYS = 0;

const home = (k: number): Partial<DetectEvent> => ({
  ...{ key_uid: `aws_cloudtrail:k${k}`, key_hint: `AKIA…000${k}`, account: k < 6 ? "111122223333" : "444455556666" },
  ...{ principal_uid: `arn:aws:iam::111122223333:user/u${k >> 1}`, principal: `u${k >> 1}` },
  ...{ src_ip: `203.0.113.${10 + k}`, lat: k === 3 ? null : 52.52, lon: k === 3 ? null : 13.405 },
});

/** office is what a key does each day, with an hour in which it is denied now and then. */
function office(d: Draws, k: number, day: number): DetectEvent[] {
  if (d.chance(0.15) || (k === 5 && day < 20)) return [];
  return Array.from({ length: 2 + d.int(8) }, () =>
    event({
      ...home(k),
      time: MONDAY + day * DAY_MS + (8 + d.int(9)) * HOUR_MS + d.int(HOUR_MS),
      operation: d.pick(["GetObject", "ListObjects", "PutObject"]),
      outcome: d.chance(0.05) ? "denied" : "success",
      resources: d.chance(0.6) ? [`bucket/${d.int(400)}`] : [],
      user_agent_family: d.pick(["Boto3", "aws-cli"]),
    }),
  );
}

/** odd is a visit that gives findings: a foreign place, denied calls, sensitive and deleting ones, a role session. */
function odd(d: Draws, k: number, day: number): DetectEvent[] {
  const start = MONDAY + day * DAY_MS + d.int(DAY_MS);
  const place = d.pick([THIEF, { ...THIEF, src_ip: "192.0.2.9", src_net: "192.0.2.0/24", asn: 64520, country: "RU" }]);
  return Array.from({ length: 3 + d.int(14) }, (_, i) =>
    event({
      ...home(k),
      ...place,
      time: start + i * d.int(2 * MINUTE_MS),
      operation: d.pick(["DeleteBucket", "StopLogging", "CreateAccessKey", `List${"ABCDEFG"[i % 7]}`]),
      service: d.pick(["iam", "s3", "cloudtrail"]),
      verb_class: d.pick(["admin", "read", "write"]),
      outcome: d.chance(0.5) ? "denied" : "success",
      ...(d.chance(0.3) ? { session_uid: `s${d.int(3)}`, session_kind: "assumed_role" as const } : {}),
    }),
  );
}

/** story gives events in the order of their arrival: some a few minutes late, a few by hours. */
function story(seed: number): DetectEvent[] {
  const d = draws("packing", seed);
  const events: DetectEvent[] = [];
  for (let day = 0; day < DAYS; day++)
    for (let k = 0; k < KEYS; k++) {
      events.push(...office(d, k, day));
      if (day > 16 && d.chance(0.06)) events.push(...odd(d, k, day));
    }
  const arrival = new Map(
    byTime(events).map((e) => [e, e.time + d.int(14 * MINUTE_MS) + (d.chance(0.003) ? 7 * HOUR_MS : 0)]),
  );
  return [...arrival].sort(([, a], [, b]) => a - b).map(([e]) => e);
}

const detections = [...catalogue, ...ruleDetections(RULES)];
const engineThat = (maxUnpacked: number): Engine => engineFor([], { detections, maxUnpacked });

const rowsOf = (engine: Engine): [string, string][] =>
  engine
    .takeDirty()
    .map((r): [string, string] => [r.subject_uid, r.state])
    .sort(([a], [b]) => (a < b ? -1 : 1));

const judge = (engine: Engine, events: readonly DetectEvent[], sorted = false): Finding[] =>
  engine.process(events, { sorted, now: Number.MAX_SAFE_INTEGER });

describe("packing", () => {
  test.each([
    [1, 1],
    [2, 7],
    [3, 60],
    [4, 900],
  ])("changes nothing of what any step says or stores: story %i, %i events a step", (seed, batch) => {
    const events = story(seed);
    const [plain, packed] = [engineThat(NEVER), engineThat(ALWAYS)];
    const kinds = new Set<string>();
    for (let i = 0; i < events.length; i += batch) {
      const some = events.slice(i, i + batch);
      const found = judge(plain, some);
      expect(judge(packed, some)).toEqual(found);
      for (const f of found) kinds.add(f.detection);
      if (i % 40 === 0) expect(rowsOf(packed)).toEqual(rowsOf(plain));
    }
    for (const step of [
      (e: Engine) => e.advance("aws_cloudtrail", MONDAY + (DAYS + 1) * DAY_MS),
      (e: Engine) => e.finish(),
    ])
      expect(step(packed)).toEqual(step(plain));
    expect(rowsOf(packed)).toEqual(rowsOf(plain));
    expect([...kinds]).toEqual(expect.arrayContaining(EXPECTED));
  });

  test("leaves the findings of a closed input as they are, whatever its steps", () => {
    const events = byTime(story(5));
    const all = (engine: Engine, batch: number) => {
      const found = new Map<string, Finding>();
      const keep = (findings: Finding[]) => {
        for (const f of findings) found.set(f.uid, f);
      };
      for (let i = 0; i < events.length; i += batch) keep(judge(engine, events.slice(i, i + batch), true));
      keep(engine.finish());
      keep(engine.advance("aws_cloudtrail", MONDAY + (DAYS + 1) * DAY_MS));
      return { found: [...found.keys()].sort(), rows: rowsOf(engine) };
    };
    const wanted = all(engineThat(NEVER), events.length);
    expect(wanted.found.length).toBeGreaterThan(50);
    for (const batch of [1, 400]) expect(all(engineThat(ALWAYS), batch), `batch ${batch}`).toEqual(wanted);
    for (const maxUnpacked of [1, 3]) expect(all(engineThat(maxUnpacked), 13), `${maxUnpacked}`).toEqual(wanted);
  });

  test("goes on where stored profiles were loaded, verdicts came and subjects were forgotten", () => {
    const events = story(6);
    const run = (maxUnpacked: number) => {
      const said: Finding[] = [];
      let engine = engineThat(maxUnpacked);
      for (let i = 0; i < events.length; i += 25) {
        said.push(...judge(engine, events.slice(i, i + 25)));
        if (i === 1_500) {
          const rows = engine.takeDirty();
          engine = engineThat(maxUnpacked);
          engine.load(rows);
        }
        if (i === 1_000) engine.forget(new Set(["aws_cloudtrail:k2"]));
        if (i % 200 === 0 && said.length > 0) {
          const { uid, subject_uid, last_seen } = said.at(-1)!;
          const verdict = i % 400 === 0 ? "expected" : "true_positive";
          const when = { incident_uid: "i", n: 1, effective_at: last_seen };
          engine.setVerdicts([{ ...when, subject_uid, verdict, finding_uids: [uid], members: [] }]);
        }
      }
      return { said: [...said, ...engine.finish()], rows: rowsOf(engine) };
    };
    expect(run(ALWAYS)).toEqual(run(NEVER));
  });
});

describe("the book of profiles", () => {
  const fresh = (e: DetectEvent) => emptyProfile(e.subject_uid, e.provider);
  const of = (k: number) => event({ ...home(k), time: MONDAY });

  test("packs quiet profiles only where there are many, and none with an open window", () => {
    let told = 0;
    const book = createProfileBook(fresh, { maxUnpacked: 4, onManyKeys: () => told++ });
    for (const k of [0, 1, 2]) book.of(of(k));
    book.packQuiet();
    expect(book.unpacked("aws_cloudtrail:k0")).not.toBeNull();
    expect(told).toBe(0);
    const busy = book.of(of(3));
    busy.callWindows = new Map([[MONDAY, {} as never]]);
    book.packQuiet();
    expect([0, 1, 2, 3].map((k) => book.unpacked(`aws_cloudtrail:k${k}`) !== null)).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect([book.size(), told]).toEqual([4, 1]);
    expect(book.missing([of(0), of(4)])).toEqual(["aws_cloudtrail:k4"]);
  });

  test("gives a packed profile back when it is asked for, and packs it again after a change", () => {
    const book = createProfileBook(fresh, { maxUnpacked: 0 });
    book.of(of(0));
    book.packQuiet();
    book.change("aws_cloudtrail:k0", (p) => {
      p.firstSeen = 7;
      p.dirty = true;
    });
    expect(book.unpacked("aws_cloudtrail:k0")).toBeNull();
    expect(JSON.parse(book.takeDirty()[0]!.state)).toMatchObject({ firstSeen: 7 });
    expect(book.takeDirty()).toEqual([]);
    expect(book.get("aws_cloudtrail:k0")!.firstSeen).toBe(7);
  });

  test("drops stored profiles with nothing open, packed or not, the longest silent first", () => {
    const book = createProfileBook(fresh, { maxUnpacked: 0 });
    for (const k of [0, 1, 2]) book.of(of(k)).sealed.lastTime = 3 - k;
    book.packQuiet();
    book.of(of(2));
    expect(book.dropCold(1)).toEqual(["aws_cloudtrail:k2", "aws_cloudtrail:k1"]);
    expect(book.size()).toBe(1);
  });
});

test("a packed profile is the same again, with objects beyond those that are listed", () => {
  const engine = engineThat(NEVER);
  const reads = Array.from({ length: 40 }, (_, i) =>
    event({
      time: MONDAY + i * HOUR_MS,
      bytes_out: 1_500_000,
      resources: Array.from({ length: 10 }, (_, n) => `bucket/${i}/${n}`),
    }),
  );
  judge(engine, reads, true);
  engine.advance("aws_cloudtrail", MONDAY + 9 * DAY_MS);
  const profile = engine.profile("aws_cloudtrail:k1")!;
  expect(profile.sealed.objects.filled).toBeGreaterThan(128);
  expect(profile.sealed.bytes.sum).toBeGreaterThan(50);
  expect(profileText(new PackedProfile(profile).unpack())).toBe(profileText(profile));
});
