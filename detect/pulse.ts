import type { Signal } from "../schemas/signal.ts";
import type { DetectEvent } from "./detection.ts";
import { lagStep, newLags } from "./stats/lag.ts";
import { SLOT_MS, slotOf } from "./stats/rhythm.ts";

/** Accounts of one provider that are told apart. */
const MAX_FEEDS = 256;
/** Slots behind the newest of which it is known that they were told: four days. */
const MAX_TOLD = 400;

/** Feed is what one account of a provider sent of late. */
export interface Feed {
  slot: number;
  told: Set<number>;
  /** Quarters of an hour of arrival that are being counted, oldest first, each with its lags by step. */
  arriving: [slot: number, lags: number[]][];
}

/** A batch is judged in event-time order, so arrivals of neighbouring quarters of an hour mix. */
const OPEN_QUARTERS = 2;

/** Why time moved: events did it, the clock did, or an input came to its end; "rest": one did whose time the clock moves. */
export type Cause = "event" | "tick" | "end" | "rest";

/**
 * Pulse tells which account of a provider speaks, once for each quarter of an hour, how late its events came, and how far time is.
 * What follows from it is for one process to say that hears all of them (fleet/source_silent.ts).
 */
export interface Pulse {
  /** Cheap: it is asked at every event. */
  note(feeds: Map<string | null, Feed>, event: DetectEvent): void;
  clock(provider: string, time: number, cause: Cause): void;
}

export function createPulse(engine: string, tell: (signal: Signal) => void): Pulse {
  const signal = (kind: string, provider: string, account: string | null, slot: number, value = ""): Signal => ({
    ...{ kind, provider, account, subject_uid: engine, time: slot * SLOT_MS, value, event_uid: "" },
  });

  function speaks(feed: Feed, { provider, account }: DetectEvent, slot: number): void {
    feed.slot = slot;
    if (feed.told.has(slot)) return;
    feed.told.add(slot);
    if (feed.told.size > MAX_TOLD) feed.told.delete(feed.told.values().next().value!);
    tell(signal("feed", provider, account, slot));
  }

  /** lagsOf gives the counts of a quarter of an hour of arrival; the oldest is told when it is complete. */
  function lagsOf({ arriving }: Feed, { provider, account }: DetectEvent, arrival: number): number[] {
    for (let i = arriving.length - 1; i >= 0; i--) if (arriving[i]![0] === arrival) return arriving[i]![1];
    const lags = newLags();
    arriving.push([arrival, lags]);
    arriving.sort(([a], [b]) => a - b);
    if (arriving.length > OPEN_QUARTERS) {
      const [slot, counted] = arriving.shift()!;
      const steps = counted.flatMap((n, step): [number, number][] => (n === 0 ? [] : [[step, n]]));
      if (steps.length > 0) tell({ ...signal("lag", provider, account, slot), lags: steps });
    }
    return lags;
  }

  return {
    note(feeds, event) {
      let feed = feeds.get(event.account);
      if (feed === undefined) {
        if (feeds.size >= MAX_FEEDS) return;
        feed = newFeed();
        feeds.set(event.account, feed);
      }
      const slot = slotOf(event.time);
      if (slot !== feed.slot) speaks(feed, event, slot);
      const { ingested_at } = event;
      if (ingested_at === undefined) return;
      const step = lagStep(ingested_at - event.time);
      if (step !== null) lagsOf(feed, event, slotOf(ingested_at))[step]!++;
    },
    clock: (provider, time, cause) => tell(signal("clock", provider, null, slotOf(time), cause)),
  };
}

export const newFeed = (): Feed => ({ slot: -1, told: new Set(), arriving: [] });
