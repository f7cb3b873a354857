import { describe, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import type { Engine } from "../../detect/engine.ts";
import { createFleet } from "../../detect/fleet/fleet.ts";
import { DAY_MS, dayOf, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { Signal } from "../../schemas/signal.ts";
import { byTime, closed, engineFor, event, MONDAY, streamed } from "./make.ts";

const OTHER = "444455556666";
const LATENESS = 15 * MINUTE_MS;

/** busy is an account that speaks every ten minutes; `speaks` leaves out what it does not say. */
function busy(
  from: number,
  to: number,
  over: Partial<DetectEvent> = {},
  speaks: (time: number) => boolean = () => true,
): DetectEvent[] {
  const events: DetectEvent[] = [];
  for (let time = from + 3 * MINUTE_MS; time < to; time += 10 * MINUTE_MS)
    if (speaks(time)) events.push(event({ time, ...over }));
  return events;
}
const without = (from: number, to: number) => (time: number) => time < from || time >= to;
const office = (time: number) =>
  (dayOf(time) + 3) % 7 < 5 && time % DAY_MS >= 8 * HOUR_MS && time % DAY_MS < 17 * HOUR_MS;

const OUT = MONDAY + 30 * DAY_MS + 10 * HOUR_MS;
const BACK = OUT + 5 * HOUR_MS;
/** Two accounts for 33 days; one says nothing for five hours. */
const story = () => [
  ...busy(MONDAY, MONDAY + 33 * DAY_MS, {}, without(OUT, BACK)),
  ...busy(MONDAY, MONDAY + 33 * DAY_MS, { account: OTHER, key_uid: "aws_cloudtrail:k2" }),
];

const silences = (findings: Finding[]) => findings.filter((f) => f.detection === "source_silent");
const uids = (findings: Finding[]) => findings.map((f) => f.uid).sort();

/** Live is an engine whose time is moved by the clock every quarter of an hour, as `serve` does; it remembers the newest findings. */
function live(engine: Engine, now: number) {
  const found = new Map<string, Finding>();
  const keep = (findings: Finding[]) => {
    for (const f of findings) found.set(f.uid, f);
  };
  return {
    /** Takes events as they come until a time, and moves the clock along. */
    until(to: number, events: DetectEvent[] = []) {
      let next = 0;
      for (; now <= to; now += 15 * MINUTE_MS) {
        const begin = next;
        while (next < events.length && events[next]!.time <= now) next++;
        if (next > begin) keep(engine.process(events.slice(begin, next), { sorted: false, now }));
        for (const provider of engine.providers()) keep(engine.advance(provider, now - 2 * LATENESS));
      }
      return silences([...found.values()]);
    },
  };
}

describe("a source that falls silent", () => {
  test("is told with its arithmetic, and the finding ends when it speaks again", () => {
    const [f, ...more] = silences(closed(engineFor(), story()));
    expect(more).toEqual([]);
    expect(f).toMatchObject({
      ...{ severity: "medium", kind: "fleet", account: "111122223333", key_uid: null, members: [] },
      ...{ first_seen: OUT, resolved_at: BACK },
    });
    expect(f!.reasons.join(" ")).toMatch(
      /said nothing for 5 h.*speaks again.*of 20 quarter hours.*less than 1 in a trillion.*1 other source, 1 spoke/,
    );
    expect(f!.anomaly.p).toBeLessThan(1e-12);
    expect(f!.anomaly.history.days).toBe(30);
    expect(f!.runbook.join(" ")).toContain("trail");
  });

  test("has the same uid whatever the order within lateness, the batch, and whether a clock ran", () => {
    const events = byTime(story());
    const wanted = uids(silences(closed(engineFor(), events)));
    let state = 1;
    const jitter = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state / 2 ** 32) * 14 * MINUTE_MS;
    };
    const shuffled = [...events, ...events]
      .map((e) => ({ e, at: e.time + jitter() }))
      .sort((a, b) => a.at - b.at)
      .map(({ e }) => e);
    for (const batch of [1, 100, 10_000])
      expect(uids(silences(streamed(engineFor(), shuffled, batch))), `batches of ${batch}`).toEqual(wanted);
    const engine = engineFor();
    expect(uids(live(engine, MONDAY).until(MONDAY + 33 * DAY_MS, events))).toEqual(wanted);
  });

  test("is told by the clock alone, as soon as its rhythm makes that implausible, and lasts while it does", () => {
    const run = live(engineFor(), MONDAY);
    const events = busy(MONDAY, OUT);
    expect(run.until(OUT + HOUR_MS, events)).toEqual([]);
    const [f] = run.until(OUT + 2.5 * HOUR_MS);
    expect(f).toMatchObject({ first_seen: OUT, resolved_at: null });
    const [later] = run.until(OUT + 31 * HOUR_MS);
    expect(later!.version).toBeGreaterThan(f!.version);
    expect(later!.reasons[0]).toContain("30 h");
  });

  test("is told once where it rests at night and over the weekend: not on a Sunday, not on two holidays, but when it stays away", () => {
    const weeks = busy(MONDAY, MONDAY + 40 * DAY_MS, {}, office);
    const friday = MONDAY + 40 * DAY_MS - 7 * HOUR_MS;
    const run = live(engineFor(), MONDAY);
    expect(
      run.until(
        friday + 63 * HOUR_MS,
        weeks.filter((e) => e.time < friday),
      ),
    ).toEqual([]);
    const tuesday = MONDAY + 43 * DAY_MS;
    expect(run.until(tuesday + 23 * HOUR_MS)).toEqual([]);
    expect(run.until(tuesday + 4 * DAY_MS)).toHaveLength(1);
  });

  test("is told of no source that is new or that speaks seldom", () => {
    const fresh = live(engineFor(), MONDAY);
    expect(fresh.until(MONDAY + 20 * DAY_MS, busy(MONDAY, MONDAY + 10 * DAY_MS))).toEqual([]);
    const seldom = live(engineFor(), MONDAY);
    const nightly = busy(MONDAY, MONDAY + 60 * DAY_MS, {}, (t) => t % DAY_MS < HOUR_MS);
    expect(seldom.until(MONDAY + 90 * DAY_MS, nightly)).toEqual([]);
  });

  test("is not learned as rest: the same silence a week later is as unlikely; the third is the new rhythm", () => {
    const hole = (week: number) => [OUT + 7 * week * DAY_MS, BACK + 7 * week * DAY_MS] as const;
    const speaks = (t: number) => ![0, 1, 2, 3].some((week) => !without(...hole(week))(t));
    const found = silences(closed(engineFor(), busy(MONDAY, MONDAY + 60 * DAY_MS, {}, speaks)));
    expect(found.map((f) => f.first_seen)).toEqual([0, 1, 2].map((week) => hole(week)[0]));
    expect(found[1]!.anomaly.facts.expected_quarter_hours).toBeGreaterThanOrEqual(
      Number(found[0]!.anomaly.facts.expected_quarter_hours),
    );
  });
});

