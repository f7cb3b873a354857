import type { Config } from "../schemas/config.ts";
import type { Escalation, RouteNode } from "../schemas/config_routing.ts";
import { MINUTE_MS } from "../schemas/duration.ts";
import { type Incident, incidentLabel } from "../schemas/incident.ts";
import { type Labels, type Matcher, matches } from "../schemas/matcher.ts";

/** Route is a node of the tree with everything that it inherits filled in; times in ms. */
export interface Route {
  /** Where it stands in the config, for people: `route.routes[1]`. */
  path: string;
  receiver: string;
  matchers: Matcher[];
  continue: boolean;
  /** Labels whose values join incidents into one message; null: each incident speaks for itself. */
  group_by: string[] | null;
  group_wait: number;
  group_interval: number;
  repeat_interval: number;
  /** Null where the receiver's own holds. */
  escalation: Escalation | null;
  active_time_intervals: string[];
  mute_time_intervals: string[];
  routes: Route[];
}

/** Alertmanager's defaults, but for group_by: an incident is a group of findings already, so each speaks for itself. */
const DEFAULTS = {
  ...{ group_by: null, group_wait: 30_000, group_interval: 5 * MINUTE_MS, repeat_interval: 240 * MINUTE_MS },
  escalation: null,
};
/** Alertmanager's way to say that each alert speaks for itself. */
const BY_ALL = "...";
/** Without a route of their own people try keywatch out, and should not wait long for the first message. */
const UNROUTED_WAIT_MS = 5_000;

/** Inherited is what a child takes from its parent; time intervals are not, as in Alertmanager. */
type Inherited = Pick<
  Route,
  "receiver" | "group_by" | "group_wait" | "group_interval" | "repeat_interval" | "escalation"
>;

/** compileRoute fills in what children inherit. Without a route everything goes to the first receiver. */
export function compileRoute(config: Pick<Config, "route" | "receivers">): Route {
  const first = config.receivers[0]?.name ?? "";
  const fill = (node: RouteNode, parent: Inherited, path: string): Route => {
    const own = {
      receiver: node.receiver ?? parent.receiver,
      group_by: node.group_by?.includes(BY_ALL) ? null : (node.group_by ?? parent.group_by),
      group_wait: node.group_wait ?? parent.group_wait,
      group_interval: node.group_interval ?? parent.group_interval,
      repeat_interval: node.repeat_interval ?? parent.repeat_interval,
      escalation: node.escalation ?? parent.escalation,
    };
    const { active_time_intervals, mute_time_intervals } = node;
    const routes = node.routes.map((child, i) => fill(child, own, `${path}.routes[${i}]`));
    const { matchers, continue: goesOn } = node;
    return { path, ...own, active_time_intervals, mute_time_intervals, matchers, continue: goesOn, routes };
  };
  const times = { active_time_intervals: [], mute_time_intervals: [] };
  const root = config.route ?? { continue: false, matchers: [], routes: [], ...times, group_wait: UNROUTED_WAIT_MS };
  return fill(root, { receiver: first, ...DEFAULTS }, "route");
}

/** routesOf walks depth first: the first child that matches wins unless it says continue; a node without one answers itself. */
export function routesOf(route: Route, labels: Labels): Route[] {
  if (!route.matchers.every((m) => labelMatches(m, labels))) return [];
  const found: Route[] = [];
  for (const child of route.routes) {
    const hits = routesOf(child, labels);
    found.push(...hits);
    if (hits.length > 0 && !child.continue) break;
  }
  return found.length > 0 ? found : [route];
}

/** labelsOf gives what matchers can speak about; `detection` and `tag` may hold several values, joined by commas. */
export const labelsOf = (incident: Incident): Labels => ({
  severity: incident.severity,
  provider: incident.provider,
  environment: incident.environment ?? "",
  owner: incident.owner ?? "",
  key_name: incident.key_name ?? "",
  detection: incident.detections.join(","),
  account: incident.account ?? "",
  tag: incident.tags.join(","),
  key_uid: incident.key_uid ?? "",
  incident: incidentLabel(incident.uid),
});

const LISTS = new Set(["detection", "tag"]);

/** labelMatches asks of a list whether any of its values matches; a negated matcher wants that none does. */
export function labelMatches(matcher: Matcher, labels: Labels): boolean {
  if (matches(matcher, labels)) {
    if (!matcher.op.startsWith("!") || !LISTS.has(matcher.label)) return true;
    return valuesOf(matcher.label, labels).every((value) => matches(matcher, { [matcher.label]: value }));
  }
  if (matcher.op.startsWith("!") || !LISTS.has(matcher.label)) return false;
  return valuesOf(matcher.label, labels).some((value) => matches(matcher, { [matcher.label]: value }));
}

const valuesOf = (label: string, labels: Labels): string[] => (labels[label] ?? "").split(",");

export interface RouteExplanation {
  receivers: string[];
  /** The tree as text, a line a node, with what matched and what did not. */
  lines: string[];
}

/** explainRoute tells where an incident with these labels would go, and why. */
export function explainRoute(root: Route, labels: Labels): RouteExplanation {
  const chosen = new Set(routesOf(root, labels));
  const lines: string[] = [];
  const walk = (route: Route, depth: number) => {
    const missed = route.matchers.find((m) => !labelMatches(m, labels));
    const indent = "  ".repeat(depth);
    const verdict = chosen.has(route)
      ? `-> ${route.receiver} (group_wait ${route.group_wait / 1000}s)`
      : missed
        ? `no: ${missed.label}="${labels[missed.label] ?? ""}" is not ${textOf(missed)}`
        : "passed through";
    lines.push(`${indent}${route.path} {${route.matchers.map(textOf).join(", ")}} ${verdict}`);
    if (!missed) for (const child of route.routes) walk(child, depth + 1);
  };
  walk(root, 0);
  return { receivers: [...new Set([...chosen].map((r) => r.receiver))], lines };
}

/** textOf writes a matcher as it stands in the config. */
export const textOf = (m: Matcher): string => `${m.label}${m.op}"${m.value}"`;
