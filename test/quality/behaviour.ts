import { haversine } from "../../detect/stats/haversine.ts";
import type { Agent, Call, Rhythm, Schedule } from "./agent.ts";
import { WINDOW_DAYS, windowOf } from "./agents.ts";
import { DAY, dayNumber, dayOfMonth, HOUR, isWeekend, MINUTE, monthOf, utcOf, weekday } from "./calendar.ts";
import { anyAddress, networkNamed } from "./places.ts";
import { type Draws, draws } from "./random.ts";
import { keyIdOf, sessionOf } from "./record.ts";
import { dayIs, isOn, type Surprise } from "./surprises.ts";

/** callsOf gives what an agent does on one local day, its own surprises included. The same arguments give the same calls. */
export function callsOf(seed: number, agent: Agent, day: number, surprises: readonly Surprise[]): Call[] {
  const r = draws(seed, "day", agent.name, day);
  const trip = agent.trips.find((t) => day >= t.fromDay && day <= t.toDay);
  const zone = trip?.zone ?? agent.zone;
  const mine = surprises.filter((s) => s.agents.includes(agent.name));
  const noon = utcOf(zone, day, 720);
  const resting = mine.some((s) => (s.kind === "vacation" || s.kind === "holiday") && isOn(s, noon));
  if (resting && !r.chance(0.04)) return [];
  const busy = mine.find((s) => s.kind === "launch" && isOn(s, noon)) ? 2.5 : 1;
  const through = (day - windowOf(seed)) / WINDOW_DAYS;
  const factor = busy * (1 + (agent.growth - 1) * Math.max(0, through));
  const runs = runsOf(agent.rhythm, zone, day, factor, r, trip !== undefined);
  const late = mine.find((s) => s.kind === "late_run" && dayIs(s, day));
  if (late) for (const run of runs) for (let i = 0; i < run.length; i++) run[i]! += late.shift;
  const calls = runs.flatMap((run) => {
    const session = sessionOf(agent, seed, run[0] ?? 0, r);
    const source = sourceOf(seed, agent, day, trip, mine, r);
    return run.map((time) => callOf(seed, agent, time, session, source, mine, r));
  });
  for (const s of mine) calls.push(...extra(seed, agent, day, s, mine, zone, trip, r));
  return withTrouble(
    calls.filter((c) => c.time >= agent.active.from && c.time < agent.active.until && !inFlight(agent, c.time)),
    mine,
    r,
  );
}

const FLIGHT_KMH = 800;
const AIRPORT = 3 * HOUR;

/** inFlight tells whether a traveller sits in an aeroplane, which leaves at three in the afternoon: nobody calls from there. */
function inFlight(agent: Agent, time: number): boolean {
  if (agent.trips.length === 0 || agent.source.type !== "fixed") return false;
  const home = networkNamed(agent.source.network).place;
  return agent.trips.some((trip) => {
    const there = networkNamed(trip.network).place;
    const lasts = AIRPORT + (haversine(home.lat!, home.lon!, there.lat!, there.lon!) / FLIGHT_KMH) * HOUR;
    const leaves = [utcOf(agent.zone, trip.fromDay - 1, 15 * 60), utcOf(trip.zone, trip.toDay, 15 * 60)];
    return leaves.some((from) => time >= from && time < from + lasts);
  });
}

/** runsOf gives the times of a day in runs: calls of one run share session and address. */
function runsOf(rhythm: Rhythm, zone: string, day: number, factor: number, r: Draws, onTrip: boolean): number[][] {
  switch (rhythm.type) {
    case "never":
      return [];
    case "cron": {
      if (!isDue(rhythm.on, day)) return [];
      const drift = r.normal(2, 2) * MINUTE;
      return rhythm.minutes.map((minute) => {
        const start = utcOf(zone, day, minute) + Math.max(0, drift);
        const count = Math.max(1, Math.round(rhythm.calls * factor * r.factor(0.2)));
        return Array.from({ length: count }, () => start + r.next() * rhythm.jitter * MINUTE);
      });
    }
    case "poll": {
      const offset = r.int(5);
      const runs: number[][] = [];
      for (let minute = offset; minute < 1440; minute += rhythm.every) {
        const start = utcOf("UTC", day, minute);
        runs.push(Array.from({ length: rhythm.calls }, () => start + r.next() * 3 * MINUTE));
      }
      return runs;
    }
    case "diurnal": {
      const scale = rhythm.perDay * factor * r.factor(rhythm.spread) * (isWeekend(day) ? rhythm.weekends : 1);
      const runs: number[][] = [];
      for (let hour = 0; hour < 24; hour++) {
        const wave = 1 + rhythm.depth * Math.cos(((hour - rhythm.peak) / 24) * 2 * Math.PI);
        for (let i = r.poisson((scale * wave) / 24 / 3); i > 0; i--) {
          const start = utcOf(zone, day, hour * 60) + r.next() * HOUR;
          runs.push(Array.from({ length: 1 + r.poisson(2) }, () => start + r.next() * 2 * MINUTE));
        }
      }
      return runs;
    }
    case "office":
      return officeRuns(rhythm, zone, day, factor, r, onTrip);
  }
}

