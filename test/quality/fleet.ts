import type { JsonObject } from "../../ingest/provider.ts";
import type { Agent, Call } from "./agent.ts";
import { makeAgents, WINDOW_DAYS, windowOf } from "./agents.ts";
import { callsOf } from "./behaviour.ts";
import { DAY, dayNumber, MINUTE } from "./calendar.ts";
import { type CompromiseKind, loud } from "./compromises_loud.ts";
import { slow } from "./compromises_slow.ts";
import { anyAddress } from "./places.ts";
import { draws } from "./random.ts";
import { cloudTrailRecord, keyIdOf, sessionOf } from "./record.ts";
import { makeSurprises, type Surprise } from "./surprises.ts";
import { victimOf } from "./victim.ts";

/** Compromise is one theft with its labels. */
export interface Compromise {
  id: string;
  kind: string;
  loud: boolean;
  agent: string;
  calls: Call[];
  start: number;
  end: number;
  uids: ReadonlySet<string>;
}

export interface Fleet {
  seed: number;
  /** First day of the 90 that count. */
  first: number;
  agents: Agent[];
  surprises: Surprise[];
  compromises: Compromise[];
}

export const compromiseKinds: readonly CompromiseKind[] = [...loud, ...slow];
const VICTIMS_PER_KIND = 2;
/** Compromises begin on these days of the window, when most habits are learned. */
const FROM_DAY = 32;
const TO_DAY = 74;

/** makeFleet declares keys, surprises and compromises of one seed. */
export function makeFleet(seed: number): Fleet {
  const agents = makeAgents(seed);
  const first = windowOf(seed);
  const chosen = chooseVictims(seed, agents);
  const surprises = makeSurprises(seed, agents, new Set(chosen.map((c) => c.agent.name)));
  const compromises = chosen.map(({ kind, agent, index }): Compromise => {
    const r = draws(seed, "compromise", kind.id, index);
    const firstDay = Math.max(first + FROM_DAY + r.int(TO_DAY - FROM_DAY), earliestTheft(agent));
    const victim = victimOf(seed, agent, firstDay, surprises, r);
    const id = `${kind.id}-${index}`;
    const calls = kind.play(victim).map((step, i): Call => {
      const time = Math.floor(step.time / 1000) * 1000;
      const near = victim.nearest(time) ?? idle(seed, agent, time);
      const base = {
        ...near,
        time,
        operation: step.operation,
        error: null,
        object: r.int(agent.objects),
        request: null,
      };
      return {
        ...base,
        keyId: keyIdOf(agent, seed, time, near.session),
        uid: draws(seed, "uid", id, i).uuid(),
        ...step.change,
      };
    });
    calls.sort((a, b) => a.time - b.time);
    while (calls.length > 1 && calls.at(-1)!.time >= (first + WINDOW_DAYS) * DAY) calls.pop();
    return {
      id,
      kind: kind.id,
      loud: kind.loud,
      agent: agent.name,
      calls,
      start: calls[0]!.time,
      end: calls.at(-1)!.time,
      uids: new Set(calls.map((c) => c.uid!)),
    };
  });
  return { seed, first, agents, surprises, compromises };
}

/** A new key is stolen when it was used for 18 days, a dormant one after 42 days of silence. */
function earliestTheft(agent: Agent): number {
  if (agent.kind === "new_key") return dayNumber(agent.active.from) + 18;
  return agent.kind === "dormant_key" ? dayNumber(agent.active.until) + 42 : 0;
}

