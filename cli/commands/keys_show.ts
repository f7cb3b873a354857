import { type Profile, profileFrom } from "../../detect/profile.ts";
import { countryName } from "../../detect/words.ts";
import { DAY_MS, iso } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import {
  findingsOfSubject,
  newestProfile,
  openFindings,
  type SubjectRow,
  subjectDays,
  subjectOperations,
  subjectOutcomes,
} from "../../schemas/queries/keys.ts";
import type { App } from "../app.ts";
import { bars, weekRows } from "../keys/bars.ts";
import { bestZone, proposeHours } from "../keys/hours.ts";
import { knowledgeOf } from "../keys/knowledge.ts";
import { localActivity } from "../keys/local.ts";
import { date, type Observed } from "../keys/observed.ts";
import { CommandFault, count, type Out } from "../out.ts";
import { inert, shortTime } from "../table.ts";
import { flag, numberOr, type StoreCommand, text } from "./command.ts";
import { findSubject } from "./keys_find.ts";
import { ago, lineOf } from "./keys_list.ts";
import { declarationsNow, loadObserved, spanOf } from "./keys_observed.ts";

const MAX_OPERATIONS = 8;
const MAX_PLACES = 6;
const MAX_FINDINGS = 5;

/** keysShow puts the profile of one key in words: who, since when, how much, where from, when, what, and what is known of it. */
export const keysShow: StoreCommand = async ({ app, args, out }) => {
  const name = text(args.key);
  if (name === null) throw new CommandFault("Name a key: keywatch keys show billing-report-bot.", 2);
  const spanDays = numberOr(args.days, 90);
  if (!(spanDays > 0)) throw new CommandFault("--days takes a number above 0.", 2);
  const declarations = await declarationsNow(app);
  const subject = await findSubject(app, name, declarations);
  const facts = await gather(app, subject, spanDays);
  const policy = declarations.of(subject);
  const open =
    (await app.store.ask(openFindings, {})).find((r) => r.subject_uid === subject.subject_uid)?.findings ?? 0;
  const head = lineOf(subject, policy, open);
  const zone = policy?.zone ?? bestZone(facts.observed.countries);
  if (flag(args.json)) out.line(JSON.stringify({ ...head, ...jsonOf(facts, zone, spanDays) }));
  else show(out, head, facts, zone, { now: app.now(), spanDays });
  return 0;
};

interface Facts {
  observed: Observed;
  operations: { operation: string; service: string | null; verb_class: string; events: number }[];
  outcomes: { outcome: string; events: number }[];
  /** Calls of each active day. */
  perDay: number[];
  findings: Finding[];
  profile: Profile | null;
}

async function gather(app: App, subject: SubjectRow, spanDays: number): Promise<Facts> {
  const to = app.now() + 1;
  // Of a key that is silent for longer, its last days of use are shown.
  const from = Math.max(0, Math.min(to, subject.last_ms) - spanDays * DAY_MS);
  const span = spanOf([subject], Math.floor(from), to);
  const [observed] = await loadObserved(app, [subject], span.from, to);
  const loaded = app.engine.profile(subject.subject_uid);
  const [stored] = loaded === null ? await app.store.ask(newestProfile, { subject: subject.subject_uid }) : [];
  return {
    observed: observed!,
    operations: await app.store.ask(subjectOperations, { ...span, limit: 1_000 }),
    outcomes: await app.store.ask(subjectOutcomes, span),
    perDay: (await app.store.ask(subjectDays, span)).map((d) => d.events),
    findings: (await app.store.ask(findingsOfSubject, { subject: subject.subject_uid, limit: MAX_FINDINGS })).map(
      (r) => JSON.parse(r.document) as Finding,
    ),
    profile: loaded ?? (stored === undefined ? null : profileFrom(stored.state)),
  };
}

function jsonOf(facts: Facts, zone: string, spanDays: number): object {
  const { observed, profile } = facts;
  const local = activityOf(observed, zone);
  const hours = proposeHours(observed);
  return {
    span_days: spanDays,
    calls_per_active_day: { median: quantile(facts.perDay, 0.5), p95: quantile(facts.perDay, 0.95) },
    active_days: facts.perDay.length,
    countries_seen: observed.countries
      .filter((c) => c.country !== "")
      .map(({ country, events, days }) => ({ country, events, days })),
    networks_seen: observed.sources
      .slice(0, 64)
      .map(({ src_net, asn, as_org, country, events, days }) => ({
        network: src_net,
        asn,
        as_org,
        country,
        events,
        days,
      })),
    zone,
    hours_of_week: [...local.byHourOfWeek],
    usual_hours: hours.value,
    operations: facts.operations.slice(0, 64),
    outcomes: facts.outcomes,
    knowledge: profile === null ? null : knowledgeOf(profile),
    findings: facts.findings.map((f) => ({
      uid: f.uid,
      detection: f.detection,
      severity: f.severity,
      title: f.title,
      last_seen: iso(f.last_seen),
    })),
  };
}