describe("a closed input", () => {
  test("that ends says nothing of its end", () => {
    expect(silences(closed(engineFor(), busy(MONDAY, MONDAY + 30 * DAY_MS)))).toEqual([]);
  });

  test("in which one source stops while the others go on tells it by their clock", () => {
    const other = { account: "org", provider: "github_audit", key_uid: "github_audit:k2" };
    const events = [...busy(MONDAY, OUT), ...busy(MONDAY, OUT + DAY_MS, other)];
    const [f] = silences(closed(engineFor(), events));
    expect(f).toMatchObject({ provider: "aws_cloudtrail", first_seen: OUT, resolved_at: null });
  });

  test("about one account says nothing of another that was read in before", () => {
    const engine = engineFor();
    closed(
      engine,
      story().filter((e) => e.time < OUT),
    );
    const more = busy(OUT, OUT + 2 * DAY_MS, { account: OTHER, key_uid: "aws_cloudtrail:k2" });
    expect(silences(closed(engine, more))).toEqual([]);
  });
});

describe("over a restart", () => {
  const restarted = (engine: Engine): Engine => {
    const next = engineFor();
    next.load(engine.takeDirty());
    return next;
  };

  test("a silence goes on, told before or not yet, with the same uid, and ends", () => {
    const events = byTime(story());
    const wanted = uids(silences(closed(engineFor(), events)));
    for (const cut of [OUT + 20 * MINUTE_MS, OUT + 4 * HOUR_MS]) {
      const first = engineFor();
      const before = live(first, MONDAY).until(cut, events);
      const after = live(restarted(first), cut + MINUTE_MS).until(
        MONDAY + 33 * DAY_MS,
        events.filter((e) => e.time > cut),
      );
      expect(uids([...new Map([...before, ...after].map((f) => [f.uid, f])).values()])).toEqual(wanted);
      expect(after.at(-1)?.resolved_at).toBe(BACK);
    }
  });

  test("what came while nobody listened is waited for; then its absence is told", () => {
    const first = engineFor();
    live(first, MONDAY).until(OUT, busy(MONDAY, OUT));
    const start = OUT + 6 * HOUR_MS;
    const silent = live(restarted(first), start);
    expect(silent.until(start + 30 * MINUTE_MS)).toEqual([]);
    expect(silent.until(start + 2 * HOUR_MS)).toMatchObject([{ first_seen: OUT }]);
    const second = engineFor();
    live(second, MONDAY).until(OUT, busy(MONDAY, OUT));
    const caughtUp = live(restarted(second), start);
    expect(caughtUp.until(start + 3 * HOUR_MS, busy(OUT, start + 3 * HOUR_MS))).toEqual([]);
  });

  test("what many keys share, and what a provider did to them, goes on", () => {
    const keys = Array.from({ length: 6 }, (_, i) => `aws_cloudtrail:k${i}`);
    const moves = (time: number, key: string): Signal => ({
      ...{ kind: "new_network", provider: "aws_cloudtrail", account: null, subject_uid: key, time, value: "AS64510" },
      event_uid: `e-${key}`,
    });
    const fails = (time: number): Signal => ({
      ...{ kind: "window", provider: "aws_cloudtrail", account: null, subject_uid: "", time, value: "", event_uid: "" },
      ...{ active: 6, failing: keys },
    });
    const signals = [...keys.map((key, i) => moves(OUT + i * MINUTE_MS, key)), fails(OUT), fails(OUT + 15 * MINUTE_MS)];
    const whole = createFleet();
    const wanted = new Map(whole.take(signals).map((f) => [f.uid, f]));
    expect(wanted.size).toBe(2);
    for (let cut = 1; cut < signals.length; cut++) {
      const first = createFleet();
      const found = new Map(first.take(signals.slice(0, cut)).map((f) => [f.uid, f]));
      const second = createFleet();
      second.load(first.text());
      for (const f of second.take(signals.slice(cut))) found.set(f.uid, f);
      expect(found, `cut at ${cut}`).toEqual(wanted);
    }
  });
});

