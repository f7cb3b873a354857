import { DAY_MS } from "../../schemas/duration.ts";
import type { SubjectRow } from "../../schemas/queries/keys.ts";
import { date } from "./observed.ts";

const MAIL = /^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/;

/** nameOf is what people call a key: its user or role, an e-mail address, else the hint. */
export function nameOf(s: Pick<SubjectRow, "principal_uid" | "principals" | "key_hint">): string {
  const last = s.principal_uid.slice(s.principal_uid.lastIndexOf("/") + 1);
  if (s.principal_uid.includes("/") && last !== "") return last;
  const [principal] = s.principals;
  return principal ?? s.key_hint ?? s.principal_uid;
}

/** uniqueNames gives each subject a name of its own; the key seen first keeps the plain one. Names in `taken` are not used. */
export function uniqueNames(subjects: readonly SubjectRow[], taken: ReadonlySet<string>): Map<string, string> {
  const names = new Map<string, string>();
  const used = new Set(taken);
  const inOrder = [...subjects].sort((a, b) => a.first_ms - b.first_ms || (a.subject_uid < b.subject_uid ? -1 : 1));
  for (const s of inOrder) {
    const plain = nameOf(s);
    let name = plain;
    for (let i = 2; used.has(name); i++) name = `${plain}-${i}`;
    used.add(name);
    names.set(s.subject_uid, name);
  }
  return names;
}

/** ownerHint gives the one e-mail address that the principal carries; null where there is none, or several. */
export function ownerHint(s: Pick<SubjectRow, "principal_uid" | "principals">): string | null {
  const mails = new Set<string>();
  for (const text of [s.principal_uid, ...s.principals])
    for (const part of text.split("/")) if (MAIL.test(part)) mails.add(part);
  return mails.size === 1 ? [...mails][0]! : null;
}

/** Days between the last use of a key and the first of another by which the one may have replaced the other. */
const HANDOVER_MS = 30 * DAY_MS;

/** rotationHint names the key of the same principal that this one seems to have replaced, as a line of an inventory. */
export function rotationHint(
  s: SubjectRow,
  others: readonly SubjectRow[],
  nameBySubject: ReadonlyMap<string, string>,
): string | null {
  if (s.key_type !== "long_lived") return null;
  const before = others
    .filter((o) => o.key_type === "long_lived" && o.provider === s.provider && o.principal_uid === s.principal_uid)
    .filter(
      (o) =>
        o.first_ms < s.first_ms && o.last_ms < s.last_ms - 2 * DAY_MS && Math.abs(o.last_ms - s.first_ms) < HANDOVER_MS,
    )
    .sort((a, b) => b.last_ms - a.last_ms)[0];
  if (before === undefined) return null;
  const overlap = Math.max(0, Math.ceil((before.last_ms - s.first_ms) / DAY_MS));
  return `{ replaces: ${nameBySubject.get(before.subject_uid)}, created_at: ${date(s.first_ms)}, overlap: ${overlap}d }`;
}