function officeRuns(
  rhythm: Extract<Rhythm, { type: "office" }>,
  zone: string,
  day: number,
  factor: number,
  r: Draws,
  onTrip: boolean,
): number[][] {
  const free = isWeekend(day);
  if (free && !r.chance(rhythm.weekends)) return [];
  let left = r.poisson(rhythm.perDay * factor * r.factor(0.4) * (free || onTrip ? 0.5 : 1));
  const begin = rhythm.from + r.normal(0, 0.4);
  const close = rhythm.to + r.normal(0, 0.5);
  const runs: number[][] = [];
  while (left > 0) {
    const evening = r.chance(rhythm.evenings);
    let hour = evening ? r.between(close + 0.5, 22.8) : r.between(begin, close);
    if (!evening && hour > 12 && hour < 13 && r.chance(0.7)) hour += 1.2;
    const start = utcOf(zone, day, hour * 60);
    const count = Math.min(left, 1 + r.poisson(3));
    left -= count;
    runs.push(Array.from({ length: count }, () => start + r.next() * 8 * MINUTE));
  }
  return runs;
}

function isDue(on: Schedule, day: number): boolean {
  if (on === "daily") return true;
  if (on === "weekdays") return !isWeekend(day);
  if ("weekday" in on) return weekday(day) === on.weekday;
  if ("monthDay" in on) return dayOfMonth(day) === on.monthDay;
  return dayOfMonth(day) === on.quarterDay && monthOf(day) % 3 === 0;
}

interface Place {
  address: string;
  endpoint: string | null;
  evening: string | null;
}

function sourceOf(
  seed: number,
  agent: Agent,
  day: number,
  trip: Agent["trips"][number] | undefined,
  mine: readonly Surprise[],
  r: Draws,
): Place & { at(time: number): string } {
  const { source } = agent;
  const same = (address: string, endpoint: string | null = null) => ({
    address,
    endpoint,
    evening: null,
    at: () => address,
  });
  if (trip) return same(networkNamed(trip.network).address(trip.x, 100 + (day % 7)));
  if (source.type === "ephemeral") return same(anyAddress(r.pick(source.networks), r));
  if (source.type === "private") {
    const address = `${source.prefix}.${10 + r.int(source.size)}`;
    return same(address, source.endpoint !== null && r.chance(0.8) ? source.endpoint : null);
  }
  if (source.type === "pool") {
    const slot = r.int(source.size);
    // Each slot of the pool gets a new address at its own pace.
    const age = Math.floor(day * source.churn + slot / source.size);
    return same(anyAddress(r.pick(source.networks), draws(seed, "pool", agent.name, slot, age)));
  }
  const host = r.pick(source.hosts);
  const home = source.home;
  const moved = mine.filter((s) => s.network !== null);
  const at = (time: number) => {
    const network = moved.findLast((s) => isOn(s, time))?.network ?? source.network;
    return networkNamed(network).address(network === "cloud-us" || network === "cloud-eu" ? host : 0, host);
  };
  const evening = home === null ? null : networkNamed(home.network).address(home.x, home.h + (r.chance(0.1) ? 1 : 0));
  const homeDay = evening !== null && (isWeekend(day) || r.chance(0.25));
  return { address: "", endpoint: null, evening, at: (time) => (homeDay ? evening : at(time)) };
}

