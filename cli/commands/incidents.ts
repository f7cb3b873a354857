import { randomUUID } from "node:crypto";
import { renderIncident } from "../../alert/render_console.ts";
import { type Command, incidentLabel, type Verdict, verdicts } from "../../schemas/incident.ts";
import { holdsOf } from "../../schemas/queries/outbox.ts";
import { type Severity, severities } from "../../schemas/severity.ts";
import { incidentLine } from "../../schemas/wire.ts";
import { CommandFault } from "../out.ts";
import { inert, printTable, shortTime } from "../table.ts";
import { type Call, flag, numberOr, type StoreCommand, text } from "./command.ts";

export const incidentsList: StoreCommand = async ({ app, args, out }) => {
  const incidents = await app.alerter.list({
    ...(flag(args.all) ? {} : { statuses: ["open", "acknowledged", "reopened"] as const }),
    ...(severities.includes(args.minSeverity as Severity) ? { minSeverity: args.minSeverity as Severity } : {}),
    limit: numberOr(args.limit, 50),
  });
  if (flag(args.json)) {
    for (const incident of incidents) out.line(JSON.stringify(incidentLine(incident)));
    return 0;
  }
  if (incidents.length === 0) {
    out.line(flag(args.all) ? "No incidents yet." : "No open incidents. `--all` shows the resolved ones too.");
    return 0;
  }
  const room = Math.max(30, out.width - 78);
  printTable(
    out,
    ["ID", "SEVERITY", "RISK", "STATUS", "KEY", "LAST SEEN (UTC)", "WHAT"],
    incidents.map((i) => [
      incidentLabel(i.uid),
      i.severity,
      Math.round(i.risk),
      i.status,
      (i.key_name ?? i.key_hint ?? i.principal ?? "-").slice(0, 24),
      shortTime(i.last_seen),
      i.title.length > room ? `${i.title.slice(0, room - 1)}…` : i.title,
    ]),
  );
  return 0;
};

export const incidentsShow: StoreCommand = async ({ app, args, out }) => {
  const incident = await app.alerter.get(String(args.id));
  if (!incident)
    throw new CommandFault(`There is no incident ${args.id}. \`keywatch incidents list --all\` shows what there is.`);
  const transitions = await app.alerter.transitions(incident.uid);
  const holds = await app.store.ask(holdsOf, { incident: incident.uid });
  if (flag(args.json)) {
    const told = transitions.map(({ state: _, ...t }) => t);
    out.line(JSON.stringify({ ...incidentLine(incident), transitions: told, holds }));
    return 0;
  }
  out.line(renderIncident(incident, { colour: out.color, width: out.width }));
  out.line("");
  out.line("  What happened to it");
  for (const t of transitions) {
    out.line(`    ${shortTime(t.at)}  ${t.kind.padEnd(12)} ${inert(t.actor)}${t.note ? `: ${inert(t.note)}` : ""}`);
  }
  if (holds.length > 0) {
    out.line("");
    out.line("  Why not everybody was told at once");
    for (const { at, receiver, kind, note } of holds)
      out.line(`    ${shortTime(at)}  ${inert(receiver)}  ${kind}${note ? `: ${inert(note)}` : ""}`);
  }
  out.line("");
  out.line(
    `  keywatch incidents ack ${incidentLabel(incident.uid)}   ·   keywatch incidents resolve ${incidentLabel(incident.uid)} --verdict benign`,
  );
  return 0;
};

/** change makes the command of one verb. */
const change =
  (kind: Command["kind"], said: string): StoreCommand =>
  async (call) => {
    const command = await commandOf(call, kind);
    const done = await call.app.alerter.command(command);
    call.out.line(
      done
        ? `${incidentLabel(command.incident_uid)} ${said}.`
        : `${incidentLabel(command.incident_uid)} was so already; nothing changed.`,
    );
    return 0;
  };

async function commandOf({ app, args, actor }: Call, kind: Command["kind"]): Promise<Command> {
  const incident = await app.alerter.get(String(args.id));
  if (!incident)
    throw new CommandFault(`There is no incident ${args.id}. \`keywatch incidents list --all\` shows what there is.`);
  const verdict = text(args.verdict);
  if (kind === "resolve" && !verdicts.includes(verdict as Verdict)) {
    throw new CommandFault(`Say what it was: --verdict ${verdicts.join(" | ")}.`, 2);
  }
  return {
    id: randomUUID(),
    incident_uid: incident.uid,
    kind,
    actor,
    at: app.now(),
    note: text(args.note) ?? "",
    assignee: text(args.to),
    verdict: verdict as Verdict | null,
  };
}

export const incidentsAck = change("acknowledge", "is acknowledged");
export const incidentsAssign = change("assign", "is assigned");
export const incidentsResolve = change("resolve", "is resolved");
export const incidentsReopen = change("reopen", "is open again");
export const incidentsComment = change("comment", "has your comment");
