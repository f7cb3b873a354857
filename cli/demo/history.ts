import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { localTime, offsetMs } from "../../schemas/zone.ts";
import type { Agent } from "./agent.ts";
import type { Fleet } from "./fleet.ts";
import { createRandom, type Random } from "./random.ts";
import { assumeRoleRecord, type CloudTrailRecord, cloudTrailRecord, type ErrorKind } from "./record.ts";

/** Timed is a record with its event time in ms, so that nobody parses it back. */
export interface Timed {
  time: number;
  record: CloudTrailRecord;
}

export interface HistoryOptions {
  fleet: Fleet;
  seed: number;
  /** Event times lie in [from, to), ms since the epoch. */
  from: number;
  to: number;
}

/**
 * generateHistory yields the fleet's normal records in order of event time, one UTC day in memory at a time.
 * A day depends on seed, agent and date alone: two spans that overlap hold the same records.
 */
export function* generateHistory(options: HistoryOptions): Generator<CloudTrailRecord> {
  for (const { record } of timedHistory(options)) yield record;
}

/** timedHistory is generateHistory with the event times beside the records. */
export function* timedHistory({ fleet, seed, from, to }: HistoryOptions): Generator<Timed> {
  const plans = fleet.agents.map((agent) => dayPlans(agent, seed));
  for (let day = Math.floor(from / DAY_MS); day * DAY_MS < to; day++) {
    const start = Math.max(from, day * DAY_MS);
    const end = Math.min(to, (day + 1) * DAY_MS);
    // A local day touches the UTC days before and after it.
    const calls = plans.flatMap((plan) => [...plan(day - 1), ...plan(day), ...plan(day + 1)]);
    const today = calls.filter((c) => c.time >= start && c.time < end);
    yield* today.sort((a, b) => a.time - b.time || (a.record.eventID < b.record.eventID ? -1 : 1));
  }
}

/** isWorking tells whether an agent of hours or round the clock may make a call at this moment; scheduled jobs may not. */
export function isWorking(agent: Agent, time: number): boolean {
  if (agent.rhythm.kind !== "bursts" || !isActive(agent, time)) return false;
  if (!agent.hours) return true;
  const { day, minuteOfDay } = localTime(zoneAt(agent, time), time);
  const [open, close] = [minutesOf(agent.hours.from), minutesOf(agent.hours.to)];
  return minuteOfDay >= open && minuteOfDay < close && (agent.hours.days === "daily" || day < 5);
}

/** normalCall makes one usual record of an agent at a time. */
export function normalCall(agent: Agent, seed: number, time: number, random: Random): Timed {
  return oneCall(agent, seed, time, addressOf(agent, time, false, random), random);
}

/** dayPlans gives the records of one local day, and remembers the last three days asked for. */
function dayPlans(agent: Agent, seed: number): (day: number) => Timed[] {
  const known = new Map<number, Timed[]>();
  return (day) => {
    const plan = known.get(day) ?? planDay(agent, seed, day);
    known.set(day, plan);
    known.delete(day - 3);
    return plan;
  };
}

