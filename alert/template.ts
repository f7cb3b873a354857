import { formatDuration } from "../schemas/duration.ts";
import { type Incident, incidentLabel, type Transition, type TransitionKind } from "../schemas/incident.ts";
import { cleanDeep, inertCell, oneLine } from "./clean.ts";
import { keyLabel } from "./fold.ts";
import { viaOf } from "./inbound/origin.ts";
import { providerSteps } from "./provider_steps.ts";

/**
 * Message is what every channel renders: all of it is one harmless line each, cut to a length that people read.
 * Channels escape for their own format and add nothing of their own.
 */
export interface Message {
  /** The same for every attempt: receivers that honour it see the message once. */
  id: string;
  /** `INC-xxxxxxxx`, the name that people say. */
  label: string;
  kind: TransitionKind;
  /** Numbers of the transitions told. */
  from_n: number;
  to_n: number;
  /** When it happened, ms. */
  at: number;
  /** The transitions told, oldest first. */
  transitions: { n: number; kind: TransitionKind; at: number; actor: string; note: string; via: string }[];
  severity: Incident["severity"];
  /** Key and what and where from, one line. */
  title: string;
  /** Key name, hint or holder. */
  key: string;
  /** What happened now, a sentence each: "Opened: 2 findings", "Acknowledged by ann: looking". */
  changes: string[];
  /** Name and value, in the order of importance. */
  facts: [string, string][];
  /** Why: reasons of the findings. */
  why: string[];
  /** What to do now, in order; the last ones say how it is done at that provider. */
  steps: string[];
  links: { label: string; url: string }[];
  /** Address under which this keywatch is reached, without a slash at its end; null where the config names none. */
  home: string | null;
  /** What the channel answered to its first message of the incident; null when this is the first. */
  root: { receipt: string } | null;
  /** The incident for machines, every string cleaned. */
  incident: Incident;
  /** True for `keywatch channels test`: nothing has happened. */
  test: boolean;
  /** Set where it tells of several incidents, or of none: `incident` is then a sum of them that nothing can be done to. */
  bundle?: Bundled;
}

/** Bundled says what a message is that is not about one incident. */
export interface Bundled {
  kind: "group" | "digest" | "heartbeat";
  /** Incidents it tells of. */
  count: number;
  /** The gravest of them. */
  incidents: Pick<Incident, "uid" | "title" | "severity" | "status">[];
}

export interface Telling {
  id: string;
  externalUrl: string | null;
  root: { receipt: string } | null;
  test?: boolean;
}

/** compose makes the message of one or more transitions of an incident, oldest first; the last state is what it shows. */
export function compose(transitions: readonly Transition[], telling: Telling): Message {
  const last = transitions.at(-1)!;
  const state = cleanDeep(last.state, 2_000);
  const steps = [
    ...state.runbook.slice(0, 6).map((r) => inertCell(oneLine(r, 400))),
    ...(telling.test ? [] : providerSteps(state)),
  ];
  const incident = { ...state, runbook: steps };
  const home = telling.externalUrl?.replace(/\/+$/, "") ?? null;
  const kind = loudest(transitions.map((t) => t.kind));
  return {
    id: telling.id,
    label: incidentLabel(incident.uid),
    kind,
    from_n: transitions[0]!.n,
    to_n: last.n,
    at: last.at,
    transitions: transitions.map(({ n, kind, at, actor, note, command_id }) => ({
      n,
      kind,
      at,
      actor: oneLine(actor, 200),
      note: oneLine(note, 2_000),
      via: viaOf(command_id),
    })),
    severity: incident.severity,
    title: inertCell(oneLine(incident.title, 239)),
    key: inertCell(keyLabel(incident)),
    changes: transitions.filter((t) => t.kind !== "updated" || transitions.length === 1).map(changeOf),
    facts: factsOf(incident),
    why: incident.reasons.slice(0, 10).map((r) => inertCell(oneLine(r, 400))),
    steps,
    links:
      home === null
        ? []
        : [{ label: "Open the incident", url: `${home}/incidents/${encodeURIComponent(incident.uid)}` }],
    home,
    root: telling.root,
    incident,
    test: telling.test ?? false,
  };
}

/** The order in which several transitions of one message name it: what ends an incident first, a mere update last. */
const LOUD: TransitionKind[] = [
  "resolved",
  "merged",
  "reopened",
  "escalated",
  "opened",
  "reminded",
  "acknowledged",
  "suggested",
  "assigned",
  "commented",
  "updated",
];
const loudest = (kinds: readonly TransitionKind[]): TransitionKind => LOUD.find((k) => kinds.includes(k)) ?? "updated";

/** changeOf says one transition in a sentence. */
export function changeOf(t: Transition): string {
  const { state } = t;
  const by = t.actor === "keywatch" ? "" : ` by ${oneLine(t.actor, 80)}`;
  const note = t.note === "" ? "" : `: ${oneLine(t.note, 400)}`;
  switch (t.kind) {
    case "opened":
      return `Opened at ${state.severity}, ${plural(state.finding_uids.length, "finding")}`;
    case "assigned":
      return `${state.assignee === null ? "Assigned to nobody" : `Assigned to ${oneLine(state.assignee, 80)}`}${by}${note}`;
    case "suggested":
      return `Suggested as ${words(state.suggested?.verdict ?? "unknown")}${by}${note}`;
    case "resolved":
      return `Resolved${state.verdict === null ? "" : ` as ${words(state.verdict)}`}${by}${note}`;
    default:
      return `${t.kind[0]!.toUpperCase()}${t.kind.slice(1)}${by}${note}`;
  }
}

/** factsOf lists what a person asks first: which key, whose, where, since when, how much. */
export function factsOf(i: Incident): [string, string][] {
  const facts: [string, string | null][] = [
    ["Key", i.key_name !== null && i.key_hint !== null ? `${i.key_name} (${i.key_hint})` : keyLabel(i)],
    ["Held by", i.principal],
    ["Owner", i.owner],
    ["Provider", i.account === null ? i.provider : `${i.provider}, account ${i.account}`],
    ["Environment", i.environment],
    ["From", i.from ?? null],
    ["Since", `${utc(i.first_seen)} UTC`],
    [
      "Until",
      i.last_seen > i.first_seen ? `${utc(i.last_seen)} UTC (${formatDuration(i.last_seen - i.first_seen)})` : null,
    ],
    ["Seen", `${plural(i.finding_uids.length, "finding")}, ${plural(i.event_count, "event")}`],
    ["Risk", `${Math.round(i.risk)} of 100`],
    ["Status", statusOf(i)],
    ["Owner says", i.suggested ? `${words(i.suggested.verdict)}, by ${i.suggested.by}` : null],
  ];
  return facts.flatMap(([name, value]) =>
    value === null || value === "" ? [] : [[name, inertCell(oneLine(value, 200))]],
  );
}

export const statusOf = (i: Incident): string =>
  `${words(i.status)}${i.verdict === null ? "" : `, ${words(i.verdict)}`}${i.assignee === null ? "" : `, ${i.assignee}`}`;

/** utc writes a time as people compare it with a log: 2026-03-01 03:12:09. */
export const utc = (time: number): string => new Date(time).toISOString().slice(0, 19).replace("T", " ");
export const plural = (n: number, noun: string): string => `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
const words = (name: string): string => name.replaceAll("_", " ");
