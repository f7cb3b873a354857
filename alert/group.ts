import type { Labels } from "../schemas/matcher.ts";
import { uuid5 } from "../schemas/uid.ts";
import { type Route, routesOf } from "./route.ts";
import { kindOf, laneKey, type Target } from "./targets.ts";

/** Kinds of channels that tell several incidents in one message; tools that keep incidents of their own get each by itself. */
const GROUPED: ReadonlySet<string> = new Set(["slack", "email", "teams", "console"]);

const DIGEST = "digest";
/** groupAt names the message that a group sends at a time; digestAt the one with what was over a channel's budget. */
export const groupAt = (group: string, at: number): string => `${group}@${at}`;
export const digestAt = (due: number): string => `${DIGEST}@${due}`;
export const isDigest = (bundle: string): boolean => bundle.startsWith(`${DIGEST}@`);
/** groupOf gives the group that a message tells of; null where it is none. */
export const groupOf = (bundle: string): string | null =>
  bundle === "" || isDigest(bundle) ? null : bundle.slice(0, bundle.indexOf("@"));

/** When a message leaves, and together with what. */
export interface Slot {
  due: number;
  bundle: string;
}

/**
 * Groups are the incidents that one message tells of, by route and values of group_by. A group lives as long as one of its incidents;
 * the next incident after that begins another, with a message of its own.
 */
export interface Groups {
  /** For a channel that has not heard of the incident. */
  first(
    route: Route,
    whom: { receiver: string; channel: string },
    incidentUid: string,
    labels: Labels,
    now: number,
  ): Slot;
  /** For one that heard of it, or is about to. */
  later(route: Route | undefined, last: Target, now: number): Slot;
  /** The incident is over. */
  leave(incidentUid: string): void;
  /** Takes in what a channel was, or will be, told. */
  restore(root: Route, incidentUid: string, labels: Labels, target: Target): void;
}

interface Group {
  uid: string;
  members: Set<string>;
  /** When each channel was last told of it, or will be. */
  last: Map<string, number>;
}

export function createGroups(): Groups {
  const byKey = new Map<string, Group>();
  const byUid = new Map<string, Group>();
  /** Keys of the groups of each incident. */
  const keysOf = new Map<string, Set<string>>();

  const keyOf = (route: Route, labels: Labels): string =>
    [route.path, route.receiver, ...(route.group_by ?? []).map((l) => `${l}=${labels[l] ?? ""}`)].join("\n");

  function groupFor(route: Route, incidentUid: string, labels: Labels, uid?: string): Group {
    const key = keyOf(route, labels);
    const known = byKey.get(key);
    const group = known ?? { uid: uid ?? uuid5("group", route.path, incidentUid), members: new Set(), last: new Map() };
    byKey.set(key, group);
    byUid.set(group.uid, group);
    group.members.add(incidentUid);
    keysOf.set(incidentUid, (keysOf.get(incidentUid) ?? new Set()).add(key));
    return group;
  }

  /** A message that waits takes more in; the next one keeps group_interval from the last, and collects for group_wait. */
  function slotOf(group: Group, route: Pick<Route, "group_wait" | "group_interval">, lane: string, now: number): Slot {
    const last = group.last.get(lane);
    const due =
      last === undefined
        ? now + route.group_wait
        : last > now
          ? last
          : Math.max(now + route.group_wait, last + route.group_interval);
    group.last.set(lane, due);
    return { due, bundle: groupAt(group.uid, due) };
  }

  return {
    first(route, { receiver, channel }, incidentUid, labels, now) {
      if (route.group_by === null || !GROUPED.has(kindOf(channel))) return { due: now + route.group_wait, bundle: "" };
      return slotOf(groupFor(route, incidentUid, labels), route, laneKey(receiver, channel), now);
    },
    later(route, { receiver, channel, bundle }, now) {
      const uid = groupOf(bundle);
      if (uid === null || route === undefined) return { due: now, bundle: uid === null ? "" : groupAt(uid, now) };
      const group = byUid.get(uid) ?? { uid, members: new Set<string>(), last: new Map<string, number>() };
      return slotOf(group, route, laneKey(receiver, channel), now);
    },
    leave(incidentUid) {
      for (const key of keysOf.get(incidentUid) ?? []) {
        const group = byKey.get(key)!;
        group.members.delete(incidentUid);
        if (group.members.size > 0) continue;
        byKey.delete(key);
        byUid.delete(group.uid);
      }
      keysOf.delete(incidentUid);
    },
    restore(root, incidentUid, labels, target) {
      const uid = groupOf(target.bundle);
      const route = uid === null ? undefined : routesOf(root, labels).find((r) => r.receiver === target.receiver);
      if (uid === null || route === undefined || route.group_by === null) return;
      const group = groupFor(route, incidentUid, labels, uid);
      const lane = laneKey(target.receiver, target.channel);
      group.last.set(lane, Math.max(group.last.get(lane) ?? 0, target.due));
    },
  };
}
