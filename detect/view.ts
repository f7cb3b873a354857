import type { KeyPolicy } from "./inventory_index.ts";
import type { OpenDay, Profile, Sealed, ValueDimension } from "./profile.ts";
import type { CallWindow, NetworkWindow } from "./windows.ts";

/** View is all that a baseline may look at: sealed habits, the open day's counts, the event's windows, the declaration. */
export interface View {
  profile: Profile;
  sealed: Sealed;
  day: OpenDay;
  /** Aligned quarter of an hour of the event, or the window that closes. */
  window: CallWindow;
  networks: NetworkWindow | null;
  policy: KeyPolicy | null;
  /** True until the learning gate has opened (DETECTION.md, section 2). */
  learning: boolean;
  history: { days: number; events: number };
  /** Zone in which the subject's hours are kept. */
  zone: string;
  /** Local hour of the week of the event, 0..167, Monday 0 h first. */
  hour: number;
  /** Whether another key of the same owner, and whether anybody of the account, used the value before this day. */
  peers: Peers;
  /** Time between two moments (ms) in which the key's source was silent, so that nothing is known of the key, ms. */
  unheard(from: number, to: number): number;
  /** Networks of the organisation itself are never new. */
  isOwn(address: string): boolean;
}

export interface Peers {
  /** Subjects other than this one that used the value on sealed days of the last 30. */
  others(
    account: string | null,
    dimension: ValueDimension,
    value: string,
    subject: string,
  ): "owner" | "account" | "none";
  /** Whether at least three other subjects of the account used it then. */
  isShared(account: string | null, dimension: ValueDimension, value: string, subject: string): boolean;
}

/** isKnown tells whether a value is part of the baseline: seen on a sealed day and not held back. */
export const isKnown = (view: View, dimension: ValueDimension, value: string): boolean =>
  view.sealed.values[dimension].values.has(value);

/** waiting gives the days on which a value that gave a finding was seen before this day; 0 where it gave none. */
export const waiting = (view: View, dimension: ValueDimension | "hour", value: string): number =>
  view.profile.pending.get(pendingKey(dimension, value))?.days ?? 0;

export const pendingKey = (dimension: string, value: string): string => `${dimension}\u001f${value}`;