function planDay(agent: Agent, seed: number, day: number): Timed[] {
  const random = createRandom(seed, agent.name, day);
  const midnight = day * DAY_MS;
  const zone = zoneAt(agent, midnight + DAY_MS / 2);
  const { rhythm, hours } = agent;
  if (rhythm.kind === "monthly" && new Date(midnight).getUTCDate() !== 1) return [];

  const out: Timed[] = [];
  const run = (localStart: number, localEnd: number, away: boolean) => {
    const start = utcOf(zone, localStart);
    const address = addressOf(agent, start, away, random);
    const calls = 1 + random.poisson(rhythm.burst - 1);
    for (let i = 0, t = start; i < calls && t < utcOf(zone, localEnd); i++, t += 500 + random.exponential(4000)) {
      const call = oneCall(agent, seed, t, address, random);
      if (isActive(agent, call.time)) out.push(call);
    }
  };

  if (rhythm.kind === "hourly") {
    for (let hour = 0; hour < 24; hour++) {
      const start = midnight + hour * HOUR_MS + random.int(4000);
      run(start, start + 10 * MINUTE_MS, false);
    }
  } else {
    const open = midnight + (hours ? minutesOf(hours.from) : 0) * MINUTE_MS;
    const close = midnight + (hours ? minutesOf(hours.to) : 1440) * MINUTE_MS;
    const runs = random.poisson((rhythm.callsPerDay * weekdayShare(agent, day)) / rhythm.burst);
    for (let i = 0; i < runs; i++) run(open + random.next() * (close - open), close, false);
    if (rhythm.evenings && random.chance(rhythm.evenings)) {
      for (let i = 0; i < 2; i++) {
        const start = midnight + 20 * HOUR_MS + random.next() * 2 * HOUR_MS;
        run(start, start + 10 * MINUTE_MS, true);
      }
    }
  }
  if (agent.credential.kind === "role" && agent.credential.instance) {
    for (let t = midnight; t < midnight + DAY_MS; t += agent.credential.rotateMs) {
      out.push({ time: t, record: assumeRoleRecord(agent, seed, t, random) });
    }
  }
  return out;
}

function oneCall(agent: Agent, seed: number, at: number, address: string, random: Random): Timed {
  const time = Math.floor(at / 1000) * 1000;
  const operation = random.weighted(agent.operations);
  const endpoint = agent.source.kind === "fixed" ? agent.source.endpoint : undefined;
  const inside = endpoint !== undefined && random.chance(endpoint.share);
  const error = errorOf(agent, operation, random);
  const record = cloudTrailRecord({
    agent,
    seed,
    time,
    operation,
    address: inside ? random.pick(endpoint.addresses) : address,
    ...(inside ? { endpoint: endpoint.id } : {}),
    error,
    random,
  });
  return { time, record };
}

function errorOf(agent: Agent, operation: string, random: Random): ErrorKind | null {
  const { not_found = 0, throttled = 0, denied = 0 } = agent.errors;
  const draw = random.next();
  if (draw < not_found) return operation === "s3:GetObject" ? "not_found" : null;
  if (draw < not_found + throttled) return "throttled";
  return draw < not_found + throttled + denied ? "denied" : null;
}

function addressOf(agent: Agent, time: number, away: boolean, random: Random): string {
  if (agent.source.kind === "ephemeral") {
    const hex = (n: number) => random.int(n).toString(16);
    return `${agent.source.prefix}${hex(4096).padStart(3, "0")}::${(16 + random.int(60_000)).toString(16)}`;
  }
  const trip = tripAt(agent, time);
  return random.pick(trip?.addresses ?? (away ? agent.source.home : undefined) ?? agent.source.addresses);
}

/** weekdayShare is the part of a working day's calls that this local day sees. */
function weekdayShare(agent: Agent, day: number): number {
  const weekend = (((day + 3) % 7) + 7) % 7 >= 5;
  if (!weekend) return 1;
  return agent.rhythm.weekend ?? (agent.hours?.days === "mon-fri" ? 0 : 1);
}

const isActive = ({ active }: Agent, time: number): boolean =>
  (active.from === null || time >= active.from) && (active.until === null || time < active.until);

const tripAt = (agent: Agent, time: number) => agent.trips.find((trip) => time >= trip.from && time < trip.until);
const zoneAt = (agent: Agent, time: number): string => tripAt(agent, time)?.timezone ?? agent.timezone;

/** utcOf turns a wall clock (ms, as if it were UTC) into the moment it names; DST is asked for at that moment. */
export function utcOf(zone: string, local: number): number {
  const guess = local - offsetMs(zone, local);
  return local - offsetMs(zone, guess);
}

function minutesOf(clock: string): number {
  const [hours = "0", minutes = "0"] = clock.split(":");
  return Number(hours) * 60 + Number(minutes);
}
