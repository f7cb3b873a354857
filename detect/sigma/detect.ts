import { dayOf, formatDuration } from "../../schemas/duration.ts";
import { type Baseline, type DetectEvent, defineBaseline, type Hit } from "../detection.ts";
import { plural } from "../words.ts";
import { fieldOf } from "./fields.ts";
import type { Correlation, Rule } from "./rule.ts";
import { type Entry, insert, type RuleState, stateOf, tell } from "./state.ts";

/**
 * ruleDetection makes a detection out of an operator's rule. It is evaluated at each event over the sorted matches of its subject,
 * for every end that the event can complete, so that more events never take a finding back and their order does not matter:
 * the finding is one per rule, subject, group and UTC day of the completing event.
 */
export function ruleDetection(rule: Rule): Baseline {
  const { correlation } = rule;
  const judge = correlation === undefined ? judgeOne(rule) : judgeMany(rule, correlation);
  const applies = (event: DetectEvent): boolean =>
    rule.steps.length > 0 ? rule.steps.some((step) => step.matches(event)) : rule.matches(event);
  return {
    ...defineBaseline({
      id: rule.id,
      version: rule.version,
      title: rule.title,
      level: rule.level,
      weight: rule.weight,
      tags: rule.tags.filter((tag) => tag.startsWith("attack.")),
      needs: rule.fields,
      whileLearning: true,
      runbook:
        rule.runbook.length > 0 ? rule.runbook : ["Ask {owner} about {operation} by {key_hint} since {first_seen}."],
      falsePositives: rule.falsepositives,
      applies,
      judge,
    }),
    rule: true,
  };
}

/** Without a correlation each matching event counts. */
function judgeOne(rule: Rule): NonNullable<Baseline["judge"]> {
  return (event) => ({
    dimension: "",
    level: rule.level,
    reasons: [`${event.operation} (${event.outcome}) matches the rule ${rule.id}.`],
    quiet_if: [`The call had not matched ${rule.id}.`],
    anomaly: {
      parameter: "matching call",
      observed: event.operation,
      expected: null,
      p: null,
      facts: { rule: rule.id },
    },
  });
}

function judgeMany(rule: Rule, correlation: Correlation): NonNullable<Baseline["judge"]> {
  const { timespan } = correlation;
  const find = finderOf(correlation);
  return (event, view) => {
    const of = contentOf(rule, correlation, event);
    if (of.length === 0) return null;
    const group = correlation["group-by"]
      .map((field) => String(fieldOf(event, field)[0] ?? ""))
      .join(" ")
      .slice(0, 200);
    const state = stateOf(view.profile, rule.id, group);
    const at = insert(state, event, of, timespan);
    const day = dayOf(event.time);
    let grew = false;
    // Each later match within the timespan may be completed by this one; those of another day belong to that day's finding.
    for (let end = Math.max(0, at); end < state.entries.length; end++) {
      const { time } = state.entries[end]!;
      if (time - event.time > timespan || dayOf(time) !== day) break;
      const found = find(state.entries, end);
      if (found !== null && tell(state, day, found.entries, found.most)) grew = true;
    }
    return grew ? hitOf(rule, correlation, group, state, day) : null;
  };
}

interface Found {
  entries: Entry[];
  most: number;
}

/** What an entry has to remember of its event: the steps that it may be, its values, or just that it was. */
function contentOf(rule: Rule, correlation: Correlation, event: DetectEvent): (string | number)[] {
  if (correlation.type === "temporal_ordered") return rule.steps.flatMap((step, i) => (step.matches(event) ? [i] : []));
  if (correlation.type === "event_count") return [1];
  return [
    ...new Set(
      fieldOf(event, correlation.condition.field).flatMap((v) => (v === null ? [] : [String(v).slice(0, 200)])),
    ),
  ];
}

function finderOf(correlation: Correlation): (entries: readonly Entry[], end: number) => Found | null {
  const { timespan } = correlation;
  if (correlation.type === "temporal_ordered")
    return (entries, end) => chainTo(entries, end, correlation.rules.length, timespan);
  const { gte } = correlation.condition;
  const distinct = correlation.type === "value_count";
  return (entries, end) => {
    let start = end;
    while (start > 0 && entries[end]!.time - entries[start - 1]!.time <= timespan) start--;
    const window = entries.slice(start, end + 1);
    const most = distinct ? new Set(window.flatMap((e) => e.of)).size : window.length;
    return most >= gte ? { entries: window, most } : null;
  };
}

/**
 * chainTo gives every match within the timespan that lies on some chain of all steps, in order, to the last one. What lay on a chain once
 * does so whatever comes later, so that the order of arrival decides nothing.
 */
function chainTo(entries: readonly Entry[], end: number, steps: number, timespan: number): Found | null {
  if (!entries[end]!.of.includes(steps - 1)) return null;
  let start = end;
  while (start > 0 && entries[end]!.time - entries[start - 1]!.time <= timespan) start--;
  const window = entries.slice(start, end + 1);
  const last = window.length - 1;
  // begins: steps that some chain from the first step reaches at this match. The last match alone may end one.
  const begins: number[][] = [];
  const reached = new Set<number>();
  for (const [i, entry] of window.entries()) {
    const here = entry.of.filter((s) => s === 0 || reached.has(Number(s) - 1)).map(Number);
    begins.push(here.filter((s) => s < steps - 1 || i === last));
    for (const s of here) reached.add(s);
  }
  if (!begins[last]!.includes(steps - 1)) return null;
  const needed = new Set([steps - 1]);
  const chained = [window[last]!];
  for (let i = last - 1; i >= 0; i--) {
    const on = begins[i]!.filter((s) => needed.has(s + 1));
    if (on.length > 0) chained.unshift(window[i]!);
    for (const s of on) needed.add(s);
  }
  return { entries: chained, most: steps };
}

function hitOf(rule: Rule, correlation: Correlation, group: string, state: RuleState, day: number): Hit {
  const { evidence, most } = state.days.get(day)!;
  const within = formatDuration(correlation.timespan);
  const by = group === "" ? "" : ` (${correlation["group-by"].join(", ")}: ${group})`;
  const ordered = correlation.type === "temporal_ordered";
  const enough = ordered ? correlation.rules.length : correlation.condition.gte;
  const what =
    correlation.type === "value_count"
      ? plural(most, `different value`).concat(` of ${correlation.condition.field}`)
      : plural(most, "matching call");
  return {
    dimension: group,
    level: rule.level,
    reasons: [
      ordered
        ? `${correlation.rules.join(", then ")} within ${within}${by}.`
        : `${what} within ${within}${by}; ${enough} are enough.`,
    ],
    quiet_if: [
      ordered
        ? `The steps of ${rule.id} had been further apart than ${within}, or in another order.`
        : `Fewer than ${enough} had come within ${within}.`,
    ],
    anomaly: {
      parameter: ordered
        ? "steps in order"
        : `${correlation.type === "value_count" ? `distinct ${correlation.condition.field}` : "matching calls"} within ${within}`,
      observed: most,
      expected: `fewer than ${enough}`,
      p: null,
      facts: { rule: rule.id, threshold: enough, timespan: within },
    },
    evidence,
  };
}
