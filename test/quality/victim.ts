import type { Agent, Call } from "./agent.ts";
import { callsOf } from "./behaviour.ts";
import { DAY, MINUTE, utcOf } from "./calendar.ts";
import { isReading, tail } from "./operations.ts";
import { anyAddress } from "./places.ts";
import type { Draws } from "./random.ts";
import type { Surprise } from "./surprises.ts";

/** Step is one call of a compromise: what differs from the victim's usual one. */
export interface Step {
  time: number;
  operation: string;
  change?: Partial<
    Pick<Call, "address" | "endpoint" | "error" | "userAgent" | "object" | "region" | "keyId" | "request">
  >;
}

/** Victim is what a thief can see of a key: its working days, its operations, its addresses. */
export interface Victim {
  agent: Agent;
  r: Draws;
  /** Benign calls of the n-th working day since the theft, in order; never empty but for keys that rest. */
  working(n: number): Call[];
  /** A moment in the middle of that day's work. */
  busy(n: number): number;
  /** A moment of the victim's night, local hours as numbers. */
  night(n: number, from: number, to: number): number;
  /** The benign call nearest to a moment. */
  nearest(time: number): Call | null;
  usual(): string;
  usualRead(): string;
  /** Reads that the key never makes. */
  strange(n: number): string[];
  thief(networks: string[]): string;
}

export const ATTACK_CLI = "aws-cli/2.22.0 md/awscrt#0.22.0 ua/2.0 os/linux#6.11 lang/python#3.12.6";

export function victimOf(
  seed: number,
  agent: Agent,
  firstDay: number,
  surprises: readonly Surprise[],
  r: Draws,
): Victim {
  const mine = surprises.filter((s) => s.agents.includes(agent.name) && s.kind !== "outage");
  const days = new Map<number, Call[]>();
  const on = (day: number): Call[] => {
    let calls = days.get(day);
    if (!calls) {
      calls = callsOf(seed, agent, day, mine).sort((a, b) => a.time - b.time);
      days.set(day, calls);
    }
    return calls;
  };
  const workdays: number[] = [];
  const rests = agent.kind === "dormant_key" || agent.kind === "honeytoken";
  const workday = (n: number): number => {
    if (rests) return firstDay + n;
    let day = workdays.at(-1) ?? firstDay - 1;
    while (workdays.length <= n) {
      day++;
      const away = agent.trips.some((t) => day >= t.fromDay - 1 && day <= t.toDay + 1);
      if (on(day).length >= 3 && !away) workdays.push(day);
      if (day - firstDay > 60) throw new Error(`${agent.name} does not work.`);
    }
    return workdays[n]!;
  };
  const nearest = (time: number): Call | null => {
    const day = Math.floor(time / DAY);
    let best: Call | null = null;
    for (const call of [day - 1, day, day + 1].flatMap(on)) {
      if (best === null || Math.abs(call.time - time) < Math.abs(best.time - time)) best = call;
    }
    return best;
  };
  return {
    agent,
    r,
    nearest,
    working: (n) => on(workday(n)),
    busy(n) {
      const calls = on(workday(n));
      const call = calls[Math.floor(calls.length * 0.3)];
      return (call?.time ?? utcOf(agent.zone, workday(n), 660)) + r.int(4) * MINUTE;
    },
    night: (n, from, to) => utcOf(agent.zone, workday(n) + 1, r.between(from, to) * 60),
    usual: () => r.pick(agent.operations),
    usualRead: () => agent.operations.find(isReading) ?? "s3:GetObject",
    strange: (n) =>
      r.sample(
        tail.reads.filter((o) => !agent.operations.includes(o)),
        n,
      ),
    thief: (list) => anyAddress(r.pick(list), r),
  };
}
