import type { Agent } from "./agent.ts";
import { WINDOW_DAYS, windowOf } from "./agents.ts";
import { DAY, dayNumber, HOUR, isWeekend, MINUTE, utcOf, zoneOffset } from "./calendar.ts";
import { tail } from "./operations.ts";
import { type Draws, draws } from "./random.ts";

/** Benign things that happen to keys, none of which should wake anybody. */
export const surpriseKinds = [
  "nat_move",
  "provider_change",
  "outage",
  "deployment",
  "broken_deployment",
  "holiday",
  "launch",
  "late_run",
  "rerun_by_hand",
  "deadline",
  "on_call",
  "migration",
  "vacation",
  "trip",
  "rotation",
  "clock_change",
] as const;
export type SurpriseKind = (typeof surpriseKinds)[number];

export interface Surprise {
  kind: SurpriseKind;
  /** What it changes lasts from here to here, ms. */
  from: number;
  until: number;
  /** False incidents that begin before this are put down to it, ms. */
  blamedUntil: number;
  agents: string[];
  operations: string[];
  /** Another program, network or shift in ms, by kind. */
  userAgent: string | null;
  network: string | null;
  shift: number;
}

const plain = { operations: [], userAgent: null, network: null, shift: 0 };

/** makeSurprises plans the window. `spared` keys get no surprise of their own: they are compromised, and one story is enough. */
export function makeSurprises(seed: number, agents: readonly Agent[], spared: ReadonlySet<string>): Surprise[] {
  const first = windowOf(seed);
  const end = (first + WINDOW_DAYS) * DAY;
  const r = draws(seed, "surprises");
  const on = (network: string) =>
    agents.filter((a) => a.source.type === "fixed" && a.source.network === network).map((a) => a.name);
  const at = (fromDay: number, toDay: number, hour: number) =>
    (first + fromDay + r.int(toDay - fromDay)) * DAY + hour * HOUR + r.int(3600) * 1000;
  const move = at(24, 60, 9 + r.int(6));
  const change = at(24, 80, 6 + r.int(10));
  const outage = at(20, 85, r.int(21));
  const all: Surprise[] = [
    {
      ...plain,
      kind: "nat_move",
      from: move,
      until: end,
      blamedUntil: move + 3 * DAY,
      agents: on("office-berlin"),
      network: "office-berlin-moved",
    },
    {
      ...plain,
      kind: "provider_change",
      from: change,
      until: end,
      blamedUntil: change + 3 * DAY,
      agents: on("datacentre"),
      network: "datacentre-moved",
    },
    {
      ...plain,
      kind: "outage",
      from: outage,
      until: outage + r.between(1.5, 4) * HOUR,
      blamedUntil: outage + DAY,
      agents: agents.map((a) => a.name),
    },
    ...holidays(seed, agents, first),
    ...clockChanges(agents, first),
  ];
  const launch = at(20, 80, 8);
  all.push({
    ...plain,
    kind: "launch",
    from: launch,
    until: launch + 3 * DAY,
    blamedUntil: launch + 4 * DAY,
    agents: agents.filter((a) => a.rhythm.type === "diurnal").map((a) => a.name),
  });
  for (const agent of agents) if (!spared.has(agent.name)) all.push(...ofOne(seed, agent, first));
  for (const agent of agents) all.push(...tripsAndRotations(agent));
  return all.sort((a, b) => a.from - b.from);
}

function ofOne(seed: number, agent: Agent, first: number): Surprise[] {
  const r = draws(seed, "surprise", agent.name);
  const own: Surprise[] = [];
  const day = () => first + 10 + r.int(76);
  const noon = (d: number) => utcOf(agent.zone, d, 10 * 60 + r.int(300));
  const one = (kind: SurpriseKind, from: number, until: number, blamed: number, more: Partial<Surprise> = {}) =>
    own.push({
      ...plain,
      kind,
      from,
      until,
      blamedUntil: until > blamed ? blamed : Math.max(until, blamed),
      agents: [agent.name],
      ...more,
    });
  const program = [
    "office_bot",
    "nightly_cron",
    "serverless_pool",
    "instance_service",
    "data_pipeline",
    "ci_runner",
    "rotated_key",
    "weekly_job",
  ];
  if (program.includes(agent.kind)) {
    for (let i = r.int(3); i > 0; i--) {
      const from = noon(day());
      one("deployment", from, (first + WINDOW_DAYS) * DAY, from + 5 * DAY, {
        operations: newOperations(r),
        userAgent: newProgram(agent.userAgent, r),
      });
    }
    if (r.chance(0.22)) {
      const from = noon(day());
      one("broken_deployment", from, from + r.between(3, 9) * HOUR, from + DAY, {
        operations: r.sample(agent.operations, 1 + r.int(2)),
      });
    }
  }
  if (agent.rhythm.type === "cron") {
    if (r.chance(0.35)) {
      const d = day();
      one("late_run", d * DAY, (d + 1) * DAY, (d + 2) * DAY, { shift: r.between(1.5, 7) * HOUR });
    }
    if (r.chance(0.25)) {
      const from = noon(day());
      one("rerun_by_hand", from, from + HOUR, from + DAY);
    }
    if (r.chance(0.05)) {
      const from = noon(day());
      one("migration", from, (first + WINDOW_DAYS) * DAY, from + 3 * DAY, { network: "cloud-us" });
    }
  }
  if (agent.human) {
    if (r.chance(0.4)) {
      const d = day();
      one("deadline", utcOf(agent.zone, d, 0), utcOf(agent.zone, d + 1 + r.int(3), 0), (d + 5) * DAY);
    }
    if (r.chance(0.3)) {
      const from = utcOf(agent.zone, day(), 60 + r.int(200));
      one("on_call", from, from + 40 * MINUTE, from + DAY);
    }
    if (r.chance(0.5)) {
      const d = first + 15 + r.int(55);
      one("vacation", utcOf(agent.zone, d, 0), utcOf(agent.zone, d + 9 + r.int(8), 0), (d + 19) * DAY);
    }
  }
  return own;
}

