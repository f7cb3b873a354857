import { ecsIncident } from "../schemas/ecs_incident.ts";
import type { Incident } from "../schemas/incident.ts";
import { ocsfIncident } from "../schemas/ocsf/incident.ts";
import { cut } from "./clean.ts";
import { dutyOf } from "./duty.ts";
import type { Message } from "./template.ts";

export type SiemFormat = "ocsf" | "ecs";

/** What is kept of an incident, from all that people want to what must not be missing. */
const LEVELS = [
  { items: 50, chars: 2_000 },
  { items: 10, chars: 400 },
  { items: 3, chars: 120 },
  { items: 0, chars: 60 },
  { items: 0, chars: 16 },
];

/** siemEvent is the message as a document of that schema. */
export function siemEvent(message: Message, format: SiemFormat, level: (typeof LEVELS)[number] = LEVELS[0]!): object {
  const { opens, closes } = dutyOf(message);
  const told = {
    id: message.id,
    at: message.at,
    activity: closes ? ("close" as const) : opens ? ("create" as const) : ("update" as const),
    comment: cut(message.changes.join("; "), level.chars),
    url: message.links[0]?.url ?? null,
  };
  const incident = shortened(message.incident, level.items, level.chars);
  return format === "ocsf" ? ocsfIncident(incident, told) : ecsIncident(incident, told);
}

/**
 * siemLine is siemEvent as one line of plain ASCII, at most `maxBytes` long where details can be left out for it. In ASCII
 * the length is the same to everybody, and nothing in the text can move a cursor or turn a direction.
 */
export function siemLine(message: Message, format: SiemFormat, maxBytes = Number.POSITIVE_INFINITY): string {
  let line = "";
  for (const level of LEVELS) {
    line = JSON.stringify(siemEvent(message, format, level)).replace(NOT_ASCII, escapeUnit);
    if (line.length <= maxBytes) return line;
  }
  return line;
}

const NOT_ASCII = /[\u007f-\uffff]/g;
const escapeUnit = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** shortened keeps ids whole: they are ours, and what they find must be found. */
function shortened(i: Incident, items: number, chars: number): Incident {
  const text = <T extends string | null>(value: T): T => (value === null ? value : (cut(value, chars) as T));
  const list = (values: readonly string[]) => values.slice(0, items).map((v) => cut(v, chars));
  return {
    ...i,
    ...{ provider: text(i.provider), account: text(i.account), principal_uid: text(i.principal_uid) },
    ...{ principal: text(i.principal), owner: text(i.owner), environment: text(i.environment), title: text(i.title) },
    ...{ key_name: text(i.key_name), key_hint: text(i.key_hint), assignee: text(i.assignee) },
    ...{ tags: list(i.tags), members: list(i.members), reasons: list(i.reasons), runbook: list(i.runbook) },
    finding_uids: items === 0 ? [] : i.finding_uids.slice(-items),
    detections: i.detections.slice(0, Math.max(1, items)),
  };
}
