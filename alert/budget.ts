import type { Config } from "../schemas/config.ts";
import { DAY_MS, dayOf } from "../schemas/duration.ts";
import { channelKey, laneKey } from "./targets.ts";

/** Where people read: more than this a day is read by nobody. Tools and files take all. */
const DEFAULT = 20;
const READ_BY_PEOPLE = new Set(["slack", "email", "teams"]);

/** Budget counts the immediate messages of each channel and day (UTC). */
export interface Budget {
  /** Messages a day; null where there is no limit. */
  limit(lane: string): number | null;
  /** Messages of today that were delivered. */
  spent(lane: string, now: number): number;
  spend(lane: string, now: number): void;
  /** When the digest leaves that takes in what is held back now. */
  digestDue(lane: string, now: number): number;
}

export interface BudgetParts {
  config(): Pick<Config, "alert" | "receivers">;
  /** What was delivered today before this start, by lane. */
  spent: ReadonlyMap<string, number>;
  now: number;
}

export function createBudget({ config, spent, now: start }: BudgetParts): Budget {
  const days = new Map([...spent].map(([lane, messages]) => [lane, { day: dayOf(start), messages }]));
  const digests = new Map<string, number>();
  const today = (lane: string, now: number) => {
    const known = days.get(lane);
    const fresh = known?.day === dayOf(now) ? known : { day: dayOf(now), messages: 0 };
    days.set(lane, fresh);
    return fresh;
  };
  return {
    limit(lane) {
      for (const { name, channels } of config().receivers)
        for (const [i, { kind, budget }] of channels.entries())
          if (laneKey(name, channelKey(i, kind)) === lane)
            return budget === undefined ? (READ_BY_PEOPLE.has(kind) ? DEFAULT : null) : budget;
      return null;
    },
    spent: (lane, now) => today(lane, now).messages,
    spend(lane, now) {
      today(lane, now).messages++;
    },
    digestDue(lane, now) {
      const open = digests.get(lane) ?? 0;
      const due = open > now ? open : now + config().alert.digest_interval;
      digests.set(lane, due);
      return due;
    },
  };
}

/** startOfDay in UTC, ms. */
export const startOfDay = (now: number): number => dayOf(now) * DAY_MS;