/** A release brings one to three operations, every other one a writing one; some read a secret or a parameter. */
function newOperations(r: Draws): string[] {
  const found = r.sample(tail.reads, 1 + r.int(2));
  if (r.chance(0.5)) found.push(r.pick(tail.writes));
  if (r.chance(0.2)) found.push(r.pick(["secretsmanager:GetSecretValue", "ssm:GetParameter", "sts:AssumeRole"]));
  return found;
}

function newProgram(now: string, r: Draws): string {
  if (r.chance(0.15)) return "aws-sdk-rust/1.3.7 ua/2.1 api/s3#1.96.0 os/linux lang/rust#1.88.0";
  return now.replace(
    /^([^/]+)\/(\d+)\.(\d+)/,
    (_all, name: string, a: string, b: string) => `${name}/${a}.${Number(b) + 1 + r.int(5)}`,
  );
}

/** Two or three working days per country on which offices rest. */
function holidays(seed: number, agents: readonly Agent[], first: number): Surprise[] {
  const countries = [...new Set(agents.map((a) => a.country))];
  return countries.flatMap((country) => {
    const r = draws(seed, "holidays", country);
    const resting = agents.filter((a) => a.country === country && a.rhythm.type === "office");
    const zone = resting[0]?.zone ?? "UTC";
    return Array.from({ length: 2 + r.int(2) }, (): Surprise => {
      let day = first + 5 + r.int(80);
      while (isWeekend(day)) day++;
      return {
        ...plain,
        kind: "holiday",
        from: utcOf(zone, day, 0),
        until: utcOf(zone, day + 1, 0),
        blamedUntil: utcOf(zone, day + 2, 0),
        agents: resting.map((a) => a.name),
      };
    });
  });
}

function clockChanges(agents: readonly Agent[], first: number): Surprise[] {
  const found: Surprise[] = [];
  for (const zone of new Set(agents.map((a) => a.zone))) {
    for (let day = first; day < first + WINDOW_DAYS; day++) {
      if (zoneOffset(zone, day * DAY) === zoneOffset(zone, (day + 1) * DAY)) continue;
      const names = agents.filter((a) => a.zone === zone).map((a) => a.name);
      found.push({
        ...plain,
        kind: "clock_change",
        from: day * DAY,
        until: (day + 1) * DAY,
        blamedUntil: (day + 8) * DAY,
        agents: names,
      });
    }
  }
  return found;
}

function tripsAndRotations(agent: Agent): Surprise[] {
  const { credential, trips, name } = agent;
  const found: Surprise[] = trips.map((t) => ({
    ...plain,
    kind: "trip",
    from: t.fromDay * DAY,
    until: (t.toDay + 1) * DAY,
    blamedUntil: (t.toDay + 2) * DAY,
    agents: [name],
  }));
  if (credential.type !== "user" || credential.keys.length < 2) return found;
  const at = credential.keys[1]!.from;
  found.push({ ...plain, kind: "rotation", from: at, until: at + 3 * DAY, blamedUntil: at + 14 * DAY, agents: [name] });
  return found;
}

/** blame names the surprise behind a false incident: the one of the key that is the most its own, else "none". */
export function blame(surprises: readonly Surprise[], agent: string, time: number): SurpriseKind | "none" {
  const near = surprises.filter((s) => time >= s.from && time < s.blamedUntil && s.agents.includes(agent));
  near.sort((a, b) => a.agents.length - b.agents.length || b.from - a.from);
  return near[0]?.kind ?? "none";
}

export const isOn = (s: Surprise, time: number): boolean => time >= s.from && time < s.until;
export const dayIs = (s: Surprise, day: number): boolean => dayNumber(s.from) === day;
