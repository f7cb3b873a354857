import { countryName, oneIn, plural } from "../../detect/words.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import type { Explanation, ExplanationPart, SeenFact } from "../../schemas/explanation.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { Out } from "../out.ts";
import { inert, shortTime } from "../table.ts";
import { chartLines } from "./chart_text.ts";

const LABEL = 15;

/** printExplanation writes for people what was seen, what is usual, how sure that is, and what would have kept the finding quiet. */
export function printExplanation(out: Out, f: Finding, explanation: Explanation): void {
  const { anomaly } = f;
  const say = (label: string, lines: readonly string[]) => {
    for (const [i, line] of lines.entries()) out.line(`  ${(i === 0 ? label : "").padEnd(LABEL)}${inert(line)}`);
  };
  const or = (part: ExplanationPart, lines: string[]): string[] =>
    explanation.unapplied[part] === undefined ? lines : [explanation.unapplied[part]];
  out.line(inert(`${f.severity.toUpperCase()}  ${f.title}`));
  out.line(inert(`  ${headOf(f)}`));
  out.line("");
  say("Why", f.reasons);
  say("Observed", [`${anomaly.observed} (${anomaly.parameter})`]);
  say("Expected", or("expected", [String(anomaly.expected)]));
  say("Probability", or("probability", [anomaly.p === null ? "" : `${oneIn(anomaly.p)} under its own past`]));
  say("History", or("history", [`${plural(anomaly.history.days, "day")}, ${plural(anomaly.history.events, "event")}`]));
  say("Peers", or("peers", [peerWords(explanation)]));
  say("First seen", or("first_seen", explanation.first_seen.map(seenWords)));
  for (const chart of explanation.charts) {
    const [head = "", ...rest] = chartLines(chart);
    say("Chart", [head, ...rest]);
  }
  if (explanation.charts.length === 0) say("Chart", or("chart", ["none"]));
  const facts = Object.entries(anomaly.facts).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  if (facts.length > 0) say("Facts", facts);
  say("Quiet if", f.quiet_if.length === 0 ? or("quiet_if", ["nothing"]) : f.quiet_if);
  say("Do now", f.runbook);
}

export const headOf = (f: Finding): string =>
  [
    `${f.detection} of ${f.key_name ?? f.key_hint ?? f.principal ?? f.subject_uid}, ${shortTime(f.first_seen)} to ${shortTime(f.last_seen)} UTC`,
    ...(f.learning ? ["while the key is being learned"] : []),
    ...(f.late ? ["late"] : []),
    ...(f.resolved_at ? [`resolved ${shortTime(f.resolved_at)} UTC`] : []),
  ].join(", ");

function peerWords({ peers }: Explanation): string {
  if (peers === null) return "none";
  if (peers.used_by === "none") return `no other key of the account used ${peers.value} in the last 30 days`;
  return `another key of the same ${peers.used_by} used ${peers.value} in the last 30 days`;
}

const WORDS: Record<string, string> = { asn: "network owner", net: "network", ip: "address", agent: "program" };

function seenWords({ dimension, value, first, last, days }: SeenFact): string {
  const name = `${WORDS[dimension] ?? dimension} ${dimension === "country" ? countryName(value) : value}`;
  if (first === null || last === null) return `${name}: never before`;
  return `${name}: since ${dayText(first)}, on ${plural(days, "day")}, last ${dayText(last)}`;
}

const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