function callOf(
  seed: number,
  agent: Agent,
  time: number,
  session: string | null,
  source: Place & { at(time: number): string },
  mine: readonly Surprise[],
  r: Draws,
): Call {
  const released = mine.filter((s) => s.kind === "deployment" && isOn(s, time));
  const fresh = released.flatMap((s) => s.operations);
  const { rare, errors } = agent;
  const operation = r.chance(fresh.length > 0 ? 0.12 : 0)
    ? r.pick(fresh)
    : r.chance(rare.share) && rare.operations.length > 0
      ? r.pick(rare.operations)
      : zipf(agent.operations, r);
  const hour = new Date(time).getUTCHours();
  const atHome = source.evening !== null && agent.human && outside(agent, time, hour);
  const whole = Math.floor(time / 1000) * 1000;
  return {
    agent,
    time: whole,
    operation,
    address: atHome ? source.evening! : source.at(whole),
    endpoint: source.endpoint,
    error: r.chance(errors.notFound)
      ? "not_found"
      : r.chance(errors.throttled)
        ? "throttled"
        : r.chance(errors.denied)
          ? "denied"
          : null,
    userAgent: released.at(-1)?.userAgent ?? agent.userAgent,
    object: Math.floor(agent.objects * r.next() ** 2),
    region: agent.region,
    keyId: keyIdOf(agent, seed, whole, session),
    session,
    uid: null,
    request: null,
  };
}

/** People work their evenings from home. */
function outside(agent: Agent, time: number, _hour: number): boolean {
  if (agent.rhythm.type !== "office") return false;
  const start = utcOf(agent.zone, dayNumber(time), 0);
  const minutes = (((time - start) % DAY) + DAY) % DAY;
  return minutes > (agent.rhythm.to + 1) * HOUR || minutes < (agent.rhythm.from - 1.5) * HOUR;
}

const zipf = (operations: readonly string[], r: Draws): string =>
  operations[Math.min(operations.length - 1, Math.floor(operations.length * r.next() ** 1.8))]!;

/** extra are calls that only a surprise brings. */
function extra(
  seed: number,
  agent: Agent,
  day: number,
  s: Surprise,
  mine: readonly Surprise[],
  zone: string,
  trip: Agent["trips"][number] | undefined,
  r: Draws,
): Call[] {
  const source = () => sourceOf(seed, agent, day, trip, mine, r);
  const run = (start: number, count: number, minutes: number) => {
    const session = sessionOf(agent, seed, start, r);
    const place = source();
    return Array.from({ length: count }, () =>
      callOf(seed, agent, start + r.next() * minutes * MINUTE, session, place, [], r),
    );
  };
  if (s.kind === "rerun_by_hand" && dayIs(s, day) && agent.rhythm.type === "cron")
    return run(s.from, agent.rhythm.calls, 30);
  if (s.kind === "on_call" && dayIs(s, day)) return run(s.from, 4 + r.int(12), 40);
  if (s.kind === "deadline" && isOn(s, utcOf(zone, day, 720)))
    return [
      ...run(utcOf(zone, day, 22 * 60 + r.int(60)), 5 + r.int(8), 60),
      ...run(utcOf(zone, day, 24 * 60 + r.int(50)), 3 + r.int(5), 40),
    ];
  return [];
}

/** withTrouble lets calls fail where the provider or a release is broken, and lets programs try again. */
function withTrouble(calls: Call[], mine: readonly Surprise[], r: Draws): Call[] {
  const trouble = mine.filter((s) => s.kind === "outage" || s.kind === "broken_deployment");
  if (trouble.length === 0) return calls;
  return calls.flatMap((call) => {
    const s = trouble.find((t) => isOn(t, call.time));
    if (!s) return [call];
    const broken = s.kind === "outage" ? r.chance(0.7) : s.operations.includes(call.operation);
    if (!broken) return [call];
    const error =
      s.kind === "outage" ? (r.chance(0.8) ? ("unavailable" as const) : ("throttled" as const)) : ("denied" as const);
    return Array.from({ length: 1 + r.int(s.kind === "outage" ? 3 : 4) }, (_, i) => ({
      ...call,
      error,
      time: call.time + i * (2 + r.int(20)) * 1000,
    }));
  });
}
