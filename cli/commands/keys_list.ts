import { DAY_MS, formatDuration, iso } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { eventSpan, openFindings, type SubjectRow, subjectList } from "../../schemas/queries/keys.ts";
import { proposeAccess } from "../keys/access.ts";
import { nameOf } from "../keys/names.ts";
import { date } from "../keys/observed.ts";
import { count, type Out } from "../out.ts";
import { openPosture } from "../posture.ts";
import { printTable } from "../table.ts";
import { flag, numberOr, type StoreCommand } from "./command.ts";
import { declarationsNow } from "./keys_observed.ts";

/** The end of what DateTime64(3) can hold. */
const FAR = Date.UTC(2290, 0, 1);

/** keysList shows a line a key, the one used last first; `all` adds callers without a key. */
export const keysList: StoreCommand = async ({ app, args, out }) => {
  const now = app.now();
  const limit = numberOr(args.limit, 200);
  const [declared, open] = [await declarationsNow(app), await app.store.ask(openFindings, {})];
  const findings = new Map(open.map((r) => [r.subject_uid, r.findings]));
  const posture = await openPosture(app.store);
  const rows = await app.store.ask(subjectList, {
    from: 0,
    to: FAR,
    since: now - 30 * DAY_MS,
    keyless: flag(args.all) ? 1 : 0,
    min_events: 1,
    limit: limit + 1,
  });
  const lines = rows.slice(0, limit).map((s) => lineOf(s, declared.of(s), findings.get(s.subject_uid) ?? 0, posture));
  const seen = new Set(lines.map((l) => l.name));
  const more = rows.length > limit;
  // A key beyond the limit would look unused, so the unused ones are told only where every key is on the list.
  const unused = more ? [] : (declared.inventory?.keys ?? []).filter((k) => !seen.has(k.name));
  if (flag(args.json)) {
    for (const line of lines) out.line(JSON.stringify(line));
    for (const k of unused)
      out.line(
        JSON.stringify({
          kind: "key",
          name: k.name,
          provider: k.provider,
          owner: k.owner,
          environment: k.environment,
          access_declared: k.access,
          last_used: null,
          events_30d: 0,
          posture: detectionsOf(posture.get(k.name)),
        }),
      );
    return 0;
  }
  if (lines.length === 0) return sayEmpty(await app.store.ask(eventSpan, {}), unused.length, out);
  printTable(
    out,
    [
      "KEY",
      "PROVIDER",
      "OWNER",
      "ENV",
      "ACCESS",
      "FIRST SEEN",
      "LAST USED",
      "30 D",
      "NETS",
      "COUNTRIES",
      "OPEN",
      "POSTURE",
    ],
    [
      ...lines.map((l) => [
        short(l.name, 28),
        l.provider,
        short(l.owner ?? "-", 20),
        short(l.environment ?? "-", 12),
        accessWords(l.access_declared, l.access_observed),
        date(Date.parse(l.first_seen)),
        ago(now - Date.parse(l.last_used)),
        count(l.events_30d),
        l.networks,
        l.countries,
        l.open_findings,
        postureWords(l.posture),
      ]),
      ...unused.map((k) => [
        short(k.name, 28),
        k.provider,
        short(k.owner ?? "-", 20),
        short(k.environment ?? "-", 12),
        accessWords(k.access, null),
        "never",
        "never",
        0,
        0,
        0,
        0,
        postureWords(detectionsOf(posture.get(k.name))),
      ]),
    ],
  );
  if (more) out.note(`Only ${limit} keys are shown; --limit shows more.`);
  return 0;
};

/** lineOf is the public NDJSON form of a key: additive changes only. */
export function lineOf(
  s: SubjectRow,
  policy: { name: string; owner: string | null; environment: string | null; access: string | null } | null,
  open: number,
  posture: ReadonlyMap<string, readonly Finding[]> = new Map(),
) {
  const access = proposeAccess(s).value;
  return {
    kind: "key",
    name: policy?.name ?? nameOf(s),
    declared: policy !== null,
    provider: s.provider,
    account: s.account,
    subject_uid: s.subject_uid,
    key_uid: s.key_type === "long_lived" ? s.key_uid : null,
    key_hint: s.key_type === "long_lived" ? s.key_hint : null,
    key_type: s.key_type,
    principal_uid: s.principal_uid,
    owner: policy?.owner ?? null,
    environment: policy?.environment ?? s.environment,
    access_declared: policy?.access ?? null,
    access_observed: access ?? "unclear",
    first_seen: iso(s.first_ms),
    last_used: iso(s.last_ms),
    events: s.events,
    events_30d: s.events_30d,
    networks: s.networks,
    countries: s.countries,
    open_findings: open,
    /** Conditions that are true now: rotation_overdue, unused_permission, never_used_key. */
    posture: policy === null ? [] : detectionsOf(posture.get(policy.name)),
  };
}

const detectionsOf = (findings: readonly Finding[] = []): string[] => findings.map((f) => f.detection).sort();

/** postureWords is "rotation overdue, never used": the names without what a key is anyway. */
const postureWords = (detections: readonly string[]): string =>
  detections.map((d) => d.replace(/_key$/, "").replaceAll("_", " ")).join(", ") || "-";

const accessWords = (declared: string | null, observed: string | null): string =>
  declared === null
    ? `(${observed ?? "unused"})`
    : observed === null || declared === observed || observed === "unclear"
      ? declared
      : `${declared}, used: ${observed}`;

export const ago = (ms: number): string => (ms < 1000 ? "just now" : `${formatDuration(ms)} ago`);
const short = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function sayEmpty([span]: { events: number }[], unused: number, out: Out): number {
  if (unused > 0) out.line(`None of the ${unused} keys of the inventory was seen yet.`);
  else if ((span?.events ?? 0) > 0)
    out.line("The events in the store name no keys. `--all` shows the callers without a key too.");
  else out.line("No events yet. `keywatch ingest <paths>` reads logs.");
  return 0;
}
