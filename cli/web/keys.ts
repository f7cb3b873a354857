import { countryName } from "../../detect/words.ts";
import { DAY_MS, iso } from "../../schemas/duration.ts";
import type { KeyDetail, KeyOut, Share } from "../../schemas/http_api.ts";
import type { InventoryKey } from "../../schemas/inventory.ts";
import { incidentsOfSubject } from "../../schemas/queries/incidents.ts";
import { openFindings, type SubjectRow } from "../../schemas/queries/keys.ts";
import { callsByDay, subjectSummary, subjectsCalled } from "../../schemas/queries/rollups.ts";
import { incidentLine } from "../../schemas/wire.ts";
import type { App } from "../app.ts";
import { activityOf, gatherFacts } from "../commands/keys_facts.ts";
import { findSubject } from "../commands/keys_find.ts";
import { lineOf } from "../commands/keys_list.ts";
import { declarationsNow } from "../commands/keys_observed.ts";
import { bestZone, proposeHours } from "../keys/hours.ts";
import { knowledgeOf } from "../keys/knowledge.ts";
import { CommandFault } from "../out.ts";
import { postureOf } from "./posture.ts";
import { hoursChart } from "./profile_charts.ts";

const SPAN_DAYS = 90;
/** Of a key with many calls its last days are read, so many calls and at least one day. */
const MAX_CALLS = 100_000;
const MAX_KEYS = 5_000;
const MAX_SHARES = 12;
const MAX_INCIDENTS = 20;

/** subjectsSeen gives the keys of the weeks that 90 days touch in numbers, the one used last first. */
export function subjectsSeen(app: App): Promise<SubjectRow[]> {
  const now = app.now();
  return app.store.ask(subjectSummary, {
    from: now - SPAN_DAYS * DAY_MS,
    since: now - 30 * DAY_MS,
    limit: MAX_KEYS,
  });
}

/** keyList puts those beside what is declared, and after them the keys of the inventory that nobody used. */
export async function keyList(app: App, rows: readonly SubjectRow[]): Promise<KeyOut[]> {
  const now = app.now();
  const [declared, open] = [await declarationsNow(app), await app.store.ask(openFindings, {})];
  const findings = new Map(open.map((r) => [r.subject_uid, r.findings]));
  const seen = rows.map((row) => ({ row, policy: declared.of(row) }));
  const used = new Set(seen.map(({ policy }) => policy?.name));
  return [
    ...seen.map(({ row, policy }) => keyOut(row, policy, findings.get(row.subject_uid) ?? 0, now)),
    ...(declared.inventory?.keys ?? []).filter((k) => !used.has(k.name)).map((k) => unusedKey(k, now)),
  ];
}

function keyOut(row: SubjectRow, policy: Parameters<typeof postureOf>[1], open: number, now: number): KeyOut {
  const { kind: _, key_uid: __, ...line } = lineOf(row, policy, open);
  return { ...line, denied: row.denied, posture: postureOf(row, policy, now) };
}

const unusedKey = (k: InventoryKey, now: number): KeyOut => ({
  ...{ name: k.name, declared: true, provider: k.provider, account: null, subject_uid: null, key_hint: null },
  ...{ key_type: null, principal_uid: k.principal, owner: k.owner, environment: k.environment },
  ...{ access_declared: k.access, access_observed: null, first_seen: null, last_used: null, events: 0, events_30d: 0 },
  ...{ denied: 0, networks: 0, countries: 0, open_findings: 0, posture: postureOf(null, k, now) },
});

