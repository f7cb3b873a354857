import type { Incident } from "../schemas/incident.ts";
import { maxSeverity, type Severity, severityId } from "../schemas/severity.ts";
import { oneLine } from "./clean.ts";
import { type Digest, MAX_REASONS } from "./digest.ts";

/** What an incident tells that follows from its findings alone; status, verdict and numbers are kept by its transitions. */
export type Folded = Omit<
  Incident,
  "uid" | "status" | "verdict" | "assignee" | "merged_into" | "opened_at" | "updated_at" | "n" | "members"
>;

/** fold sums the findings up; their order does not matter. Severity is medium at least: less opens no incident. */
export function fold(digests: Iterable<Digest>): Folded {
  const sorted = [...digests].sort(strongestFirst);
  const told = sorted.filter((d) => d.severity !== "informational");
  const speaking = told.length > 0 ? told : sorted;
  const strongest = speaking[0]!;
  const newest = speaking.reduce((a, b) => (b.last_seen > a.last_seen ? b : a));
  const byTime = [...sorted].sort((a, b) => a.first_seen - b.first_seen || (a.uid < b.uid ? -1 : 1));
  return {
    ...newest.who,
    tags: [...newest.who.tags],
    title: titleOf(strongest, newest, speaking.find((d) => d.from !== null)?.from ?? null),
    severity: told.reduce<Severity>((s, d) => maxSeverity(s, d.severity), "medium"),
    risk: riskOf(told),
    first_seen: Math.min(...speaking.map((d) => d.first_seen)),
    last_seen: Math.max(...speaking.map((d) => d.last_seen)),
    finding_uids: byTime.map((d) => d.uid),
    detections: [...new Set(sorted.map((d) => d.detection))],
    reasons: distinct(sorted, (d) => d.reasons).slice(0, MAX_REASONS),
    runbook: distinct(sorted, (d) => d.runbook).slice(0, 10),
    event_count: sorted.reduce((sum, d) => sum + d.event_count, 0),
  };
}

/** riskOf is 100 (1 - prod(1 - r)), the strongest r of each detection (DETECTION.md, section 7); one decimal. */
export function riskOf(digests: Iterable<Digest>): number {
  const strongest = new Map<string, number>();
  for (const d of digests) strongest.set(d.detection, Math.max(strongest.get(d.detection) ?? 0, d.risk));
  // Sorted, because floating-point products depend on their order and a replay must give the same number.
  const calm = [...strongest.values()].sort((a, b) => a - b).reduce((product, r) => product * (1 - r), 1);
  return Math.round(1000 * (1 - calm)) / 10;
}

/** keyLabel is what people call the key: its name, else its hint, else who holds it. */
export const keyLabel = (who: {
  key_name: string | null;
  key_hint: string | null;
  principal: string | null;
  principal_uid: string;
}): string => oneLine(who.key_name ?? who.key_hint ?? who.principal ?? who.principal_uid, 80);

/** titleOf says which key, what, and from where, in one line. */
function titleOf(strongest: Digest, newest: Digest, from: string | null): string {
  const key = keyLabel(newest.who);
  const what = strongest.title.includes(key) ? strongest.title : `${key}: ${strongest.title}`;
  return oneLine(from === null || what.includes(from) ? what : `${what}, from ${from}`, 240);
}

function strongestFirst(a: Digest, b: Digest): number {
  return (
    severityId(b.severity) - severityId(a.severity) ||
    b.risk - a.risk ||
    a.first_seen - b.first_seen ||
    (a.uid < b.uid ? -1 : 1)
  );
}

/** distinct takes the first line of every finding, then the rest, so that no finding goes unheard. */
function distinct(digests: readonly Digest[], lines: (d: Digest) => readonly string[]): string[] {
  const heads = digests.flatMap((d) => lines(d).slice(0, 1));
  return [...new Set([...heads, ...digests.flatMap((d) => lines(d).slice(1))])];
}
