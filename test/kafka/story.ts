import { demoCompromises } from "../../cli/demo/compromises.ts";
import { demoFleet } from "../../cli/demo/fleet.ts";
import { timedHistory } from "../../cli/demo/history.ts";
import { demoInventory } from "../../cli/demo/inventory.ts";
import { DAY_MS } from "../../schemas/duration.ts";

export interface StoryOptions {
  /** Event time at which the attacks begin, ms. */
  end: number;
  days: number;
  /** How many companies share the topic. */
  fleets?: number;
  seed?: number;
}

export interface Told {
  time: number;
  text: string;
}

/** story is the history of some fleets and the attacks on them, in order of event time; the first fleet declared its keys. */
export function story({ end, days, fleets = 1, seed = 42 }: StoryOptions): { records: Told[]; inventory: object } {
  const records: Told[] = [];
  for (let i = 0; i < fleets; i++) {
    const fleet = demoFleet(seed + i, end);
    for (const { time, record } of timedHistory({ fleet, seed: seed + i, from: end - days * DAY_MS, to: end }))
      records.push({ time, text: JSON.stringify(record) });
    for (const attack of demoCompromises(fleet, seed + i))
      for (const record of attack.records(end + attack.startsAtMs))
        records.push({ time: Date.parse(record.eventTime), text: JSON.stringify(record) });
  }
  records.sort((a, b) => a.time - b.time);
  return { records, inventory: demoInventory(demoFleet(seed, end)) };
}
