import { z } from "zod";
import type { Config } from "../schemas/config.ts";
import type { TransitionKind } from "../schemas/incident.ts";
import type { Groups } from "./group.ts";
import type { Decided } from "./incident.ts";
import { labelsOf, type Route, routesOf } from "./route.ts";

/**
 * Target says that a channel is to hear of a transition. It is stored with the transition, so the outbox can be drawn from
 * the log after a crash, whatever the config says by then. `head` is the first transition of the message that tells it.
 */
export const target = z.object({
  receiver: z.string(),
  channel: z.string(),
  head: z.number(),
  due: z.number(),
  /** The message of several incidents in which it is told; "" where it speaks for itself. */
  bundle: z.string().default(""),
});
export type Target = z.infer<typeof target>;

/** channelKey names a channel inside a receiver: its place and its kind. */
export const channelKey = (index: number, kind: string): string => `${index}:${kind}`;
export const kindOf = (channel: string): string => channel.slice(channel.indexOf(":") + 1);
export const laneKey = (receiver: string, channel: string): string => `${receiver}\n${channel}`;

/** Heard is the last message that a channel was to get of an incident, by laneKey. */
export type Heard = Map<string, Target>;

/** hear folds targets into what was heard; their order does not matter. */
export function hear(heard: Heard, targets: readonly Target[]): void {
  for (const t of targets) {
    const key = laneKey(t.receiver, t.channel);
    if ((heard.get(key)?.head ?? 0) <= t.head) heard.set(key, t);
  }
}

export interface Planning {
  heard: Heard;
  route: Route;
  receivers: Config["receivers"];
  /** False for what is only to be recorded: old findings, and the report of a first run. */
  notify: boolean;
  now: number;
  groups: Groups;
  /** True while the message can still take another transition in. */
  waiting(target: Target): boolean;
}

/** Kinds that may reach a channel that has not heard of the incident yet. */
const FIRST: ReadonlySet<TransitionKind> = new Set(["opened", "escalated", "reopened"]);

/**
 * planTargets decides who hears of a transition, and when. A channel's first message waits group_wait and takes in what
 * happens meanwhile; later ones go at once, those of a group at group_interval. A mere update is told only where it is the first
 * sign of a live incident.
 */
export function planTargets(decided: Decided, plan: Planning): Target[] {
  const { kind, n, state } = decided.transition;
  const { heard, now, groups } = plan;
  const targets: Target[] = [];
  const labels = labelsOf(state);
  const routes = routesOf(plan.route, labels);
  for (const last of heard.values()) {
    if (plan.waiting(last)) targets.push(last);
    else if (kind === "resolved" && !sendsResolved(plan.receivers, last)) continue;
    else if (plan.notify && kind !== "updated") {
      const route = routes.find((r) => r.receiver === last.receiver);
      targets.push({ ...last, head: n, ...groups.later(route, last, now) });
    }
  }
  const live = state.status !== "resolved" && state.status !== "acknowledged";
  const opens = FIRST.has(kind) || (kind === "updated" && decided.fresh && heard.size === 0 && live);
  if (!plan.notify || !opens) return targets;
  for (const route of routes) {
    const receiver = plan.receivers.find((r) => r.name === route.receiver);
    for (const [i, { kind: channelKind }] of (receiver?.channels ?? []).entries()) {
      const channel = channelKey(i, channelKind);
      const known = heard.has(laneKey(route.receiver, channel));
      const planned = targets.some((t) => t.receiver === route.receiver && t.channel === channel);
      if (known || planned) continue;
      const whom = { receiver: route.receiver, channel };
      targets.push({ ...whom, head: n, ...groups.first(route, whom, state.uid, labels, now) });
    }
  }
  return targets;
}

/** sendsResolved is true also for a channel that the config no longer has: the outbox says so in its row. */
function sendsResolved(receivers: Config["receivers"], t: Target): boolean {
  const channels = receivers.find((r) => r.name === t.receiver)?.channels ?? [];
  return channels.find((c, i) => channelKey(i, c.kind) === t.channel)?.send_resolved ?? true;
}
