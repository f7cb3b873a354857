import { type Alerter, createAlerter } from "../../alert/alerter.ts";
import { kindOf } from "../../alert/targets.ts";
import type { DetectEvent } from "../../detect/detection.ts";
import type { Engine } from "../../detect/engine.ts";
import type { InventoryIndex } from "../../detect/inventory_index.ts";
import type { NormalizerParts } from "../../ingest/normalizer.ts";
import type { Config } from "../../schemas/config.ts";
import type { ChannelConfig } from "../../schemas/config_channels.ts";
import { HOUR_MS } from "../../schemas/duration.ts";
import { type Finding, inEventOrder } from "../../schemas/finding.ts";
import type { Command, Incident, TransitionKind } from "../../schemas/incident.ts";
import { type CommandedLine, deliveredMessages } from "../../schemas/queries/backtest.ts";
import { verdictsOfPeople } from "../../schemas/queries/transitions.ts";
import type { Severity } from "../../schemas/severity.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import type { Store } from "../../schemas/store/store.ts";
import { detectionEngine } from "../parts.ts";

/** Notice is one message that somebody would have had. */
export interface Notice {
  at: number;
  receiver: string;
  channel: string;
  incident_uid: string;
  /** What it told of the incident: opened, escalated, resolved, ... */
  kinds: string[];
  severity: Severity;
  title: string;
  key: string;
  detections: string[];
}

export interface Rehearsed {
  findings: Finding[];
  notices: Notice[];
}

/**
 * Rehearsal is detection and alerting by one config on a clock of event time, beside a database of its own: its channels write
 * nowhere, and nothing of the installation is touched.
 */
export interface Rehearsal {
  /** Takes events in event-time order; those before `from` are learned from, and nobody hears of them. */
  take(events: readonly DetectEvent[]): Promise<void>;
  /** Judges what is open, sends what waits, and says what became of it. */
  end(): Promise<Rehearsed>;
  close(): Promise<void>;
}

export interface RehearsalOptions {
  store: Store;
  /** Database whose silences held. */
  database: string;
  config: Config;
  parts: NormalizerParts;
  inventory: InventoryIndex;
  /** What people did, oldest first. */
  commands: readonly CommandedLine[];
  from: number;
  to: number;
}

const COMMANDS: Partial<Record<TransitionKind, Command["kind"]>> = {
  acknowledged: "acknowledge",
  assigned: "assign",
  commented: "comment",
  resolved: "resolve",
  reopened: "reopen",
};

/** A message that waits at the end may still leave so long after. */
const END_MS = HOUR_MS;

export async function openRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const { config, from, to } = options;
  const scratch = await options.store.scratch();
  let clock = 0;
  let alerter: Alerter;
  try {
    await migrate(scratch, { store: { ...config.store, cluster: null, storage: null } });
    await scratch.command(`INSERT INTO silences SELECT * FROM ${options.database}.silences`);
    alerter = await createAlerter({
      store: scratch,
      config: { ...config, receivers: muted(config.receivers) },
      now: () => clock,
      random: () => 0.5,
      output: { write: () => undefined, colour: false },
    });
  } catch (error) {
    await scratch.close();
    throw error;
  }
  const engine: Engine = detectionEngine(config, options.parts, options.inventory);
  const said = await options.store.ask(verdictsOfPeople, {});
  engine.setVerdicts(
    said.map(({ state, ...row }) => {
      const { verdict, finding_uids, members } = JSON.parse(state) as Incident;
      return { ...row, verdict, finding_uids, members };
    }),
  );
  const found = new Map<string, Finding>();
  const commands = [...options.commands];
  /** While an incident may be open it is looked once an hour whether it went quiet. */
  let nextLook = Number.POSITIVE_INFINITY;
  let lastChange = 0;

  /** advance moves the clock to a time and does on the way what falls due: commands, messages, incidents that went quiet. */
  async function advance(time: number): Promise<void> {
    for (;;) {
      const due = alerter.queue().oldestDue ?? Number.POSITIVE_INFINITY;
      const command = commands[0]?.at ?? Number.POSITIVE_INFINITY;
      const next = Math.min(due, command, nextLook);
      if (next > time) break;
      clock = Math.max(clock, next);
      if (command <= clock) await repeat(commands.shift()!);
      const before = alerter.queue().oldestDue;
      await alerter.tick();
      if (clock >= nextLook)
        nextLook =
          clock - lastChange > config.alert.auto_resolve + HOUR_MS ? Number.POSITIVE_INFINITY : clock + HOUR_MS;
      // What is still due now waits for something else than time.
      if (next === due && alerter.queue().oldestDue === before) break;
    }
    clock = Math.max(clock, time);
  }

  async function repeat(line: CommandedLine): Promise<void> {
    const kind = COMMANDS[line.kind];
    if (kind === undefined) return;
    const { verdict, assignee } = JSON.parse(line.state) as Incident;
    const command: Command = {
      ...{
        id: line.command_id,
        incident_uid: line.incident_uid,
        kind,
        actor: line.actor,
        at: line.at,
        note: line.note,
      },
      ...{ verdict, assignee },
    };
    // Under another config there may be no such incident.
    if ((await alerter.command(command).catch(() => null)) !== null) changed();
  }

  async function apply(findings: readonly Finding[]): Promise<void> {
    if (findings.length === 0) return;
    for (const f of findings) if (f.last_seen >= from) found.set(f.uid, f);
    if ((await alerter.apply(findings, { report: clock < from })).length > 0) changed();
  }

  function changed(): void {
    lastChange = clock;
    nextLook = Math.min(nextLook, clock + HOUR_MS);
  }

  return {
    async take(events) {
      for (const slice of minutes(events)) {
        const { time } = slice.at(-1)!;
        await advance(time);
        await apply(engine.process(slice, { sorted: true, now: to }));
      }
    },
    async end() {
      await advance(to);
      await apply(engine.finish());
      await advance(to + END_MS);
      const rows = await scratch.ask(deliveredMessages, {});
      return {
        findings: inEventOrder([...found.values()]),
        notices: rows.map((row) => noticeOf(row, config)),
      };
    },
    async close() {
      await alerter.stop();
      await scratch.close();
    },
  };
}

/** Detection is asked minute by minute, as it would have been live. */
function* minutes(events: readonly DetectEvent[]): Generator<DetectEvent[]> {
  let slice: DetectEvent[] = [];
  for (const event of events) {
    if (slice.length > 0 && Math.floor(event.time / 60_000) !== Math.floor(slice[0]!.time / 60_000)) {
      yield slice;
      slice = [];
    }
    slice.push(event);
  }
  if (slice.length > 0) yield slice;
}

/** muted keeps the places and settings of the channels, and has all of them write into nothing. */
const muted = (receivers: Config["receivers"]): Config["receivers"] =>
  receivers.map((r) => ({ ...r, channels: r.channels.map((c) => ({ ...c, kind: "console" }) as ChannelConfig) }));

function noticeOf(
  row: { incident_uid: string; receiver: string; channel: string; at: number; kinds: string[]; state: string },
  { receivers }: Config,
): Notice {
  const incident = JSON.parse(row.state) as Incident;
  const index = Number(row.channel.split(":")[0]);
  const channel = receivers.find((r) => r.name === row.receiver)?.channels[index]?.kind ?? kindOf(row.channel);
  const { severity, title, detections } = incident;
  const key = incident.key_name ?? incident.key_hint ?? incident.principal ?? incident.subject_uid;
  return {
    ...{ at: row.at, receiver: row.receiver, channel, incident_uid: row.incident_uid },
    ...{ kinds: row.kinds, severity, title, key, detections },
  };
}
