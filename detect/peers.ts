import { isHeld } from "./holds.ts";
import type { OpenDay, Profile, ValueDimension } from "./profile.ts";

/** How long the use by another key counts, days. */
const PEER_DAYS = 30;
const MAX_VALUES = 50_000;
const MAX_SUBJECTS = 12;
/** So many other keys make a network the account's own. */
const SHARED_BY = 3;
const SHARED: readonly ValueDimension[] = ["net", "asn", "country", "region"];

interface Users {
  /** The newest day of any subject. */
  last: number;
  /** Subjects with their owners and the last day of each, those that used it last. */
  subjects: User[];
}

type User = [subject: string, owner: string | null, last: number];

type PerAccount = Map<string, Map<ValueDimension, Map<string, Users>>>;
const BETWEEN = "\u001f";

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
  /** By account, dimension and value: a text of all three, made at every question, would cost more than the answer. */
  let users: PerAccount = new Map();
  let size = 0;

  const find = (account: string | null, dimension: ValueDimension, value: string): Users | undefined =>
    users
      .get(account ?? "")
      ?.get(dimension)
      ?.get(value);

  function add(account: string, dimension: ValueDimension, value: string, entry: Users): void {
    const dimensions = users.get(account) ?? new Map<ValueDimension, Map<string, Users>>();
    users.set(account, dimensions);
    const values = dimensions.get(dimension) ?? new Map<string, Users>();
    dimensions.set(dimension, values);
    values.set(value, entry);
    size++;
  }

  function* entries(): Generator<[values: Map<string, Users>, value: string, entry: Users, key: string]> {
    for (const [account, dimensions] of users)
      for (const [dimension, values] of dimensions)
        for (const [value, entry] of values)
          yield [values, value, entry, `${account}${BETWEEN}${dimension}${BETWEEN}${value}`];
  }

  function forgetOldest(): void {
    const lasts = [...entries()].map(([, , entry]) => entry.last).sort((a, b) => a - b);
    const limit = lasts[Math.floor(lasts.length / 10)]!;
    for (const [values, value, entry] of entries()) if (entry.last <= limit && values.delete(value)) size--;
  }

  return {
    sealDay(account, subject, owner, dimension, value, day) {
      if (!SHARED.includes(dimension)) return;
      const entry = find(account, dimension, value);
      if (entry === undefined) {
        add(account ?? "", dimension, value, { last: day, subjects: [[subject, owner, day]] });
        if (size > MAX_VALUES) forgetOldest();
        return;
      }
      if (day > entry.last) entry.last = day;
      const user = entry.subjects.find(([s]) => s === subject);
      if (user) {
        user[1] = owner;
        user[2] = Math.max(user[2], day);
        return;
      }
      entry.subjects.push([subject, owner, day]);
      if (entry.subjects.length > MAX_SUBJECTS) entry.subjects.splice(oldestOf(entry.subjects), 1);
    },
    others(account, dimension, value, subject, owner, day) {
      const entry = find(account, dimension, value);
      if (!entry || day - entry.last > PEER_DAYS) return "none";
      let found: "owner" | "account" | "none" = "none";
      for (const [other, otherOwner, last] of entry.subjects) {
        if (other === subject || day - last > PEER_DAYS) continue;
        if (owner !== null && otherOwner === owner) return "owner";
        found = "account";
      }
      return found;
    },
    isShared(account, dimension, value, subject, day) {
      const entry = find(account, dimension, value);
      if (!entry || day - entry.last > PEER_DAYS) return false;
      return entry.subjects.filter(([s, , last]) => s !== subject && day - last <= PEER_DAYS).length >= SHARED_BY;
    },
    forget(subjects) {
      for (const [, , entry] of entries()) entry.subjects = entry.subjects.filter(([s]) => !subjects.has(s));
    },
    text: () => JSON.stringify([...entries()].map(([, , entry, key]) => [key, entry])),
    load(text) {
      users = new Map();
      size = 0;
      for (const [key, entry] of JSON.parse(text) as [string, Users][]) {
        const [account = "", dimension = "", ...value] = key.split(BETWEEN);
        add(account, dimension as ValueDimension, value.join(BETWEEN), { ...entry, subjects: usersOf(entry) });
      }
    },
  };
}

/** usersOf gives a stored value's subjects; older versions kept one day for all of them, which those at work soon have of their own. */
const usersOf = ({ last, subjects }: { last: number; subjects: [string, string | null, number?][] }): User[] =>
  subjects.map(([subject, owner, day]) => [subject, owner, day ?? last]);

/** oldestOf gives the place of the subject that used it longest ago; of equals the first by name, so that no order enters. */
function oldestOf(subjects: readonly User[]): number {
  let oldest = 0;
  for (const [i, [subject, , last]] of subjects.entries()) {
    const [name, , least] = subjects[oldest]!;
    if (last < least || (last === least && subject < name)) oldest = i;
  }
  return oldest;
}

/** shareDay hands a sealed day's values over to the book, but for those that a finding holds back. */
export function shareDay(book: PeerBook, { account, subject_uid, owner }: Profile, day: OpenDay): void {
  for (const dimension of SHARED) {
    for (const value of day.values[dimension]) {
      if (!isHeld(day, dimension, value)) book.sealDay(account, subject_uid, owner, dimension, value, day.day);
    }
  }
}
