import { inEventOrder } from "../schemas/finding.ts";
import type { Incident } from "../schemas/incident.ts";
import { maxSeverity, type Severity, severityId } from "../schemas/severity.ts";
import { oneLine } from "./clean.ts";
import { type Digest, MAX_REASONS } from "./digest.ts";

/** What an incident tells that follows from its findings alone; status, verdict and numbers are kept by its transitions. */
export type Folded = Omit<
  Incident,
  "uid" | "status" | "verdict" | "assignee" | "merged_into" | "opened_at" | "updated_at" | "n"
>;

/** fold sums the findings up; their order does not matter. Severity is medium at least: less opens no incident. */
export function fold(digests: Iterable<Digest>): Folded {
  const sorted = [...digests].sort(strongestFirst);
  const told = sorted.filter((d) => d.severity !== "informational");
  const speaking = told.length > 0 ? told : sorted;
  const strongest = speaking[0]!;
  const newest = speaking.reduce((a, b) => (b.last_seen > a.last_seen ? b : a));
  const from = speaking.find((d) => d.from !== null)?.from ?? null;
  const byTime = inEventOrder(sorted);
  return {
    ...newest.who,
    tags: [...newest.who.tags],
    members: [...new Set(sorted.flatMap((d) => d.members ?? []))].sort(),
    title: titleOf(strongest, newest, from),
    from,
    severity: speaking.reduce<Severity>(
      (s, d) => maxSeverity(s, d.severity),
      told.length > 0 ? "medium" : "informational",
    ),
    risk: riskOf(told),
    first_seen: Math.min(...speaking.map((d) => d.first_seen)),
    last_seen: Math.max(...speaking.map((d) => d.last_seen)),
    finding_uids: byTime.map((d) => d.uid),
    detections: [...new Set(sorted.map((d) => d.detection))],
    reasons: reasonsOf(speaking),
    // The steps of the gravest finding: five lists of advice are none at 3 in the morning.
    runbook: strongest.runbook,
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

/** Reasons of one detection that are told in full; its other findings are named in one line. */
const REASONS_EACH = 2;
const NAMED = 5;

/** reasonsOf tells each detection once, the gravest first, and sums up what is more of the same. */
function reasonsOf(sorted: readonly Digest[]): string[] {
  const groups = new Map<string, Digest[]>();
  for (const d of sorted) {
    const group = groups.get(d.detection);
    if (group) group.push(d);
    else groups.set(d.detection, [d]);
  }
  const heads: string[] = [];
  const details: string[] = [];
  for (const [first, ...more] of groups.values()) {
    const [head, ...rest] = first!.reasons;
    if (head !== undefined) heads.push(head);
    const names = [...new Set(more.map((d) => d.about))].filter((name) => name !== "" && name !== first!.about);
    if (names.length > 0) {
      const left = names.length - NAMED;
      heads.push(`The same of ${names.slice(0, NAMED).join(", ")}${left > 0 ? ` and ${left} more` : ""}.`);
    }
    details.push(...rest.slice(0, REASONS_EACH - 1));
  }
  return [...new Set([...heads, ...details])].slice(0, MAX_REASONS);
}
