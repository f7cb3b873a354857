import type { Config } from "../schemas/config.ts";
import type { Heartbeat } from "../schemas/config_channels.ts";
import { DAY_MS, dayOf } from "../schemas/duration.ts";
import type { Incident } from "../schemas/incident.ts";
import { offsetMs } from "../schemas/zone.ts";
import type { Entry } from "./outbox.ts";
import { channelKey, type Target } from "./targets.ts";
import { type Message, utc } from "./template.ts";

/** Heartbeats stand in the outbox like messages about an incident of this subject. */
export const HEARTBEAT = "keywatch:heartbeat";
export const isBeat = (e: Pick<Entry, "subject_uid">): boolean => e.subject_uid === HEARTBEAT;

/** Beat is one heartbeat of one channel; its name is its day, so that it is sent once however often it is planned. */
export interface Beat {
  uid: string;
  target: Target;
}

/** beatsOf gives the heartbeats whose time came after `since` and not after `now`. */
export function beatsOf(receivers: Config["receivers"], since: number, now: number): Beat[] {
  return receivers.flatMap(({ name, channels }) =>
    channels.flatMap(({ kind, heartbeat }, i) => {
      const due = heartbeat === undefined ? null : lastBeat(heartbeat, now);
      if (due === null || due <= since) return [];
      const uid = `heartbeat:${new Date(due).toISOString().slice(0, 16)}`;
      return [{ uid, target: { receiver: name, channel: channelKey(i, kind), head: 1, due, bundle: "" } }];
    }),
  );
}

/** lastBeat gives the latest moment, not after now, at which the wall clock of the zone showed the time. */
function lastBeat({ at, location }: Heartbeat, now: number): number {
  const minutes = Number(at.slice(0, 2)) * 60 + Number(at.slice(3));
  const onDay = (day: number): number => {
    const wall = day * DAY_MS + minutes * 60_000;
    return wall - offsetMs(location, wall - offsetMs(location, wall));
  };
  const today = dayOf(now + offsetMs(location, now));
  return onDay(today) <= now ? onDay(today) : onDay(today - 1);
}

/** beatMessage says that keywatch lives; whoever misses it has to look. */
export function beatMessage(entry: Entry, id: string, externalUrl: string | null): Message {
  const { incident_uid: uid, due: at } = entry;
  const title = "keywatch lives";
  const incident: Incident = {
    ...{ uid, subject_uid: HEARTBEAT, key_uid: null, key_hint: null, key_name: "keywatch", principal_uid: HEARTBEAT },
    ...{ principal: null, owner: null, environment: null, provider: "keywatch", account: null, tags: [], members: [] },
    ...{ title, severity: "informational", risk: 0, status: "resolved", verdict: "expected", assignee: null },
    ...{ merged_into: null, first_seen: at, last_seen: at, opened_at: at, updated_at: at, finding_uids: [] },
    ...{ detections: [], reasons: [], runbook: [], event_count: 0, n: 1 },
  };
  const sentence = `Heartbeat of ${utc(at)} UTC. If it does not come tomorrow, look whether keywatch runs.`;
  return {
    ...{ id, label: "HEARTBEAT", kind: "resolved", from_n: 1, to_n: 1, at, transitions: [], severity: "informational" },
    ...{ title, key: "keywatch", changes: [sentence], facts: [], why: [sentence], steps: [], root: null },
    home: externalUrl,
    links: externalUrl === null ? [] : [{ label: "Open keywatch", url: externalUrl }],
    ...{ incident, test: false, bundle: { kind: "heartbeat", count: 0, incidents: [] } },
  };
}
