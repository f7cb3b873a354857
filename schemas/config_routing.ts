import { z } from "zod";
import { channelConfig } from "./config_channels.ts";
import { duration } from "./duration.ts";
import { type Matcher, matcher } from "./matcher.ts";

/** incidentLabels is what matchers, group_by and equal can speak about. */
export const incidentLabels = [
  ...["severity", "provider", "environment", "owner", "key_name", "detection", "account", "tag"],
  ...["key_uid", "incident"],
] as const;

/** Nobody acknowledged for so long: this receiver hears of it too. */
const escalation = z.array(z.strictObject({ after: duration, receiver: z.string().min(1) })).max(10);
export type Escalation = z.infer<typeof escalation>;

export const receiver = z.strictObject({
  name: z.string().min(1),
  channels: z.array(channelConfig).default([]),
  /** Holds for every route that leads here and says nothing itself. */
  escalation: escalation.optional(),
});
export type Receiver = z.infer<typeof receiver>;

const routeFields = {
  receiver: z.string().optional(),
  group_by: z.array(z.string()).optional(),
  continue: z.boolean().default(false),
  matchers: z.array(matcher).default([]),
  group_wait: duration.optional(),
  group_interval: duration.optional(),
  repeat_interval: duration.optional(),
  escalation: escalation.optional(),
  active_time_intervals: z.array(z.string()).default([]),
  mute_time_intervals: z.array(z.string()).default([]),
};
/** A node of the route tree; what it does not say it inherits from its parent, but for the time intervals, as in Alertmanager. */
export interface RouteNode {
  receiver?: string | undefined;
  group_by?: string[] | undefined;
  continue: boolean;
  matchers: Matcher[];
  group_wait?: number | undefined;
  group_interval?: number | undefined;
  repeat_interval?: number | undefined;
  escalation?: Escalation | undefined;
  active_time_intervals: string[];
  mute_time_intervals: string[];
  routes: RouteNode[];
}
export const routeNode: z.ZodType<RouteNode> = z.strictObject({
  ...routeFields,
  get routes() {
    return z.array(routeNode).default([]);
  },
}) as z.ZodType<RouteNode>;

/** inhibitRule: while an incident that matches source lives, those that match target and have equal labels are not told. */
export const inhibitRule = z.strictObject({
  source_matchers: z.array(matcher).min(1),
  target_matchers: z.array(matcher).min(1),
  equal: z.array(z.string()).default([]),
});
export type InhibitRule = z.infer<typeof inhibitRule>;

/** What is read of a document that may be wrong elsewhere, so that all faults come at once. */
interface LooseSteps {
  receiver?: unknown;
  after?: unknown;
}
export interface LooseRoute {
  receiver?: unknown;
  group_by?: unknown[] | undefined;
  matchers?: unknown[] | undefined;
  escalation?: LooseSteps[] | undefined;
  active_time_intervals?: unknown[] | undefined;
  mute_time_intervals?: unknown[] | undefined;
  routes?: LooseRoute[] | undefined;
}
export interface LooseRouting {
  receivers?: { name?: unknown; escalation?: LooseSteps[] | undefined }[] | undefined;
  route?: LooseRoute | undefined;
  inhibit_rules?: { source_matchers?: unknown[]; target_matchers?: unknown[]; equal?: unknown[] }[] | undefined;
  time_intervals?: { name?: unknown }[] | undefined;
}
type Fault = (path: (string | number)[], message: string) => void;

/** routingFaults finds names that nobody has, and names that stand twice, in receivers, routes, inhibition and time intervals. */
export function routingFaults(c: LooseRouting, fault: Fault): void {
  const receivers = namesOf(c.receivers, "receivers", fault);
  if (c.receivers === undefined) receivers.add("console");
  const intervals = namesOf(c.time_intervals, "time_intervals", fault);
  const steps = (list: LooseSteps[] | undefined, path: (string | number)[]): void => {
    for (const [i, step] of listOf(list).entries())
      if (typeof step?.receiver === "string" && !receivers.has(step.receiver))
        fault([...path, "escalation", i, "receiver"], noReceiver(step.receiver, receivers));
  };
  const walk = (node: LooseRoute | undefined, path: (string | number)[]): void => {
    if (typeof node?.receiver === "string" && !receivers.has(node.receiver))
      fault([...path, "receiver"], noReceiver(node.receiver, receivers));
    for (const list of ["active_time_intervals", "mute_time_intervals"] as const)
      for (const [i, name] of listOf(node?.[list]).entries())
        if (!intervals.has(name))
          fault([...path, list, i], `no time interval named "${String(name)}"; there are ${listed(intervals)}`);
    labelFaults(
      listOf(node?.group_by).filter((l) => l !== "..."),
      [...path, "group_by"],
      fault,
    );
    steps(node?.escalation, path);
    for (const [i, child] of listOf(node?.routes).entries()) walk(child, [...path, "routes", i]);
  };
  for (const [i, r] of listOf(c.receivers).entries()) steps(r?.escalation, ["receivers", i]);
  for (const [i, rule] of listOf(c.inhibit_rules).entries()) {
    labelFaults(listOf(rule?.equal), ["inhibit_rules", i, "equal"], fault);
    for (const side of ["source_matchers", "target_matchers"] as const)
      labelFaults(listOf(rule?.[side]).map(labelOf), ["inhibit_rules", i, side], fault);
  }
  if (!c.route) return;
  walk(c.route, ["route"]);
  if (c.route.receiver === undefined) fault(["route", "receiver"], "the root route needs a receiver");
  for (const list of ["active_time_intervals", "mute_time_intervals"] as const)
    if (listOf(c.route[list]).length > 0)
      fault(
        ["route", list],
        "the root route catches all that no other takes, so it can have no times; give them to a child",
      );
}

const noReceiver = (name: string, names: Set<unknown>): string =>
  `no receiver named "${name}"; there are ${listed(names)}`;
const listed = (names: Set<unknown>): string => [...names].join(", ") || "none";

function namesOf(list: { name?: unknown }[] | undefined, part: string, fault: Fault): Set<unknown> {
  const names = new Set<unknown>();
  for (const [i, item] of listOf(list).entries()) {
    if (names.has(item?.name)) fault([part, i, "name"], `the name "${String(item?.name)}" stands twice`);
    names.add(item?.name);
  }
  return names;
}

function labelFaults(labels: unknown[], path: (string | number)[], fault: Fault): void {
  for (const [i, label] of labels.entries())
    if (typeof label === "string" && !(incidentLabels as readonly string[]).includes(label))
      fault([...path, i], `no label "${label}"; there are ${incidentLabels.join(", ")}`);
}

/** A matcher as text, or as read. */
const labelOf = (m: unknown): unknown =>
  typeof m === "string" ? /^\s*([a-zA-Z_]\w*)/.exec(m)?.[1] : (m as Matcher | null)?.label;

const listOf = <T>(value: T[] | undefined): T[] => (Array.isArray(value) ? value : []);
