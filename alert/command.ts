import { type Command, type Incident, incidentLabel, type TransitionKind, verdicts } from "../schemas/incident.ts";
import { oneLine } from "./clean.ts";

export interface Change {
  kind: TransitionKind;
  state: Partial<Incident>;
  note: string;
}

/** applyCommand decides what a person's wish does to an incident; null when it is so already. Throws a sentence when it cannot be done. */
export function applyCommand(incident: Incident, command: Command): Change | null {
  const label = incidentLabel(incident.uid);
  const note = oneLine(command.note, 2_000);
  const closed = incident.status === "resolved";
  if (incident.status === "merged_into") {
    throw new Error(`${label} was merged into ${incidentLabel(incident.merged_into ?? "")}; name that one instead.`);
  }
  switch (command.kind) {
    case "acknowledge":
      if (closed) throw new Error(`${label} is resolved. Reopen it first, or leave it.`);
      if (incident.status === "acknowledged") return null;
      return { kind: "acknowledged", note, state: { status: "acknowledged" } };
    case "assign": {
      const assignee = command.assignee === null ? null : oneLine(command.assignee, 200);
      if (incident.assignee === assignee) return null;
      return { kind: "assigned", note, state: { assignee } };
    }
    case "comment":
      if (note === "") throw new Error(`A comment on ${label} needs a text.`);
      return { kind: "commented", note, state: {} };
    case "resolve": {
      const { verdict } = command;
      if (verdict === null) throw new Error(`Resolving ${label} needs a verdict: ${verdicts.join(", ")}.`);
      if (closed && incident.verdict === verdict) return null;
      return { kind: "resolved", note, state: { status: "resolved", verdict } };
    }
    case "close":
      return closed ? null : close(incident, note);
    case "suggest":
      return suggest(incident, command, note);
    case "reopen":
      if (!closed) return null;
      return { kind: "reopened", note, state: { status: "reopened", verdict: null } };
  }
}

/** close resolves without a verdict, as a tool asks for it. A critical incident waits for a person who says what it was. */
function close(incident: Incident, note: string): Change {
  if (incident.severity !== "critical") return { kind: "resolved", note, state: { status: "resolved", verdict: null } };
  const waits = "It is critical and stays open until somebody says what it was: incidents resolve --verdict.";
  return { kind: "commented", note: note === "" ? waits : `${note}. ${waits}`, state: {} };
}

/** suggest records what the key's owner answered. The same answer to the same question again changes nothing. */
function suggest(incident: Incident, command: Command, note: string): Change | null {
  const { verdict, at } = command;
  if (verdict === null) throw new Error(`${incidentLabel(incident.uid)} was answered without a verdict.`);
  const finding_uids = (command.finding_uids ?? []).filter((uid) => incident.finding_uids.includes(uid));
  const by = oneLine(command.actor, 200);
  const before = incident.suggested ?? null;
  const same = before?.verdict === verdict && before.by === by && sameUids(before.finding_uids, finding_uids);
  return same ? null : { kind: "suggested", note, state: { suggested: { verdict, by, at, finding_uids } } };
}

const sameUids = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((uid) => b.includes(uid));
