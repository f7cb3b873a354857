import { DAY_MS, dayOf, MINUTE_MS } from "../../schemas/duration.ts";
import { fleetSubject, SHARED_MS } from "../../schemas/fleet.ts";
import type { Signal } from "../../schemas/signal.ts";
import type { Evidence } from "../detection.ts";
import { addEvidence, emptyEvidence } from "../windows.ts";
import { plural } from "../words.ts";
import { defineFleet, type FleetHit } from "./fleet_detection.ts";

const MIN_KEYS = 3;
const SLOT_MS = 7.5 * MINUTE_MS;
const MAX_SOURCES = 5_000;

interface Source {
  provider: string;
  value: string;
  /** Keys by slot; two neighbours make a quarter of an hour. */
  slots: Map<number, Set<string>>;
  /** Keys that appeared on each UTC day, with the evidence. */
  days: Map<number, { keys: Set<string>; evidence: Evidence }>;
  /** UTC day on which it was shared first; -1 while it was not. */
  since: number;
  last: number;
}

/** One cause for many keys: an exit that moved, or a thief with a bundle of keys. Who follows in the next days belongs to it. */
export default defineFleet({
  id: "shared_new_source",
  version: 1,
  title: "Several keys at once used from a network new to them",
  level: "medium",
  weight: 0.6,
  tags: ["attack.t1078.004"],
  needs: ["src_ip"],
  runbook: [
    "Ask who runs the network of these keys whether their exit or their hosting moved: then all of them are explained.",
    "If nothing moved: whoever is there holds all of these keys. Disable them together, and find where they were kept together.",
  ],
  falsePositives: ["a NAT gateway or a hosting company was changed for many keys at once"],
  create() {
    let sources = new Map<string, Source>();

    function take(signal: Signal): FleetHit[] {
      if (signal.kind !== "new_network") return [];
      const id = fleetSubject("shared_new_source", signal.provider, signal.value);
      const source = sources.get(id) ?? begin(signal);
      if (!sources.has(id)) {
        sources.set(id, source);
        if (sources.size > MAX_SOURCES) sources.delete(sources.keys().next().value!);
      }
      if (signal.time - source.last > SHARED_MS) Object.assign(source, begin(signal));
      source.last = Math.max(source.last, signal.time);
      const slot = Math.floor(signal.time / SLOT_MS);
      join(source.slots, slot, () => new Set<string>()).add(signal.subject_uid);
      const day = join(source.days, dayOf(signal.time), () => ({ keys: new Set<string>(), evidence: emptyEvidence() }));
      if (!day.evidence.events.some(([, uid]) => uid === signal.event_uid))
        addEvidence(day.evidence, signal.time, signal.event_uid);
      day.keys.add(signal.subject_uid);
      forgetSlots(source, slot);
      if (together(source.slots, slot) && (source.since < 0 || dayOf(signal.time) < source.since))
        source.since = dayOf(signal.time);
      if (source.since < 0 || dayOf(signal.time) < source.since) return [];
      return [hitOf(source, dayOf(signal.time))];
    }

    return {
      take,
      state: () => [...sources].map(([id, s]) => [id, { ...s, slots: pairs(s.slots), days: dayPairs(s) }]),
      restore(state) {
        sources = new Map((state as [string, ReturnType<typeof frozen>][]).map(([id, s]) => [id, thawed(s)]));
      },
      forget(subjects) {
        for (const source of sources.values()) {
          for (const keys of source.slots.values()) for (const key of keys) if (subjects.has(key)) keys.delete(key);
          for (const { keys } of source.days.values()) for (const key of keys) if (subjects.has(key)) keys.delete(key);
        }
      },
    };
  },
});

function hitOf(source: Source, day: number): FleetHit {
  const { keys, evidence } = source.days.get(day)!;
  const follows = day > source.since;
  const { provider, value } = source;
  return {
    provider,
    account: null,
    subject: fleetSubject("shared_new_source", provider, value),
    dimension: value,
    bucket: day * DAY_MS,
    level: follows ? "low" : "medium",
    members: [...keys].sort(),
    reasons: [
      follows
        ? `${plural(keys.size, "key")} more at ${value}, where several keys moved on ${new Date(source.since * DAY_MS).toISOString().slice(0, 10)}.`
        : `${plural(keys.size, "key")} of ${provider} were used from ${value}, new to each of them, the first ${MIN_KEYS} within 15 minutes.`,
    ],
    quiet_if: [`Fewer than ${MIN_KEYS} keys had appeared there within 15 minutes, or it stood in allowed networks.`],
    anomaly: {
      parameter: "keys at a new network in 15 min",
      observed: keys.size,
      expected: `fewer than ${MIN_KEYS}`,
      p: null,
      facts: { network_owner: value },
    },
    evidence,
  };
}

const begin = ({ provider, value, time }: Signal): Source => ({
  ...{ provider, value },
  slots: new Map(),
  days: new Map(),
  since: -1,
  last: time,
});

/** together looks at the two quarter hours that hold the slot. */
function together(slots: Source["slots"], slot: number): boolean {
  const here = slots.get(slot) ?? new Set<string>();
  return [slot - 1, slot + 1].some((next) => new Set([...here, ...(slots.get(next) ?? [])]).size >= MIN_KEYS);
}

/** Records come up to hours late, so slots and days are kept for two days. */
function forgetSlots(source: Source, now: number): void {
  for (const slot of source.slots.keys()) if (now - slot > (2 * DAY_MS) / SLOT_MS) source.slots.delete(slot);
  for (const day of source.days.keys()) if (dayOf(source.last) - day > 2) source.days.delete(day);
}

function join<V>(map: Map<number, V>, at: number, make: () => V): V {
  let value = map.get(at);
  if (value === undefined) {
    value = make();
    map.set(at, value);
  }
  return value;
}

const pairs = (slots: Source["slots"]) => [...slots].map(([slot, keys]) => [slot, [...keys]] as const);
const dayPairs = (s: Source) => [...s.days].map(([day, d]) => [day, [...d.keys], d.evidence] as const);
const frozen = (s: Source) => ({ ...s, slots: pairs(s.slots), days: dayPairs(s) });
const thawed = (s: ReturnType<typeof frozen>): Source => ({
  ...s,
  slots: new Map(s.slots.map(([slot, keys]) => [slot, new Set(keys)])),
  days: new Map(s.days.map(([day, keys, evidence]) => [day, { keys: new Set(keys), evidence }])),
});
