import type { Cause } from "../pulse.ts";

/** Front is how far one engine is with a provider, in slots: by its events, null before the first, and by the clock. */
interface Front {
  events: number | null;
  ticks: number;
  /** It has read all that there was; what it says next wakes it. */
  rests: boolean;
}

/** Front as JSON, by provider and engine. */
export type FrontsState = [provider: string, [engine: string, front: Front][]][];

/**
 * Fronts tells how far all engines are. The slowest counts, for what it has still to read may be what the others do not hear; one that
 * rests has nothing more to read.
 */
export interface Fronts {
  note(provider: string, engine: string, slot: number, cause: Cause): void;
  /** An engine speaks. */
  wake(provider: string, engine: string): void;
  /** Slot to which all events were read in; where all engines rest, that of the furthest. */
  byEvents(provider: string): number;
  /** Slot to which events or the clock moved all engines. */
  byClock(provider: string): number;
  /** The furthest slot of any engine; 0 where none is known. */
  furthest(provider: string): number;
  rests(provider: string, engine: string): boolean;
  allRest(provider: string): boolean;
  state(): FrontsState;
  restore(state: FrontsState): void;
}

export function createFronts(): Fronts {
  let fronts = new Map<string, Map<string, Front>>();

  function frontOf(provider: string, engine: string): Front {
    const engines = fronts.get(provider) ?? new Map<string, Front>();
    fronts.set(provider, engines);
    const front = engines.get(engine) ?? { events: null, ticks: 0, rests: false };
    engines.set(engine, front);
    return front;
  }

  const all = (provider: string): Front[] => [...(fronts.get(provider)?.values() ?? [])];
  const awake = (provider: string): Front[] => all(provider).filter((front) => !front.rests);
  const least = (slots: readonly number[]): number => (slots.length === 0 ? 0 : Math.min(...slots));

  return {
    note(provider, engine, slot, cause) {
      const front = frontOf(provider, engine);
      front.rests = cause === "end" || cause === "rest";
      if (cause === "tick") front.ticks = Math.max(front.ticks, slot);
      else if (cause !== "rest") front.events = Math.max(front.events ?? slot, slot);
    },
    wake(provider, engine) {
      frontOf(provider, engine).rests = false;
    },
    byEvents(provider) {
      const slotsOf = (of: Front[]) => of.flatMap(({ events }) => events ?? []);
      const slots = slotsOf(awake(provider));
      return slots.length > 0 ? least(slots) : Math.max(0, ...slotsOf(all(provider)));
    },
    byClock: (provider) => least(awake(provider).map(({ events, ticks }) => Math.max(events ?? 0, ticks))),
    furthest: (provider) => Math.max(0, ...all(provider).map(({ events, ticks }) => Math.max(events ?? 0, ticks))),
    rests: (provider, engine) => fronts.get(provider)?.get(engine)?.rests ?? false,
    allRest: (provider) => awake(provider).length === 0,
    state: () => [...fronts].map(([provider, engines]) => [provider, [...engines]]),
    restore(state) {
      fronts = new Map(state.map(([provider, engines]) => [provider, new Map(engines)]));
    },
  };
}
