import type { OpenDay, Profile, ValueDimension } from "./profile.ts";
import { pendingKey } from "./view.ts";

/** How long the use by another key counts, days. */
const PEER_DAYS = 30;
const MAX_VALUES = 50_000;
const MAX_SUBJECTS = 4;
/** So many other keys make a network the account's own. */
const SHARED_BY = 3;
const SHARED: readonly ValueDimension[] = ["net", "asn", "country", "region"];

interface Users {
  last: number;
  /** Subjects with their owners, the newest few. */
  subjects: [string, string | null][];
}

/** PeerBook remembers which networks the keys of an account used on sealed days, so that a shared move is told from a theft. */
export interface PeerBook {
  sealDay(
    account: string | null,
    subject: string,
    owner: string | null,
    dimension: ValueDimension,
    value: string,
    day: number,
  ): void;
  others(
    account: string | null,
    dimension: ValueDimension,
    value: string,
    subject: string,
    owner: string | null,
    day: number,
  ): "owner" | "account" | "none";
  /** Whether at least three other keys of the account used it. */
  isShared(account: string | null, dimension: ValueDimension, value: string, subject: string, day: number): boolean;
  /** Takes a subject out, wherever it was seen. */
  forget(subjects: ReadonlySet<string>): void;
  text(): string;
  load(text: string): void;
}

export function createPeerBook(): PeerBook {
  let users = new Map<string, Users>();
  const id = (account: string | null, dimension: ValueDimension, value: string) =>
    `${account ?? ""}\u001f${dimension}\u001f${value}`;
  return {
    sealDay(account, subject, owner, dimension, value, day) {
      if (!SHARED.includes(dimension)) return;
      const key = id(account, dimension, value);
      const entry = users.get(key) ?? { last: day, subjects: [] };
      entry.last = Math.max(entry.last, day);
      if (!entry.subjects.some(([s]) => s === subject)) {
        entry.subjects.push([subject, owner]);
        if (entry.subjects.length > MAX_SUBJECTS) entry.subjects.shift();
      }
      users.set(key, entry);
      if (users.size > MAX_VALUES) forgetOldest(users);
    },
    others(account, dimension, value, subject, owner, day) {
      const entry = users.get(id(account, dimension, value));
      if (!entry || day - entry.last > PEER_DAYS) return "none";
      let found: "owner" | "account" | "none" = "none";
      for (const [other, otherOwner] of entry.subjects) {
        if (other === subject) continue;
        if (owner !== null && otherOwner === owner) return "owner";
        found = "account";
      }
      return found;
    },
    isShared(account, dimension, value, subject, day) {
      const entry = users.get(id(account, dimension, value));
      if (!entry || day - entry.last > PEER_DAYS) return false;
      return entry.subjects.filter(([s]) => s !== subject).length >= SHARED_BY;
    },
    forget(subjects) {
      for (const entry of users.values()) entry.subjects = entry.subjects.filter(([s]) => !subjects.has(s));
    },
    text: () => JSON.stringify([...users]),
    load: (text) => {
      users = new Map(JSON.parse(text) as [string, Users][]);
    },
  };
}

/** shareDay hands a sealed day's values over to the book, but for those that a finding holds back. */
export function shareDay(book: PeerBook, { account, subject_uid, owner }: Profile, day: OpenDay): void {
  for (const dimension of SHARED) {
    for (const value of day.values[dimension]) {
      if (day.holds.size === 0 || !day.holds.has(pendingKey(dimension, value)))
        book.sealDay(account, subject_uid, owner, dimension, value, day.day);
    }
  }
}

function forgetOldest(users: Map<string, Users>): void {
  const lasts = [...users.values()].map((u) => u.last).sort((a, b) => a - b);
  const limit = lasts[Math.floor(lasts.length / 10)]!;
  for (const [key, entry] of users) if (entry.last <= limit) users.delete(key);
}
