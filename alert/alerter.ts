import type { Config } from "../schemas/config.ts";
import type { Finding } from "../schemas/finding.ts";
import type { Command, Incident, Transition } from "../schemas/incident.ts";
import { type Metrics, noMetrics } from "../schemas/metrics.ts";
import { bundledOfLiving } from "../schemas/queries/live.ts";
import { spentSince } from "../schemas/queries/outbox.ts";
import { transitionsOf } from "../schemas/queries/transitions.ts";
import type { ReplayCommand } from "../schemas/replay.ts";
import type { Silence, SilenceCommand } from "../schemas/silence.ts";
import type { Store } from "../schemas/store/store.ts";
import { createBudget, startOfDay } from "./budget.ts";
import type { Channel, SendResult, Surroundings } from "./channel.ts";
import { type AlertLog, createDispatcher } from "./dispatch.ts";
import { concerned, type Draft, draftsOf, type Waiting } from "./draft.ts";
import { createGate } from "./gate.ts";
import { createGroups } from "./group.ts";
import { createBook } from "./incident.ts";
import { createInhibitor } from "./inhibit.ts";
import { targetsOf, toTransition, type Written, writeLedger } from "./ledger.ts";
import { createLetters } from "./letters.ts";
import { aboutsOf, createLive } from "./live.ts";
import { findIncident, type IncidentFilter, listIncidents, requireIncident } from "./lookup.ts";
import { checkChannels, openChannels, unchanged } from "./open_channels.ts";
import { createOutbox } from "./outbox.ts";
import { createRecall } from "./recall.ts";
import { replayMessage } from "./replay.ts";
import { compileRoute, routesOf } from "./route.ts";
import { createSifter } from "./sift.ts";
import { createSilences, listSilences } from "./silence.ts";
import { hear, laneKey, planTargets, type Target } from "./targets.ts";
import { createTimers } from "./timers.ts";

/** Subjects kept in memory; others are read again from the log when a finding of theirs comes. */
const MAX_SUBJECTS = 10_000;
const TIMER_MS = 250;
const STOP_GRACE_MS = 5_000;

export interface AlerterOptions {
  store: Store;
  config: Pick<Config, "alert" | "route" | "receivers" | "inhibit_rules" | "time_intervals">;
  now(): number;
  random?: () => number;
  log?: AlertLog;
  output?: Surroundings["output"];
  links?: Surroundings["links"];
  ownerOf?: Surroundings["ownerOf"];
  metrics?: Pick<Metrics, "delivery">;
}

/** Alerter is the one that numbers transitions and sends messages; one of them may be active on a store. */
export interface Alerter {
  /**
   * Decides, and stores transitions and messages before it comes back. The same findings again change nothing.
   * With `report`, and for findings older than `alert.max_age`, nobody is told. Rejects when the store did; try it again then.
   */
  apply(findings: readonly Finding[], options?: { report?: boolean }): Promise<Transition[]>;
  /** Does what a person asked for, once per command id; null when nothing changes. Rejects with a sentence when it cannot be done. */
  command(command: Command): Promise<Transition | null>;
  /** The same for silences: adds or ends one, once per command id; null when it was so already. */
  silence(command: SilenceCommand): Promise<Silence | null>;
  /** Silences that have not ended, or with `all` every one there was; those that end first in front. */
  silences(options?: { all?: boolean }): Promise<Silence[]>;
  /** Sends a message again that could not be delivered; gives of how many incidents it tells, 0 when it is not failed. */
  replay(command: ReplayCommand): Promise<number>;
  list(filter?: IncidentFilter): Promise<Incident[]>;
  /** Takes a uid, its beginning or a label. */
  get(name: string): Promise<Incident | null>;
  transitions(name: string): Promise<Transition[]>;
  /** Puts another config into force; what was decided and is not sent yet goes out by the new one. Rejects when it cannot, and then nothing has changed. */
  reconfigure(config: AlerterOptions["config"]): Promise<void>;
  /** Forgets subjects in memory, and sends nothing more about them. */
  forget(subjects: ReadonlySet<string>): Promise<void>;
  /** Asks every channel whether its receiver can be reached; null where that cannot be known without sending. */
  check(): Promise<{ receiver: string; channel: string; result: SendResult | null }[]>;
  /** Messages that are not delivered yet, and since when the oldest is due, ms. */
  queue(): { size: number; oldestDue: number | null };
  /** Sends what is due and resolves what went quiet. */
  tick(): Promise<void>;
  start(): void;
  /** Lets sends under way end; what is pending stays in the store for the next start. */
  stop(): Promise<void>;
  /** Comes back when nothing is pending. */
  idle(): Promise<void>;
}

