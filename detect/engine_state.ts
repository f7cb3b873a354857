import { DAY_MS, dayOf } from "../schemas/duration.ts";
import type { ProviderClock } from "./clock.ts";
import type { Fleet } from "./fleet/fleet.ts";
import type { PeerBook } from "./peers.ts";
import { type Feed, newFeed } from "./pulse.ts";
import type { Revocations } from "./revocations.ts";

/** EngineState is what the engine knows beside the profiles. */
export interface EngineState {
  clocks: ReadonlyMap<string, ProviderClock>;
  clockOf(provider: string): ProviderClock;
  revoked: Revocations;
  peers: PeerBook;
  /** What was seen over all keys; null where another process looks at that. */
  fleet: Pick<Fleet, "text" | "load"> | null;
}

/** stateText is the engine's own row. Events that wait are in the store; only that there are some is kept here. */
export function stateText({ clocks, revoked, peers, fleet }: EngineState): string {
  const marks = [...clocks].map(([provider, c]) => [
    provider,
    c.watermark,
    c.sealedTo,
    c.waiting.size(),
    arriving(c.feeds),
  ]);
  return JSON.stringify({ marks, revoked: revoked.state(), peers: peers.text(), fleet: fleet?.text() });
}

/** loadState takes such a row over, and gives the providers of which events waited, with the time from which on. */
export function loadState(
  text: string,
  { clockOf, revoked, peers, fleet }: EngineState,
): { provider: string; from: number }[] {
  const state = JSON.parse(text) as {
    marks: [string, number, number, number, Arriving?][];
    revoked: ReturnType<Revocations["state"]>;
    peers: string;
    fleet?: string;
  };
  const owed: { provider: string; from: number }[] = [];
  for (const [provider, mark, sealedTo, waiting, arriving = []] of state.marks) {
    const clock = clockOf(provider);
    for (const [account, quarters] of arriving) clock.feeds.set(account, { ...newFeed(), arriving: quarters });
    clock.watermark = mark;
    // Older versions sealed up to a day that a broken clock named.
    clock.sealedTo = Math.min(sealedTo, dayOf(mark) + 1);
    if (waiting > 0) owed.push({ provider, from: (dayOf(mark) + 1) * DAY_MS });
  }
  revoked.load(state.revoked);
  peers.load(state.peers);
  if (state.fleet) fleet?.load(state.fleet);
  return owed;
}

/** What arrived in the quarters of an hour that are open, by account. */
type Arriving = [account: string | null, quarters: Feed["arriving"]][];

const arriving = (feeds: ReadonlyMap<string | null, Feed>): Arriving =>
  [...feeds].flatMap(([account, { arriving: quarters }]) => (quarters.length === 0 ? [] : [[account, quarters]]));
