import type { Pace } from "../../detect/detector.ts";

export interface PaceParts {
  now(): number;
  /** ms without an event after which no more of a kind is expected. */
  settle: number;
  latenessOf(provider: string): number;
  /** ms; older events are a past that is read in. */
  maxAge: number;
}

/** Heard is what a partition brought of one provider. */
interface Heard {
  /** Time of the newest message with an event of it, ms. */
  at: number;
  /** How far behind the clock its newest event was when it came, ms. */
  behind: number;
  /** Its end was told. */
  ended: boolean;
}

/** Paces tells how the time of each provider of a partition goes on when its events do not move it. All in the time of messages, ms. */
export interface Paces {
  /** A provider whose events an earlier owner read, the newest of them so far behind the clock. */
  expect(provider: string, behind: number): void;
  /** Messages until a time were read, with these events. */
  read(events: readonly { provider: string; time: number }[], at: number): void;
  /** All messages were read, and none came for so long. */
  idle(silentMs: number): void;
  of(provider: string): Pace;
  /** The ends that are due were told. */
  ended(): void;
  /** No event of the past is expected any more. */
  pastIsRead(): boolean;
}

/**
 * createPaces: input of days ago is a past that is read in, and the clock must not run ahead of it, or the rest of it would come late.
 * A provider that says nothing is judged by the clock all the same while others keep the partition busy.
 */
export function createPaces({ now, settle, latenessOf, maxAge }: PaceParts): Paces {
  const heard = new Map<string, Heard>();
  /** The first and the newest message, and the newest one with an event of the past. */
  let first: number | null = null;
  let newest = 0;
  let pastAt: number | null = null;
  /** Nothing is known to wait behind it. */
  let upTo = 0;
  let all = true;

  const quiet = (since: number): boolean => (all || now() - newest < settle) && upTo - since >= settle;

  function of(provider: string): Pace {
    const h = heard.get(provider);
    if (h === undefined || !quiet(h.at)) return "waits";
    if (h.behind <= 3 * latenessOf(provider)) return "clock";
    return h.ended ? "waits" : "ended";
  }

  return {
    expect: (provider, behind) => void heard.set(provider, { at: 0, behind, ended: false }),
    read(events, at) {
      if (first === null) {
        first = at;
        for (const h of heard.values()) h.at = at;
      }
      newest = upTo = Math.max(newest, at);
      all = false;
      const times = new Map<string, number>();
      for (const { provider, time } of events) if (time > (times.get(provider) ?? 0)) times.set(provider, time);
      for (const [provider, time] of times) heard.set(provider, { at: newest, behind: now() - time, ended: false });
      if (events.some(({ time }) => now() - time > maxAge)) pastAt = newest;
    },
    idle(silentMs) {
      all = true;
      upTo = newest + silentMs;
    },
    of,
    ended() {
      for (const [provider, h] of heard) if (of(provider) === "ended") h.ended = true;
    },
    pastIsRead: () => quiet(pastAt ?? first ?? 0),
  };
}
