import { type Incident, incidentLabel, type Transition } from "../schemas/incident.ts";
import { type Severity, severities, severityId } from "../schemas/severity.ts";
import { cleanDeep, inertCell, oneLine } from "./clean.ts";
import { viaOf } from "./inbound/origin.ts";
import { changeOf, type Message, plural, statusOf, utc } from "./template.ts";

/** Incidents that a message of several tells in a line each; the others are counted. */
export const TOLD_EACH = 20;

/** Sum is what a message of several incidents is made of. */
export interface Sum {
  kind: "group" | "digest";
  /** Names the message; later messages of a group hang on `groupUid`. */
  id: string;
  groupUid: string;
  externalUrl: string | null;
  root: Message["root"];
  /** When it was put together, ms. */
  at: number;
  /** Incidents told, by severity. */
  counts: ReadonlyMap<Severity, number>;
  /** The gravest ones with what happened to them. */
  told: readonly (readonly Transition[])[];
  /** True when all of them are over. */
  over: boolean;
}

/** composeSum makes one message of what happened to several incidents, the gravest first. */
export function composeSum(sum: Sum): Message {
  const told = [...sum.told].sort((a, b) => severityId(lastOf(b).severity) - severityId(lastOf(a).severity));
  const total = [...sum.counts.values()].reduce((a, b) => a + b, 0);
  const bySeverity = [...severities].reverse().flatMap((s) => (sum.counts.get(s) ? [`${sum.counts.get(s)} ${s}`] : []));
  const worst = lastOf(told[0]!);
  const lines = told.slice(0, TOLD_EACH).map(lineOf);
  if (total > lines.length) lines.push(`and ${plural(total - lines.length, "incident")} more`);
  const digest = sum.kind === "digest";
  const label = `${digest ? "DIG" : "GRP"}-${sum.groupUid.slice(0, 8)}`;
  const title = digest ? `held back: ${total.toLocaleString("en-US")}` : `${plural(total, "incident")}: ${worst.title}`;
  const incident = cleanDeep({ ...sumOf(told.map(lastOf), sum, worst), title }, 2_000);
  const kinds = told.map((t) => t.at(-1)!.kind);
  return {
    ...{ id: sum.id, label, kind: kinds.every((k) => k === kinds[0]) ? kinds[0]! : "updated" },
    ...{ from_n: sum.at, to_n: sum.at, at: sum.at, severity: worst.severity, title: oneLine(title, 240) },
    transitions: told
      .slice(0, TOLD_EACH)
      .map((t) => ({ ...t.at(-1)!, note: lineOf(t) }))
      .map(({ n, kind, at, actor, note, command_id }) => ({
        ...{ n, kind, at, actor: oneLine(actor, 200), note, via: viaOf(command_id) },
      })),
    key: plural(total, "incident"),
    changes: digest
      ? [`held back: ${total.toLocaleString("en-US")}; more came than this channel takes in a day`, ...lines]
      : lines,
    facts: [
      [digest ? "Held back" : "Incidents", `${total.toLocaleString("en-US")}: ${bySeverity.join(", ")}`],
      ["Since", `${utc(incident.first_seen)} UTC`],
    ],
    why: lines,
    steps: digest
      ? [
          "Look at the list: `keywatch incidents list`.",
          "Silence or route away what is expected, so that the rest is seen.",
        ]
      : worst.runbook.slice(0, 8).map((r) => inertCell(oneLine(r, 400))),
    links: sum.externalUrl === null ? [] : [{ label: "Open the list", url: `${sum.externalUrl.replace(/\/+$/, "")}/` }],
    ...{ root: sum.root, incident, test: false, home: sum.externalUrl },
    bundle: {
      ...{ kind: sum.kind, count: total },
      incidents: told.map((t) => cleanDeep(pick(lastOf(t)), 300)),
    },
  };
}

const lastOf = (transitions: readonly Transition[]): Incident => transitions.at(-1)!.state;
const pick = ({ uid, title, severity, status }: Incident) => ({ uid, title, severity, status });

function lineOf(transitions: readonly Transition[]): string {
  const { uid, severity, title } = lastOf(transitions);
  const what = transitions.filter((t) => t.kind !== "updated" || transitions.length === 1).map(changeOf);
  return oneLine(`${incidentLabel(uid)} [${severity}] ${title}: ${what.join("; ")}`, 400);
}

/** sumOf is an incident that stands for several, so that every channel can show it. */
function sumOf(states: readonly Incident[], { groupUid, at, over }: Sum, worst: Incident): Incident {
  const same = <K extends keyof Incident>(key: K): Incident[K] | null =>
    states.every((s) => s[key] === worst[key]) ? worst[key] : null;
  return {
    ...worst,
    ...{ uid: groupUid, subject_uid: groupUid, principal_uid: groupUid, members: [], n: 1, assignee: null },
    ...{ key_uid: same("key_uid"), key_hint: same("key_hint"), key_name: same("key_name") ?? "several keys" },
    ...{
      principal: same("principal"),
      owner: same("owner"),
      environment: same("environment"),
      account: same("account"),
    },
    ...{ status: over ? "resolved" : "open", verdict: over ? same("verdict") : null, merged_into: null },
    risk: Math.max(...states.map((s) => s.risk)),
    first_seen: Math.min(...states.map((s) => s.first_seen)),
    last_seen: Math.max(...states.map((s) => s.last_seen)),
    ...{ opened_at: Math.min(...states.map((s) => s.opened_at)), updated_at: at },
    finding_uids: states.flatMap((s) => s.finding_uids).slice(0, 100),
    detections: [...new Set(states.flatMap((s) => s.detections))],
    reasons: states.map((s) => `${incidentLabel(s.uid)} [${s.severity}] ${s.title} (${statusOf(s)})`),
    tags: [...new Set(states.flatMap((s) => s.tags))].slice(0, 50),
    event_count: states.reduce((sum, s) => sum + s.event_count, 0),
  };
}