export async function createAlerter(options: AlerterOptions): Promise<Alerter> {
  const { store, now, log = () => {} } = options;
  let { config } = options;
  let route = compileRoute(config);
  const channels = await openChannels(config.receivers, options);
  /** Channels of an earlier config; a send of theirs may still be under way. */
  let retired: Channel[] = [];
  const book = createBook();
  const outbox = createOutbox();
  const groups = createGroups();
  const silences = createSilences(store);
  let inhibitor = createInhibitor(config.inhibit_rules);
  const live = createLive(() => inhibitor);
  const gate = createGate({
    ...{ silences, inhibitor: () => inhibitor, route: () => route, intervals: () => config.time_intervals },
  });
  const budget = createBudget({ config: () => config, spent: await spentToday(store, now()), now: now() });
  const letters = createLetters(store, () => config.alert.external_url);
  const dispatcher = createDispatcher({
    ...{ store, outbox, channels, letters, budget, now, log },
    sift: createSifter({ store, outbox, gate, budget, abouts: (uids) => aboutsOf(store, uids) }),
    onTold: live.told,
    random: options.random ?? Math.random,
    metrics: options.metrics ?? noMetrics,
  });
  const recall = createRecall({ store, book, outbox, budget, now, log });
  const timers = createTimers({
    ...{ store, book, outbox, live, gate, now, config: () => config, route: () => route },
    ...{ ensure: recall.ensure, commit: (drafts) => commit(drafts, []) },
  });
  let tail: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let ticking = false;

  /** exclusive runs one decision after the other: they share the book. */
  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = tail.then(work, work);
    tail = run.catch(() => {});
    return run;
  }

  /** reconfigure opens what the new config names before anything changes; channels that stay as they are stay open. */
  async function reconfigure(next: AlerterOptions["config"]): Promise<void> {
    const kept = unchanged(config.receivers, next.receivers, channels);
    const opened = await openChannels(next.receivers, options, kept);
    for (const channel of retired) channel.close?.();
    retired = [...channels.values()].filter((channel) => ![...opened.values()].includes(channel));
    channels.clear();
    for (const [lane, channel] of opened) channels.set(lane, channel);
    config = next;
    route = compileRoute(next);
    inhibitor = createInhibitor(next.inhibit_rules);
    live.inform(inhibitor);
    lookAgain();
  }

  /** lookAgain asks of everything that is held, and of every timer, whether it still holds. */
  function lookAgain(): void {
    outbox.recheck(now());
    live.lookAgain();
  }

  async function start(): Promise<void> {
    await silences.load(now());
    await recall.recover();
    await live.load(store);
    for (const { incident_uid, bundled } of await store.ask(bundledOfLiving, {})) {
      const labels = live.get(incident_uid)?.about.labels;
      for (const target of labels ? bundled.flatMap(targetsOf) : [])
        groups.restore(route, incident_uid, labels!, target);
    }
  }

  /** whomOf gives the targets of a transition. */
  function whomOf({ subjectUid, decided, notify, whom }: Draft, at: number): Target[] {
    const { incident_uid, n, state } = decided.transition;
    const { heard } = book.subject(subjectUid)!.episodes.find((e) => e.incident.uid === incident_uid)!;
    const waiting = (target: Target) => outbox.waiting(incident_uid, target, at);
    const routes = whom ? routesOf(route, live.get(incident_uid)?.about.labels ?? {}) : [];
    const targets = whom
      ? whom.map((w): Target => {
          const last = heard.get(laneKey(w.receiver, w.channel)) ?? { ...w, head: n, due: at, bundle: "" };
          const { due, bundle } = groups.later(
            routes.find((r) => r.receiver === w.receiver),
            last,
            at,
          );
          return { ...w, head: n, due, bundle };
        })
      : planTargets(decided, { heard, route, receivers: config.receivers, groups, notify, now: at, waiting });
    if (state.status === "resolved" || state.status === "merged_into") groups.leave(incident_uid);
    hear(heard, targets);
    return targets;
  }

  /** commit stores what was decided and who hears of it; when the store refuses, all is as it was before. */
  async function commit(drafts: readonly Draft[], held: readonly Waiting[]): Promise<Transition[]> {
    const batch = outbox.batch();
    const lines: Written[] = [];
    const at = now();
    try {
      for (const draft of drafts) {
        const { subjectUid, decided } = draft;
        const targets = whomOf(draft, at);
        batch.add(decided.transition, subjectUid, targets, live.take(decided.transition));
        lines.push({ subjectUid, decided, targets });
      }
      await writeLedger(store, lines, held, batch.rows());
    } catch (cause) {
      batch.rollback();
      for (const { subjectUid } of [...drafts, ...held]) {
        book.forget(subjectUid);
        recall.doubt(subjectUid);
      }
      throw cause;
    }
    letters.remember(lines.map((line) => line.decided.transition));
    batch.commit();
    book.trim(MAX_SUBJECTS);
    // What inhibited others may be over now.
    if (config.inhibit_rules.length > 0 && lines.length > 0) outbox.recheck(at);
    if (timer !== null && lines.length > 0) pump();
    return lines.map((line) => line.decided.transition);
  }

  function pump(): void {
    dispatcher.pump().catch((cause: unknown) => log("error", "Sending broke off.", { error: String(cause) }));
  }

  async function applyAll(findings: readonly Finding[], report: boolean): Promise<Transition[]> {
    book.trim(MAX_SUBJECTS);
    await recall.ensure(findings.flatMap(concerned));
    const at = now();
    const isNews = (f: Finding) => !report && at - f.last_seen <= config.alert.max_age;
    const { drafts, held } = draftsOf(book, findings, at, isNews);
    return drafts.length + held.length === 0 ? [] : await commit(drafts, held);
  }

  async function silence(command: SilenceCommand): Promise<Silence | null> {
    const changed = await silences.command(command, now());
    if (changed !== null) lookAgain();
    return changed;
  }

  /** tick does what time brings about; each part goes on where another fails. */
  async function tick(): Promise<void> {
    for (const due of [timers.expire, timers.remind, timers.beat])
      await exclusive(due).catch((cause: unknown) => log("warn", "What is due waits.", { error: String(cause) }));
  }

  await start();
  return {
    apply: (findings, { report = false } = {}) => exclusive(() => applyAll(findings, report)),
    command: (command) =>
      exclusive(async () => {
        const { uid, subject_uid: subjectUid } = await requireIncident(store, command.incident_uid);
        await recall.ensure([subjectUid]);
        const decided = book.command(subjectUid, { ...command, incident_uid: uid }, now());
        if (decided === null) return null;
        const [transition] = await commit([{ subjectUid, decided, notify: true }], []);
        return transition ?? null;
      }),
    silence: (command) => exclusive(() => silence(command)),
    silences: ({ all = false } = {}) => (all ? listSilences(store) : listSilences(store, now())),
    replay: (command) => exclusive(() => replayMessage(store, outbox, command, now())),
    list: (filter) => listIncidents(store, filter),
    get: (name) => findIncident(store, name),
    async transitions(name) {
      const { uid: incident, subject_uid: subject } = await requireIncident(store, name);
      return (await store.ask(transitionsOf, { subject, incident, from: 0, to: 2 ** 31 })).map(toTransition);
    },
    reconfigure: (next) => exclusive(() => reconfigure(next)),
    forget: (subjects) =>
      exclusive(async () => {
        for (const subject of subjects) book.forget(subject);
        outbox.forget(subjects);
        live.forget(subjects);
      }),
    check: () => checkChannels(channels),
    queue: () => ({ size: outbox.size, oldestDue: outbox.oldestDue() }),
    async tick() {
      await tick();
      await dispatcher.pump();
    },
    start() {
      timer ??= setInterval(() => {
        if (ticking) return;
        ticking = true;
        void tick().finally(() => {
          ticking = false;
          pump();
        });
      }, TIMER_MS);
    },
    async stop() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      await tail;
      await dispatcher.stop(STOP_GRACE_MS);
      for (const channel of [...retired, ...channels.values()]) channel.close?.();
    },
    async idle() {
      await tail;
      await dispatcher.idle();
    },
  };
}

/** spentToday gives by lane how much of today's budget was used before this start. */
async function spentToday(store: Store, now: number): Promise<Map<string, number>> {
  const rows = await store.ask(spentSince, { since: startOfDay(now) });
  return new Map(rows.map((row) => [laneKey(row.receiver, row.channel), row.messages]));
}
