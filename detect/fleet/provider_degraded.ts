import { DAY_MS, dayOf, formatDuration } from "../../schemas/duration.ts";
import { fleetSubject } from "../../schemas/fleet.ts";
import type { Signal } from "../../schemas/signal.ts";
import { WINDOW_MS } from "../windows.ts";
import { percent, plural } from "../words.ts";
import { defineFleet, type FleetHit } from "./fleet_detection.ts";

const MIN_SHARE = 0.2;
const MIN_FAILING = 3;
const KEEP_MS = 2 * DAY_MS;

interface Window {
  provider: string;
  time: number;
  /** What each engine counted. */
  reports: Map<string, { active: number; failing: string[] }>;
}

/** A provider that fails many keys at once is its own incident, and explains what their programs then do. */
export default defineFleet({
  id: "provider_degraded",
  version: 1,
  title: "A provider fails many keys at once",
  level: "informational",
  weight: 0.1,
  tags: ["attack.t1499"],
  needs: ["outcome", "per_call"],
  runbook: [
    "Look at the provider's status page; there is nothing to do about a key.",
    "Bursts of repeated calls by these keys in the same hours are its echo.",
  ],
  falsePositives: ["a proxy of your own that fails looks the same"],
  create() {
    let windows = new Map<string, Window>();
    /** Keys that failed, by provider and UTC day, with the first and last window. */
    let days = new Map<string, { keys: Set<string>; first: number; last: number; worst: number }>();

    function take(signal: Signal): FleetHit[] {
      if (signal.kind !== "window") return [];
      const { provider, time } = signal;
      const id = `${provider} ${time}`;
      const window = windows.get(id) ?? { provider, time, reports: new Map() };
      windows.set(id, window);
      window.reports.set(signal.subject_uid, { active: signal.active ?? 0, failing: signal.failing ?? [] });
      for (const [key, old] of windows) if (time - old.time > KEEP_MS) windows.delete(key);
      let active = 0;
      const failing: string[] = [];
      for (const report of window.reports.values()) {
        active += report.active;
        failing.push(...report.failing);
      }
      if (failing.length < MIN_FAILING || failing.length < MIN_SHARE * active) return [];
      const day = dayOf(time);
      const dayId = `${provider} ${day}`;
      const found = days.get(dayId) ?? { keys: new Set<string>(), first: time, last: time, worst: 0 };
      days.set(dayId, found);
      for (const key of days.keys()) if (day - Number(key.split(" ")[1]) > 2) days.delete(key);
      for (const key of failing) found.keys.add(key);
      found.first = Math.min(found.first, time);
      found.last = Math.max(found.last, time);
      found.worst = Math.max(found.worst, failing.length / active);
      return [hitOf(provider, day, found)];
    }

    return {
      take,
      state: () => ({
        windows: [...windows].map(([id, { provider, reports }]) => [id, { provider, reports: [...reports] }]),
        days: [...days].map(([id, d]) => [id, { ...d, keys: [...d.keys] }]),
      }),
      restore(state) {
        const s = state as {
          windows: [string, { provider: string; reports: [string, { active: number; failing: string[] }][] }][];
          days: [string, { keys: string[]; first: number; last: number; worst: number }][];
        };
        windows = new Map(
          s.windows.map(([id, { provider, reports }]) => [
            id,
            { provider, time: Number(id.split(" ")[1]), reports: new Map(reports) },
          ]),
        );
        days = new Map(s.days.map(([id, d]) => [id, { ...d, keys: new Set(d.keys) }]));
      },
      forget(subjects) {
        for (const { keys } of days.values()) for (const key of keys) if (subjects.has(key)) keys.delete(key);
      },
    };
  },
});

function hitOf(
  provider: string,
  day: number,
  found: { keys: ReadonlySet<string>; first: number; last: number; worst: number },
): FleetHit {
  return {
    provider,
    account: null,
    subject: fleetSubject("provider_degraded", provider, ""),
    dimension: "",
    bucket: day * DAY_MS,
    level: "informational",
    members: [...found.keys].sort(),
    reasons: [
      `${plural(found.keys.size, "key")} of ${provider} failed with errors of the provider, ${percent(found.worst)} of those at work in the worst quarter of an hour.`,
      `It lasted ${formatDuration(found.last + WINDOW_MS - found.first)} so far.`,
    ],
    quiet_if: [`Fewer than ${percent(MIN_SHARE)} of the keys at work had failed.`],
    anomaly: {
      parameter: "keys that fail in 15 min",
      observed: found.keys.size,
      expected: `below ${percent(MIN_SHARE)}`,
      p: null,
      facts: { worst_share: Math.round(found.worst * 1000) / 1000 },
    },
    evidence: { events: [], count: 0, first: found.first, last: found.last + WINDOW_MS - 1 },
  };
}