const activityOf = (observed: Observed, zone: string) =>
  localActivity(
    [...new Set(observed.countries.flatMap((c) => c.slots))].sort((a, b) => a - b),
    zone,
  );

function show(
  out: Out,
  head: ReturnType<typeof lineOf>,
  facts: Facts,
  zone: string,
  { now, spanDays }: { now: number; spanDays: number },
): void {
  const { observed, perDay, profile } = facts;
  const total = Math.max(
    1,
    perDay.reduce((a, b) => a + b, 0),
  );
  const share = (n: number) => `${n * 100 >= total * 99.5 && n < total ? ">99" : Math.round((100 * n) / total)} %`;
  const say = (label: string, lines: readonly string[]) => {
    for (const [i, line] of lines.entries()) out.line(`  ${(i === 0 ? label : "").padEnd(12)}${inert(line)}`);
  };
  out.line(
    inert(`${head.name}  ${[head.provider, head.key_hint, head.account].filter((p) => p !== null).join(" · ")}`),
  );
  say("Who", [
    head.principal_uid,
    `${head.owner === null ? "no owner declared" : `owner ${head.owner}`}, ${head.environment ?? "no environment declared"}`,
  ]);
  say("Since", [
    `${date(Date.parse(head.first_seen))}, last used ${ago(now - Date.parse(head.last_used))}; ${count(head.events)} calls in all`,
  ]);
  say("How much", [
    `${count(quantile(perDay, 0.5))} calls on a usual day it is active, ${count(quantile(perDay, 0.95))} on a busy one; active on ${perDay.length} of its last ${spanDays} days`,
  ]);
  const countries = observed.countries.filter((c) => c.country !== "");
  say("Where from", [
    countries.length === 0
      ? "no known country"
      : countries
          .slice(0, MAX_PLACES)
          .map((c) => `${countryName(c.country)} ${share(c.events)}`)
          .join(", "),
    ...observed.sources
      .slice(0, MAX_PLACES)
      .map(
        (s) =>
          `${s.src_net} ${share(s.events)}, ${s.days} d${s.src_kind === "private" ? ", private" : s.asn === null ? "" : `, ${s.as_org ?? ""} (AS${s.asn})`}`,
      ),
    ...(observed.sources.length > MAX_PLACES ? [`and ${observed.sources.length - MAX_PLACES} more networks`] : []),
  ]);
  const hours = proposeHours(observed);
  const { byHourOfWeek } = activityOf(observed, zone);
  const byHour = Array.from({ length: 24 }, (_, h) =>
    Array.from({ length: 7 }, (__, d) => byHourOfWeek[d * 24 + h]!).reduce((a, b) => a + b, 0),
  );
  say("When", [
    hours.value === null
      ? `no hours of its own: ${hours.why}`
      : `${hours.value.from}-${hours.value.to} ${hours.value.timezone}, ${hours.value.days} (${hours.why})`,
    `     0     6     12    18     ${zone}`,
    `all  ${bars(byHour)}`,
    ...weekRows(byHourOfWeek),
  ]);
  const verbs = groupShares(facts.operations.map((o) => [o.verb_class, o.events]));
  say("What", [
    `${verbs.map(([verb, n]) => `${verb} ${share(n)}`).join(", ")}; declared ${head.access_declared ?? "nothing"}, looks like ${head.access_observed}`,
    ...facts.operations
      .slice(0, MAX_OPERATIONS)
      .map((o) => `${o.service === null ? "" : `${o.service}:`}${o.operation} ${share(o.events)} (${o.verb_class})`),
    ...(facts.operations.length > MAX_OPERATIONS
      ? [`and ${facts.operations.length - MAX_OPERATIONS} more operations`]
      : []),
  ]);
  const failed = facts.outcomes.filter((o) => o.outcome !== "success" && o.outcome !== "unknown");
  say("Failures", [
    failed.length === 0
      ? "none"
      : failed
          .map((o) => `${o.outcome} ${count(o.events)} (${((100 * o.events) / total).toPrecision(2)} %)`)
          .join(", "),
  ]);
  if (profile === null) say("Learned", ["nothing yet: the profile is made when its events are judged"]);
  else {
    const { learned, uninformative, waiting } = knowledgeOf(profile);
    say("Learned", learned);
    say("Cannot tell", uninformative.length === 0 ? ["nothing: every dimension speaks"] : uninformative);
    if (waiting.length > 0) say("Waiting", waiting);
  }
  say(
    "Findings",
    facts.findings.length === 0
      ? ["none"]
      : facts.findings.map(
          (f) => `${f.uid.slice(0, 8)}  ${f.severity.padEnd(8)}  ${shortTime(f.last_seen)}  ${f.title}`,
        ),
  );
}

function groupShares(pairs: [string, number][]): [string, number][] {
  const sums = new Map<string, number>();
  for (const [name, n] of pairs) sums.set(name, (sums.get(name) ?? 0) + n);
  return [...sums].sort((a, b) => b[1] - a[1]);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
