import { iso } from "../schemas/duration.ts";
import type { Incident } from "../schemas/incident.ts";
import type { Labels } from "../schemas/matcher.ts";
import type { Severity } from "../schemas/severity.ts";
import { labelsOf } from "./route.ts";

/** Why a message that was due did not leave. */
export const holdKinds = ["silenced", "inhibited", "muted", "budget"] as const;
export type HoldKind = (typeof holdKinds)[number];

/** Hold keeps a message back; it is looked at again at `until`, or when something changes. */
export interface Hold {
  kind: HoldKind;
  /** The silence, the incident, the time interval, the digest. */
  by: string;
  /** The same in words. */
  note: string;
  until: number;
}

/** About is what has to be known of an incident to decide whether a message about it may leave. */
export interface About {
  labels: Labels;
  severity: Severity;
  /** Resolved or merged: there is nothing more to hold back. */
  over: boolean;
}

export const aboutOf = (state: Incident): About => ({
  labels: labelsOf(state),
  severity: state.severity,
  over: state.status === "resolved" || state.status === "merged_into",
});

/** What `holds` records: a hold, that it ended (`released`), that it may leave as it is (`cleared`), or never will (`withheld`). */
export type HoldStep = HoldKind | "released" | "cleared" | "withheld";

interface Place {
  incident_uid: string;
  receiver: string;
  channel: string;
  n: number;
  step: number;
}

/** holdRow is a line of the table `holds`. */
export function holdRow(e: Place, kind: HoldStep, at: number, hold: Omit<Hold, "kind">, bundle: string): object {
  const { incident_uid, receiver, channel, n, step } = e;
  const { by: held_by, note, until } = hold;
  return { incident_uid, receiver, channel, n, step, at: iso(at), kind, held_by, note, until: iso(until), bundle };
}
