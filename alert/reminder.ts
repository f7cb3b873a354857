import type { Config } from "../schemas/config.ts";
import { formatDuration, MINUTE_MS } from "../schemas/duration.ts";
import type { Living } from "./live.ts";
import { type Route, routesOf } from "./route.ts";
import { channelKey, laneKey } from "./targets.ts";

/** Whom is a channel that is to hear of an incident again, or for the first time. */
export interface Whom {
  receiver: string;
  channel: string;
}

/** Reminder is what nobody's acknowledgement brings about. */
export interface Reminder {
  whom: Whom[];
  note: string;
}

export interface Reminding {
  route: Route;
  receivers: Config["receivers"];
  /** True where a message to this channel is under way, or would be held back. */
  blocked(whom: Whom): boolean;
}

/** How soon it is looked again where something stands in the way. */
const BLOCKED_MS = MINUTE_MS;

/**
 * planReminder decides who is told again: each channel repeat_interval after it was last told, and the receivers of an escalation so
 * long after the incident was told to those before them. Once somebody acknowledged, nobody is.
 */
export function planReminder(
  one: Living,
  world: Reminding,
  now: number,
): { reminder: Reminder | null; nextAt: number } {
  if (!one.waits) return { reminder: null, nextAt: Number.POSITIVE_INFINITY };
  const routes = routesOf(world.route, one.about.labels);
  const whom: Whom[] = [];
  const notes: string[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  /** Gives true when its time has come and nothing stands in the way. */
  const isTime = (at: number, w: Whom): boolean => {
    if (at > now) nextAt = Math.min(nextAt, at);
    else if (world.blocked(w)) nextAt = Math.min(nextAt, now + BLOCKED_MS);
    else return true;
    return false;
  };

  for (const { name, channels } of world.receivers) {
    const route = routes.find((r) => r.receiver === name) ?? routes[0]!;
    for (const [i, { kind }] of channels.entries()) {
      const w = { receiver: name, channel: channelKey(i, kind) };
      const told = one.told.get(laneKey(w.receiver, w.channel));
      if (told && isTime(told.last + route.repeat_interval, w)) whom.push(w);
    }
  }
  if (whom.length > 0) notes.push(`open for ${formatDuration(now - one.since)}`);

  for (const route of routes) {
    const own = world.receivers.find((r) => r.name === route.receiver);
    // What was only a line of a digest calls nobody else.
    const heard = tellings(one, own).flatMap((t) => (t.last === Number.POSITIVE_INFINITY ? [] : t.first));
    if (heard.length === 0) continue;
    const from = Math.max(one.since, Math.min(...heard));
    for (const { after, receiver } of route.escalation ?? own?.escalation ?? []) {
      const next = world.receivers.find((r) => r.name === receiver);
      if (tellings(one, next).some((t) => t.last >= from)) continue;
      const channels = (next?.channels ?? []).map((c, i) => ({ receiver, channel: channelKey(i, c.kind) }));
      const late = channels.filter((w) => isTime(from + after, w) && !whom.some((known) => same(known, w)));
      if (late.length === 0) continue;
      whom.push(...late);
      notes.push(`nobody acknowledged it within ${formatDuration(after)}, so ${receiver} hears of it`);
    }
  }
  return whom.length === 0
    ? { reminder: null, nextAt }
    : { reminder: { whom, note: notes.join("; ") }, nextAt: now + 1 };
}

const tellings = (one: Living, receiver: Config["receivers"][number] | undefined) =>
  (receiver?.channels ?? []).flatMap(({ kind }, i) => one.told.get(laneKey(receiver!.name, channelKey(i, kind))) ?? []);
const same = (a: Whom, b: Whom): boolean => a.receiver === b.receiver && a.channel === b.channel;
