import type { SourceRow } from "../../schemas/queries/keys.ts";
import { confidence, days, groupBy, type Observed, type Proposal } from "./observed.ts";
import { foldCrowded, joinSiblings, type Prefix, parsePrefix, prefixText } from "./prefix.ts";

/** More than this is no list that a person keeps up to date. */
const MAX_NETWORKS = 16;
const MAX_COUNTRIES = 6;
/** Share of observations (one value on one day) that were never seen again, from which on a list would be broken daily. */
const MAX_ONCE = 0.1;
/** So many networks of one owner are a range that it hands out. */
const CROWD = 8;
const WIDEST = { 4: 12, 6: 32 } as const;
/** What was there on one day of so many, with at most this share of the calls, is no habit. */
const STRAY_DAYS = 10;
const STRAY_SHARE = 0.01;
const MAX_STRAYS = 5;

/** proposeNetworks lists the /24s and /48s of a key where they are few and come back, and the range of an owner that hands them out. */
export function proposeNetworks({ subject, sources }: Observed): Proposal<string[]> {
  if (sources.length === 0) return { value: null, why: "its records hold no address" };
  const { kept, strays } = withoutStrays(sources, subject.active_days, subject.events);
  const { folded, loose } = foldOwners(kept);
  const list = [...joinSiblings(folded), ...joinSiblings(loose.map((s) => parsePrefix(s.src_net!)!))];
  const once = loose.filter((s) => s.days === 1).length;
  const n = kept.reduce((sum, s) => sum + s.days, 0);
  if (list.length > MAX_NETWORKS || once > MAX_ONCE * n) {
    return {
      value: null,
      why: `${kept.length} networks in ${days(subject.active_days)}, ${once} of them on one day only: ${ownersOf(kept)}`,
    };
  }
  const crowd = folded.length === 0 ? "" : `${kept.length - loose.length} networks folded, `;
  const out = strays.length === 0 ? "" : `; left out, seen on one day only: ${strays.map((s) => s.src_net).join(", ")}`;
  return {
    value: list.map(prefixText),
    why: `${crowd}${ownersOf(kept)}, ${days(subject.active_days)}; ${confidence(subject.active_days)}${out}`,
  };
}

/** proposeCountries lists the countries of a key where they are few and come back. */
export function proposeCountries({ subject, countries }: Observed): Proposal<string[]> {
  const placed = countries.filter((c) => /^[A-Z]{2}$/.test(c.country));
  if (placed.length === 0) return { value: null, why: "no address of it lies in a known country" };
  const { kept, strays } = withoutStrays(placed, subject.active_days, subject.events);
  const once = kept.filter((c) => c.days === 1).length;
  const n = kept.reduce((sum, c) => sum + c.days, 0);
  const shares = kept.map((c) => `${c.country} on ${days(c.days)}`).join(", ");
  if (kept.length > MAX_COUNTRIES || once > MAX_ONCE * n)
    return { value: null, why: `the countries change too often: ${shares}` };
  const out = strays.length === 0 ? "" : `; left out, seen on one day only: ${strays.map((c) => c.country).join(", ")}`;
  return { value: kept.map((c) => c.country), why: `${shares}${out}` };
}

function withoutStrays<T extends { days: number; events: number }>(
  values: T[],
  activeDays: number,
  events: number,
): { kept: T[]; strays: T[] } {
  const strays = values.filter((v) => v.days === 1);
  const rare = strays.reduce((sum, s) => sum + s.events, 0) <= STRAY_SHARE * events;
  if (activeDays < STRAY_DAYS || strays.length > MAX_STRAYS || !rare) return { kept: values, strays: [] };
  return { kept: values.filter((v) => v.days > 1), strays };
}

/** foldOwners covers the networks of an owner whose addresses change by the range they come out of. */
function foldOwners(sources: SourceRow[]): { folded: Prefix[]; loose: SourceRow[] } {
  const folded: Prefix[] = [];
  const loose: SourceRow[] = [];
  for (const group of groupBy(sources, ownerOf).values()) {
    const n = group.reduce((sum, s) => sum + s.days, 0);
    const once = group.filter((s) => s.days === 1).length;
    if (group.length < CROWD || (once <= MAX_ONCE * n && group.length <= MAX_NETWORKS)) {
      loose.push(...group);
      continue;
    }
    const crowds = foldCrowded(
      group.map((s) => parsePrefix(s.src_net!)!),
      CROWD,
      WIDEST,
    );
    folded.push(...crowds.folded);
    const alone = new Set(crowds.loose.map(prefixText));
    loose.push(...group.filter((s) => alone.has(prefixText(parsePrefix(s.src_net!)!))));
  }
  return { folded, loose };
}

const ownerOf = (s: SourceRow): string =>
  s.src_kind === "private" ? "private" : s.asn === null ? "unknown" : `AS${s.asn}`;

/** ownersOf names who the networks belong to, most used first. */
function ownersOf(sources: SourceRow[]): string {
  const total = sources.reduce((sum, s) => sum + s.events, 0);
  const owners = [...groupBy(sources, ownerOf)]
    .map(([owner, group]) => ({ owner, org: group[0]!.as_org, events: group.reduce((sum, s) => sum + s.events, 0) }))
    .sort((a, b) => b.events - a.events || (a.owner < b.owner ? -1 : 1));
  const named = owners.slice(0, 3).map(({ owner, org, events }) => {
    const share = Math.round((100 * events) / total);
    if (owner === "private") return `private addresses ${share} %`;
    return owner === "unknown" ? `of unknown owner ${share} %` : `${owner}${org === null ? "" : ` ${org}`} ${share} %`;
  });
  return named.join(", ") + (owners.length > 3 ? ` and ${owners.length - 3} more owners` : "");
}