/** The kinds with the fewest possible victims choose first; no key is stolen twice. */
function chooseVictims(
  seed: number,
  agents: readonly Agent[],
): { kind: CompromiseKind; agent: Agent; index: number }[] {
  const r = draws(seed, "victims");
  const free = new Set(agents);
  const fits = (kind: CompromiseKind) =>
    agents.filter((a) => kind.victims.includes(a.kind) && (!kind.readOnly || a.inventory?.access === "read"));
  const order = [...compromiseKinds].sort((a, b) => fits(a).length - fits(b).length || (a.id < b.id ? -1 : 1));
  return order.flatMap((kind) =>
    r
      .sample(
        fits(kind).filter((a) => free.has(a)),
        VICTIMS_PER_KIND,
      )
      .map((agent, index) => {
        free.delete(agent);
        return { kind, agent, index };
      }),
  );
}

/** idle is the shape of a call by a key that rests: a dormant one calls from where it used to be. */
function idle(seed: number, agent: Agent, time: number): Call {
  const r = draws(seed, "idle", agent.name);
  const awake = callsOf(seed, agent, dayNumber(agent.active.until) - 3, []);
  if (awake[0]) return awake[0];
  const session = sessionOf(agent, seed, time, r);
  return {
    agent,
    time,
    operation: "sts:GetCallerIdentity",
    address: anyAddress("datacentre", r),
    endpoint: null,
    error: null,
    userAgent: agent.userAgent,
    object: 0,
    region: agent.region,
    keyId: keyIdOf(agent, seed, time, session),
    session,
    uid: null,
    request: null,
  };
}

/** Day is the records of one UTC day in event-time order. */
export interface Day {
  day: number;
  records: { time: number; uid: string; record: JsonObject }[];
}

/** daysOf plays the fleet day by day; only three days are ever held. Keys with seldom jobs begin before the window. */
export function* daysOf(fleet: Fleet): Generator<Day> {
  const { seed, agents, surprises, first } = fleet;
  const earliest = Math.min(...agents.map((a) => dayNumber(a.active.from)));
  const waiting = new Map<number, Call[]>();
  const put = (call: Call) => {
    const day = dayNumber(call.time);
    const list = waiting.get(day);
    if (list) list.push(call);
    else waiting.set(day, [call]);
  };
  for (const compromise of fleet.compromises) for (const call of compromise.calls) put(call);
  for (const call of housekeeping(fleet)) put(call);
  for (let local = earliest - 1; local <= first + WINDOW_DAYS; local++) {
    for (const agent of agents) {
      if (local * DAY > agent.active.until + DAY || (local + 2) * DAY < agent.active.from) continue;
      for (const call of callsOf(seed, agent, local, surprises)) put(call);
    }
    const day = local - 1;
    const calls = waiting.get(day) ?? [];
    waiting.delete(day);
    if (day >= first + WINDOW_DAYS) return;
    yield { day, records: recordsOf(seed, day, calls) };
  }
}

function recordsOf(seed: number, day: number, calls: Call[]): Day["records"] {
  const r = draws(seed, "records", day);
  const records = calls.map((call) => {
    const record = cloudTrailRecord(call, r);
    return { time: call.time, uid: record.eventID as string, record };
  });
  return records.sort((a, b) => a.time - b.time || (a.uid < b.uid ? -1 : 1));
}

/** housekeeping is what the log tells of rotations: an administrator deletes the old key. */
function housekeeping(fleet: Fleet): Call[] {
  const admins = fleet.agents.filter((a) => a.kind === "admin_automation");
  return fleet.agents.flatMap((agent) => {
    const { credential } = agent;
    const old = credential.type === "user" ? credential.keys.find((k) => k.revokedAt !== null) : undefined;
    if (!old) return [];
    const admin = admins[agent.name.length % admins.length]!;
    const time = Math.floor(old.revokedAt! / MINUTE) * MINUTE;
    const base = callsOf(fleet.seed, admin, dayNumber(time), fleet.surprises)[0] ?? idle(fleet.seed, admin, time);
    const request = { userName: agent.name, accessKeyId: old.id };
    return [
      {
        ...base,
        time,
        operation: "iam:DeleteAccessKey",
        error: null,
        request,
        keyId: keyIdOf(admin, fleet.seed, time, base.session),
      },
    ];
  });
}
