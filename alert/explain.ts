import type { Config } from "../schemas/config.ts";
import type { Labels } from "../schemas/matcher.ts";
import type { Silence } from "../schemas/silence.ts";
import { createBudget } from "./budget.ts";
import { createInhibitor } from "./inhibit.ts";
import { compileRoute, explainRoute, labelMatches, routesOf, textOf } from "./route.ts";
import { silencesHolding } from "./silence.ts";
import { channelKey, laneKey } from "./targets.ts";
import { mutedBy } from "./time_interval.ts";

/** Explained says what would become of an incident with some labels, now. */
export interface Explained {
  labels: Labels;
  routes: ExplainedRoute[];
  /** The tree, a line a node, with what matched and what did not. */
  tree: string[];
  /** Silences that would hold it. */
  silences: Silence[];
  /** Living incidents that would inhibit it. */
  inhibited_by: { incident: string; rule: number }[];
  /** Rules of which it would be the target, were a source alive. */
  inhibit_rules: number[];
}

interface ExplainedRoute {
  path: string;
  receiver: string;
  channels: { kind: string; budget: number | null }[];
  /** Null: each incident speaks for itself. */
  group_by: string[] | null;
  group_wait: number;
  group_interval: number;
  repeat_interval: number;
  escalation: { after: number; receiver: string }[];
  /** Why it is silent now; null when it speaks. */
  muted: string | null;
}

export interface Explaining {
  config: Pick<Config, "alert" | "route" | "receivers" | "inhibit_rules" | "time_intervals">;
  silences: readonly Silence[];
  living: readonly { uid: string; labels: Labels }[];
  now: number;
}

/** explainRouting tells whom an incident with these labels would reach, when, and what would hold it back. */
export function explainRouting(labels: Labels, { config, silences, living, now }: Explaining): Explained {
  const root = compileRoute(config);
  const budget = createBudget({ config: () => config, spent: new Map(), now });
  const inhibitor = createInhibitor(config.inhibit_rules);
  for (const { uid, labels: of } of living) inhibitor.set(uid, of);
  const inhibits = inhibitor.inhibiting(UNKNOWN, labels);
  return {
    labels,
    routes: routesOf(root, labels).map((r): ExplainedRoute => {
      const receiver = config.receivers.find((known) => known.name === r.receiver);
      const { path, group_by, group_wait, group_interval, repeat_interval } = r;
      return {
        ...{ path, receiver: r.receiver, group_by, group_wait, group_interval, repeat_interval },
        channels: (receiver?.channels ?? []).map(({ kind }, i) => ({
          kind,
          budget: budget.limit(laneKey(r.receiver, channelKey(i, kind))),
        })),
        escalation: r.escalation ?? receiver?.escalation ?? [],
        muted: mutedBy(r, config.time_intervals, now)?.note ?? null,
      };
    }),
    tree: explainRoute(root, labels).lines,
    silences: silencesHolding(silences, labels, now),
    inhibited_by: inhibits === null ? [] : [{ incident: inhibits.source, rule: inhibits.rule }],
    inhibit_rules: config.inhibit_rules.flatMap((rule, i) =>
      rule.target_matchers.every((m) => labelMatches(m, labels)) ? [i] : [],
    ),
  };
}

/** It is no incident yet. */
const UNKNOWN = "";

/** ruleText writes a rule the way people read it. */
export function ruleText(rule: Config["inhibit_rules"][number]): string {
  const side = (matchers: typeof rule.source_matchers) => matchers.map(textOf).join(", ");
  const equal = rule.equal.length > 0 ? ` with equal ${rule.equal.join(", ")}` : "";
  return `{${side(rule.source_matchers)}} inhibits {${side(rule.target_matchers)}}${equal}`;
}