test("a key of a source that was silent is not called dormant", () => {
  const daily = (from: number, to: number) => busy(from, to, { account: "111122223333" }, (t) => t % DAY_MS < HOUR_MS);
  const away = MONDAY + 60 * DAY_MS;
  const dormant = (others: DetectEvent[]) =>
    closed(engineFor(), [...daily(MONDAY, away), ...daily(away + 45 * DAY_MS, away + 46 * DAY_MS), ...others]).filter(
      (f) => f.detection === "dormant_key_used" && f.subject_uid.endsWith("k1"),
    );
  const life = { key_uid: "aws_cloudtrail:k2" };
  expect(dormant(busy(MONDAY, away + 46 * DAY_MS, life))).toHaveLength(1);
  expect(dormant(busy(MONDAY, away + 46 * DAY_MS, life, without(away, away + 45 * DAY_MS)))).toEqual([]);
});

describe("several engines that each see a part of an account", () => {
  /** Parts are engines of partitions, whose signals one fleet hears as they are told. */
  function cluster(count: number) {
    const signals: Signal[] = [];
    const fleet = createFleet();
    const found = new Map<string, Finding>();
    const engines = Array.from({ length: count }, (_, i) =>
      engineFor([], { name: `p/${i}`, onSignals: (told) => void signals.push(...told) }),
    );
    const hear = () => {
      for (const f of fleet.take(signals.splice(0))) found.set(f.uid, f);
      return silences([...found.values()]);
    };
    const read = (engine: Engine, events: DetectEvent[]) => {
      for (const e of events) engine.process([e], { sorted: false, now: MONDAY + 90 * DAY_MS });
      return hear();
    };
    return { engines, hear, read };
  }
  /** What one of them hears, and the hours that only the other does. */
  const [NIGHT, MORNING] = [OUT - DAY_MS, OUT - 14 * HOUR_MS];
  const most = busy(MONDAY, MONDAY + 33 * DAY_MS, {}, without(NIGHT, MORNING));
  const few = busy(MONDAY, MONDAY + 33 * DAY_MS, {}, (t) => t % DAY_MS < HOUR_MS || !without(NIGHT, MORNING)(t));

  /** Both read in step until that night; then one is ahead. */
  function inStep({ engines, read }: ReturnType<typeof cluster>): Finding[] {
    const [ahead, behind] = engines;
    for (let day = MONDAY; day < NIGHT; day += DAY_MS) {
      const part = (e: DetectEvent) => e.time >= day && e.time < Math.min(day + DAY_MS, NIGHT);
      read(ahead!, most.filter(part));
      read(behind!, few.filter(part));
    }
    return read(
      ahead!,
      most.filter((e) => e.time >= NIGHT),
    );
  }
  const rest = few.filter((e) => e.time >= NIGHT);
  const END = MONDAY + 33 * DAY_MS;

  test("silent is what none of them hears, by the slowest clock", () => {
    const { engines, hear } = cluster(2);
    const [one, two] = engines;
    for (let time = MONDAY; time < OUT + 4 * HOUR_MS; time += 15 * MINUTE_MS) {
      if (time < OUT) {
        const half = Math.floor(time / (15 * MINUTE_MS)) % 2 === 0 ? one! : two!;
        half.process([event({ time: time + MINUTE_MS })], { sorted: false, now: time + MINUTE_MS });
      }
      one!.advance("aws_cloudtrail", time);
      if (time < OUT + HOUR_MS / 2) two!.advance("aws_cloudtrail", time);
      hear();
    }
    expect(hear()).toEqual([]);
    two!.advance("aws_cloudtrail", OUT + 4 * HOUR_MS);
    expect(hear()).toMatchObject([{ detection: "source_silent", first_seen: OUT }]);
  });

  test("what one of them reads days behind the other was not silent", () => {
    const both = cluster(2);
    expect(inStep(both)).toEqual([]);
    expect(both.read(both.engines[1]!, rest)).toEqual([]);
  });

  test("the clock of one does not call silent what another has still to read", () => {
    const both = cluster(2);
    inStep(both);
    const [ahead, behind] = both.engines;
    for (let time = END - 2 * HOUR_MS; time < END; time += 15 * MINUTE_MS) ahead!.advance("aws_cloudtrail", time);
    expect(both.hear()).toEqual([]);
    both.read(behind!, rest);
    behind!.advance("aws_cloudtrail", END);
    expect(both.hear()).toEqual([]);
  });

  test("one whose keys rest for good does not keep a silence from being told", () => {
    const { engines, read, hear } = cluster(2);
    const [one, two] = engines;
    const all = busy(MONDAY, OUT);
    const early = all.filter((e) => e.time < MONDAY + 20 * DAY_MS);
    read(one!, early);
    read(two!, early);
    two!.finish("aws_cloudtrail");
    read(one!, all.slice(early.length));
    for (let time = OUT; time <= OUT + 4 * HOUR_MS; time += 15 * MINUTE_MS) one!.advance("aws_cloudtrail", time);
    expect(hear()).toMatchObject([{ detection: "source_silent", first_seen: OUT }]);
  });

  test("a past that all of them have read holds the silences that one of them would find", () => {
    const { engines, read, hear } = cluster(2);
    const events = byTime(story());
    const wanted = silences(closed(engineFor(), events));
    expect(wanted).toHaveLength(1);
    for (const [i, engine] of engines.entries())
      read(
        engine,
        events.filter((_, n) => n % 2 === i),
      );
    for (const engine of engines) engine.finish("aws_cloudtrail");
    expect(uids(hear())).toEqual(uids(wanted));
  });
});
