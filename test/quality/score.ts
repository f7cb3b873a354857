import { createBook } from "../../alert/incident.ts";
import { type Finding, inEventOrder } from "../../schemas/finding.ts";
import type { Incident } from "../../schemas/incident.ts";
import { atLeast } from "../../schemas/severity.ts";
import { DAY } from "./calendar.ts";
import type { Compromise, Fleet } from "./fleet.ts";
import { blame } from "./surprises.ts";

/** Caught tells when a compromise became an incident; null where it never did. */
export interface Caught {
  compromise: string;
  kind: string;
  loud: boolean;
  keyKind: string;
  /** Events of the compromise up to that moment, the one that gave it away included. */
  events: number | null;
  delayMs: number | null;
  detections: string[];
}

export interface FalseIncident {
  uid: string;
  key: string;
  keyKind: string;
  severity: string;
  day: number;
  /** Detections that alone would have opened it; "combination" where only weak signals met. */
  by: string[];
  surprise: string;
  reasons: string[];
}

/** Score hears the findings as they come and keeps books on incidents, as the alerting does. */
export interface Score {
  /** `time` is the event time up to which events were judged, ms. */
  hear(findings: readonly Finding[], time: number): void;
  end(): { caught: Caught[]; falses: FalseIncident[]; incidents: number };
}

/** Group_wait of the default config: what was merged into another incident by then was told to nobody. */
const GROUP_WAIT_MS = 30_000;
const neverTold = (incident: Incident): boolean =>
  incident.status === "merged_into" && incident.updated_at - incident.opened_at <= GROUP_WAIT_MS;

export function createScore(fleet: Fleet): Score {
  const book = createBook();
  const incidents = new Map<string, Incident>();
  const findings = new Map<string, Finding>();
  const principals = new Map<string, string>();
  const thefts = new Map<string, Compromise>();
  const found = new Map<string, { time: number; detections: string[] }>();
  for (const c of fleet.compromises) for (const uid of c.uids) thefts.set(uid, c);

  const theftOf = (finding: Finding): Compromise | undefined => {
    for (const uid of finding.event_uids) {
      const theft = thefts.get(uid);
      if (theft) return theft;
    }
    return undefined;
  };

  function hear(fresh: readonly Finding[], time: number): void {
    for (const finding of inEventOrder(fresh)) {
      findings.set(finding.uid, finding);
      principals.set(finding.subject_uid, finding.principal_uid);
      for (const { transition } of book.apply(finding, time)) note(transition.state, time);
    }
  }

  function note(incident: Incident, time: number): void {
    incidents.set(incident.uid, incident);
    for (const uid of incident.finding_uids) {
      const finding = findings.get(uid);
      const theft = finding && theftOf(finding);
      if (!theft || found.has(theft.id)) continue;
      found.set(theft.id, { time, detections: incident.detections });
    }
  }

  return {
    hear,
    end() {
      const kindOf = new Map(fleet.agents.map((a) => [a.name, a.kind]));
      const caught = fleet.compromises.map((c): Caught => {
        const hit = found.get(c.id);
        return {
          compromise: c.id,
          kind: c.kind,
          loud: c.loud,
          keyKind: kindOf.get(c.agent)!,
          events: hit ? c.calls.filter((call) => call.time <= hit.time).length : null,
          delayMs: hit ? hit.time - c.start : null,
          detections: hit?.detections ?? [],
        };
      });
      const falses: FalseIncident[] = [];
      for (const incident of incidents.values()) {
        const own = incident.finding_uids.map((uid) => findings.get(uid)!);
        if (incident.first_seen < fleet.first * DAY || own.some((f) => theftOf(f))) continue;
        if (!atLeast(incident.severity, "medium") || neverTold(incident)) continue;
        const holder = principals.get(incident.members[0] ?? "") ?? incident.principal_uid;
        const key = holder.slice(holder.lastIndexOf("/") + 1);
        const by = [...new Set(own.filter((f) => atLeast(f.severity, "medium")).map((f) => f.detection))].sort();
        falses.push({
          uid: incident.uid,
          key,
          keyKind: kindOf.get(key) ?? "unknown",
          severity: incident.severity,
          day: Math.floor(incident.first_seen / DAY) - fleet.first,
          by: by.length > 0 ? by : ["combination"],
          surprise: blame(fleet.surprises, key, incident.first_seen),
          reasons: [...incident.detections, ...incident.reasons],
        });
      }
      return { caught, falses, incidents: incidents.size };
    },
  };
}