/** keyOf gives one key in words and pictures: what was declared, what it does, and what is out of order. */
export async function keyOf(app: App, name: string, rows: readonly SubjectRow[]): Promise<KeyDetail | null> {
  const declarations = await declarationsNow(app);
  const now = app.now();
  let subject: SubjectRow;
  try {
    // Who comes from the list gives the uid, and nothing has to be looked for.
    subject = rows.find((r) => r.subject_uid === name) ?? (await findSubject(app, name, declarations, subjectsCalled));
  } catch (error) {
    if (!(error instanceof CommandFault)) throw error;
    const unused = declarations.inventory?.keys.find((k) => k.name === name);
    return unused ? { ...unusedKey(unused, now), ...nothingSeen(unused) } : null;
  }
  const policy = declarations.of(subject);
  const from = Math.floor(Math.min(now, subject.last_ms) - SPAN_DAYS * DAY_MS);
  const days = await app.store.ask(callsByDay, { subject: subject.subject_uid, from: Math.max(0, from) });
  const spanDays = readable(days, Math.floor(subject.last_ms / DAY_MS));
  const facts = await gatherFacts(app, subject, policy, spanDays);
  const open = (await app.store.ask(openFindings, {})).find((r) => r.subject_uid === subject.subject_uid);
  const incidents = await app.store.ask(incidentsOfSubject, { subject: subject.subject_uid, limit: MAX_INCIDENTS });
  const zone = policy?.zone ?? bestZone(facts.observed.countries);
  const profileZone = policy?.zone ?? "UTC";
  const knowledge = facts.profile && knowledgeOf(facts.profile, profileZone);
  const hours = proposeHours(facts.observed).value;
  return {
    ...keyOut(subject, policy, open?.findings ?? 0, now),
    span_days: spanDays,
    zone,
    usual_hours: hours === null ? null : `${hours.from} to ${hours.to}, ${hours.days} (${hours.timezone})`,
    hours_of_week: [...activityOf(facts.observed, zone).byHourOfWeek],
    profile_hours: facts.profile && hoursChart(facts.profile, profileZone, []),
    per_day: days.reverse().map(({ day, events }) => ({ day: iso(day * DAY_MS).slice(0, 10), events })),
    places: facts.observed.countries
      .filter((c) => c.country !== "")
      .slice(0, MAX_SHARES)
      .map((c) => ({ name: countryName(c.country), detail: c.city, events: c.events, days: c.days })),
    networks_seen: facts.observed.sources.slice(0, MAX_SHARES).map(
      (s): Share => ({
        name: s.src_net ?? "-",
        detail: s.src_kind === "private" ? "private" : s.as_org,
        events: s.events,
        days: s.days,
      }),
    ),
    operations: facts.operations.slice(0, MAX_SHARES).map(
      (o): Share => ({
        name: o.service === null ? o.operation : `${o.service}:${o.operation}`,
        detail: o.verb_class,
        events: o.events,
        days: null,
      }),
    ),
    outcomes: facts.outcomes.map((o): Share => ({ name: o.outcome, detail: null, events: o.events, days: null })),
    learned: knowledge?.learned ?? [],
    uninformative: knowledge?.uninformative ?? [],
    waiting: knowledge?.waiting ?? [],
    declaration: declarationOf(declarations.inventory?.keys.find((k) => k.name === policy?.name)),
    incidents: incidents.map((r) => incidentLine(JSON.parse(r.document)) as KeyDetail["incidents"][number]),
  };
}

/** readable gives how many days before the last one may be read, given the calls of each day, the newest first. */
function readable(days: readonly { day: number; events: number }[], last: number): number {
  let calls = 0;
  for (const { day, events } of days) {
    calls += events;
    if (calls > MAX_CALLS) return Math.max(1, last - day);
  }
  return SPAN_DAYS;
}

/** What people declared, without what they left out; the key id itself is kept nowhere. */
function declarationOf(key: InventoryKey | undefined): Record<string, unknown> | null {
  if (key === undefined) return null;
  const { fingerprint: _, id: __, ...rest } = key;
  return Object.fromEntries(
    Object.entries(rest).filter(([, v]) => v !== null && v !== false && !(Array.isArray(v) && v.length === 0)),
  );
}

const nothingSeen = (key: InventoryKey) => ({
  ...{ span_days: SPAN_DAYS, zone: "UTC", usual_hours: null, hours_of_week: Array<number>(168).fill(0) },
  ...{ profile_hours: null, per_day: [], places: [], networks_seen: [], operations: [], outcomes: [] },
  ...{ learned: [], uninformative: [], waiting: [], declaration: declarationOf(key), incidents: [] },
});
