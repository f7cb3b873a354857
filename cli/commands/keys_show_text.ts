import { countryName } from "../../detect/words.ts";
import type { Finding } from "../../schemas/finding.ts";
import { bars, weekRows } from "../keys/bars.ts";
import { exemptionWords } from "../keys/exemptions.ts";
import { proposeHours } from "../keys/hours.ts";
import { knowledgeOf } from "../keys/knowledge.ts";
import { date } from "../keys/observed.ts";
import { count, type Out } from "../out.ts";
import { inert, shortTime } from "../table.ts";
import { activityOf, type Facts, quantile } from "./keys_facts.ts";
import { ago, type lineOf } from "./keys_list.ts";

const MAX_OPERATIONS = 8;
const MAX_PLACES = 6;
const MAX_WAITING = 6;
const LABEL = 12;

type Head = ReturnType<typeof lineOf>;

export interface ShowOptions {
  /** Zone in which the hours are drawn. */
  zone: string;
  /** Zone in which the profile keeps its hours. */
  profileZone: string;
  now: number;
  spanDays: number;
  /** Posture findings that are open. */
  conditions: readonly Finding[];
}

/** printKey writes a key for people: labels, and behind each what there is to say. */
export function printKey(out: Out, head: Head, facts: Facts, options: ShowOptions): void {
  const say = (label: string, lines: readonly string[]) => {
    for (const [i, line] of lines.entries()) out.line(`  ${(i === 0 ? label : "").padEnd(LABEL)}${inert(line)}`);
  };
  out.line(inert(`${head.name}  ${[head.provider, head.key_hint, head.account].filter(Boolean).join(" · ")}`));
  say("Who", [
    head.principal_uid,
    `${head.owner ?? "no owner declared"}, ${head.environment ?? "no environment declared"}`,
  ]);
  say("Since", [
    `${date(Date.parse(head.first_seen))}, last used ${ago(options.now - Date.parse(head.last_used))}; ${count(head.events)} calls in all`,
  ]);
  say("How much", [volumeWords(facts, options.spanDays)]);
  say("Where from", placeLines(facts));
  say(
    "Exempted",
    facts.exemptions.map((use) => exemptionWords(use, options.now, (n) => shareOf(n, facts))),
  );
  say("When", hourLines(facts, options.zone));
  say("What", callLines(facts, head));
  say("Failures", [failureWords(facts)]);
  for (const [label, lines] of profileParts(facts, options.profileZone)) say(label, lines);
  if (options.conditions.length > 0)
    say(
      "Posture",
      options.conditions.map((f) => `${f.detection}: ${f.reasons.join(" ")}`),
    );
  say(
    "Findings",
    facts.findings.length === 0
      ? ["none"]
      : facts.findings.map(
          (f) => `${f.uid.slice(0, 8)}  ${f.severity.padEnd(8)}  ${shortTime(f.last_seen)}  ${f.title}`,
        ),
  );
}

function volumeWords({ perDay }: Facts, spanDays: number): string {
  const [usual, busy] = [quantile(perDay, 0.5), quantile(perDay, 0.95)];
  return `${count(usual)} calls on a usual active day, ${count(busy)} on a busy one; active on ${perDay.length} of its last ${spanDays} days`;
}

function placeLines(facts: Facts): string[] {
  const { countries, sources } = facts.observed;
  const placed = countries.filter((c) => c.country !== "");
  const named = placed.slice(0, MAX_PLACES).map((c) => `${countryName(c.country)} ${shareOf(c.events, facts)}`);
  return [
    named.length === 0 ? "no known country" : named.join(", "),
    ...sources
      .slice(0, MAX_PLACES)
      .map((s) => `${s.src_net} ${shareOf(s.events, facts)}, ${s.days} d, ${networkWords(s)}`),
    ...more(sources.length - MAX_PLACES, "networks"),
  ];
}

function networkWords({ src_kind, asn, as_org }: Facts["observed"]["sources"][number]): string {
  if (src_kind === "private") return "private";
  return asn === null ? "owner unknown" : `${as_org ?? "unnamed"} (AS${asn})`;
}

function hourLines({ observed }: Facts, zone: string): string[] {
  const { value, why } = proposeHours(observed);
  const { byHourOfWeek } = activityOf(observed, zone);
  const byHour = new Float64Array(24);
  for (const [hour, days] of byHourOfWeek.entries()) byHour[hour % 24]! += days;
  return [
    value === null
      ? `no hours of its own: ${why}`
      : `${value.from}-${value.to} ${value.timezone}, ${value.days} (${why})`,
    `     0     6     12    18     ${zone}`,
    `all  ${bars(byHour)}`,
    ...weekRows(byHourOfWeek),
  ];
}

function callLines(facts: Facts, head: Head): string[] {
  const verbs = new Map<string, number>();
  for (const o of facts.operations) verbs.set(o.verb_class, (verbs.get(o.verb_class) ?? 0) + o.events);
  const shares = [...verbs].sort((a, b) => b[1] - a[1]).map(([verb, n]) => `${verb} ${shareOf(n, facts)}`);
  return [
    `${shares.join(", ") || "no call"}; declared ${head.access_declared ?? "nothing"}, looks like ${head.access_observed}`,
    ...facts.operations
      .slice(0, MAX_OPERATIONS)
      .map(
        (o) =>
          `${o.service === null ? "" : `${o.service}:`}${o.operation} ${shareOf(o.events, facts)} (${o.verb_class})`,
      ),
    ...more(facts.operations.length - MAX_OPERATIONS, "operations"),
  ];
}

function failureWords(facts: Facts): string {
  const failed = facts.outcomes.filter((o) => o.outcome !== "success" && o.outcome !== "unknown");
  if (failed.length === 0) return "none";
  return failed
    .map((o) => `${o.outcome} ${count(o.events)} (${((100 * o.events) / totalOf(facts)).toPrecision(2)} %)`)
    .join(", ");
}

function profileParts({ profile }: Facts, zone: string): [string, string[]][] {
  if (profile === null) return [["Learned", ["nothing yet: the profile is made when its events are judged"]]];
  const { learned, uninformative, waiting } = knowledgeOf(profile, zone);
  const parts: [string, string[]][] = [
    ["Learned", learned],
    ["Cannot tell", uninformative.length === 0 ? ["nothing: every dimension speaks"] : uninformative],
  ];
  if (waiting.length > 0)
    parts.push(["Waiting", [...waiting.slice(-MAX_WAITING), ...more(waiting.length - MAX_WAITING, "values")]]);
  return parts;
}

const more = (n: number, word: string): string[] => (n > 0 ? [`and ${count(n)} more ${word}`] : []);

const totalOf = ({ perDay }: Facts): number =>
  Math.max(
    1,
    perDay.reduce((a, b) => a + b, 0),
  );

/** shareOf never rounds to all or nothing. */
function shareOf(n: number, facts: Facts): string {
  const total = totalOf(facts);
  const percent = (100 * n) / total;
  if (n > 0 && percent < 0.5) return "<1 %";
  return n < total && percent >= 99.5 ? ">99 %" : `${Math.round(percent)} %`;
}
