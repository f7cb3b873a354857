import type { Config } from "../schemas/config.ts";
import { DAY_MS, formatDuration, MINUTE_MS } from "../schemas/duration.ts";
import type { Finding } from "../schemas/finding.ts";
import { coverOf } from "../schemas/fleet.ts";
import type { Command, Incident, Transition } from "../schemas/incident.ts";
import { type Metrics, noMetrics } from "../schemas/metrics.ts";
import { quietIncidents, subjectsBehind } from "../schemas/queries/incidents.ts";
import { messagesSince, pendingMessages } from "../schemas/queries/outbox.ts";
import { targetsSince, transitionsOf } from "../schemas/queries/transitions.ts";
import type { Store } from "../schemas/store/store.ts";
import type { Channel, SendResult, Surroundings } from "./channel.ts";
import type { Digest } from "./digest.ts";
import { type AlertLog, createDispatcher } from "./dispatch.ts";
import { createBook, type Decided, inEventOrder, type Subject } from "./incident.ts";
import {
  readSubjects,
  readTold,
  targetsOf,
  toTransition,
  type Written,
  writeIncidents,
  writeLedger,
} from "./ledger.ts";
import { findIncident, type IncidentFilter, listIncidents, requireIncident } from "./lookup.ts";
import { checkChannels, openChannels, unchanged } from "./open_channels.ts";
import { createOutbox } from "./outbox.ts";
import { repairOutbox } from "./repair.ts";
import { compileRoute } from "./route.ts";
import { hear, planTargets } from "./targets.ts";

/** Subjects kept in memory; others are read again from the log when a finding of theirs comes. */
const MAX_SUBJECTS = 10_000;
/** How far back the log is compared with the outbox at start. */
const REPAIR_MS = 7 * DAY_MS;
const TIMER_MS = 250;
const STOP_GRACE_MS = 5_000;
const EXPIRE_AT_ONCE = 500;
/** How soon it is looked again where there was more, or the store did not answer. */
const EXPIRE_AGAIN_MS = 2_000;

export interface AlerterOptions {
  store: Store;
  config: Pick<Config, "alert" | "route" | "receivers">;
  now(): number;
  random?: () => number;
  log?: AlertLog;
  output?: Surroundings["output"];
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
  const dispatcher = createDispatcher({
    store,
    outbox,
    channels,
    externalUrl: () => config.alert.external_url,
    now,
    random: options.random ?? Math.random,
    log,
    metrics: options.metrics ?? noMetrics,
  });
  /** Subjects whose last write failed: the log and the outbox may differ. */
  const suspects = new Set<string>();
  let tail: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let expireAt = 0;

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
  }

  async function recover(): Promise<void> {
    outbox.restore(await store.ask(pendingMessages, {}));
    const since = now() - REPAIR_MS;
    const told = (await store.ask(targetsSince, { since })).map((row) => ({ ...row, targets: targetsOf(row.targets) }));
    const known = told.length > 0 ? await store.ask(messagesSince, { since: since - DAY_MS }) : [];
    const batch = outbox.batch();
    const repaired = repairOutbox(batch, told, known);
    if (repaired > 0) log("warn", "Messages that a kill kept from the outbox were put there.", { messages: repaired });
    await store.insert("messages", batch.rows());
    batch.commit();
    const behind = (await store.ask(subjectsBehind, {})).map((row) => row.subject_uid);
    await relist(await readSubjects(store, behind));
  }

  /** relist writes the states of subjects once more, for the list that a crash left behind the log. */
  const relist = (subjects: ReadonlyMap<string, Subject>): Promise<void> =>
    writeIncidents(
      store,
      [...subjects.values()].flatMap((s) => s.episodes.map((e) => e.incident)),
    );

  /** ensure has every subject in the book, read from the log where it is not. */
  async function ensure(uids: Iterable<string>): Promise<void> {
    const missing = [...new Set(uids)].filter((uid) => book.subject(uid) === undefined);
    if (missing.length === 0) return;
    const subjects = await readSubjects(store, missing);
    const doubtful = missing.filter((uid) => suspects.has(uid));
    if (doubtful.length > 0) {
      const { told, known } = await readTold(store, doubtful);
      const batch = outbox.batch();
      repairOutbox(batch, told, known);
      try {
        await relist(new Map(doubtful.map((uid) => [uid, subjects.get(uid)!])));
        await store.insert("messages", batch.rows());
      } catch (cause) {
        batch.rollback();
        throw cause;
      }
      batch.commit();
      for (const uid of doubtful) suspects.delete(uid);
    }
    for (const [uid, subject] of subjects) book.set(uid, subject);
  }

  /** commit stores what was decided and who hears of it; when the store refuses, all is as it was before. */
  async function commit(drafts: readonly Draft[], held: Parameters<typeof writeLedger>[2]): Promise<Transition[]> {
    const batch = outbox.batch();
    const lines: Written[] = [];
    const at = now();
    try {
      for (const { subjectUid, decided, notify } of drafts) {
        const { incident_uid } = decided.transition;
        const { heard } = book.subject(subjectUid)!.episodes.find((e) => e.incident.uid === incident_uid)!;
        const waiting = outbox.waiting.bind(outbox, incident_uid);
        const targets = planTargets(decided, { heard, route, receivers: config.receivers, notify, now: at, waiting });
        hear(heard, targets);
        batch.add(decided.transition, subjectUid, targets);
        lines.push({ subjectUid, decided, targets });
      }
      await writeLedger(store, lines, held, batch.rows());
    } catch (cause) {
      batch.rollback();
      for (const { subjectUid } of [...drafts, ...held]) {
        book.forget(subjectUid);
        suspects.add(subjectUid);
      }
      throw cause;
    }
    dispatcher.remember(lines.map((line) => line.decided.transition));
    batch.commit();
    book.trim(MAX_SUBJECTS);
    if (timer !== null && lines.length > 0) pump();
    return lines.map((line) => line.decided.transition);
  }

  function pump(): void {
    dispatcher.pump().catch((cause: unknown) => log("error", "Sending broke off.", { error: String(cause) }));
  }

  async function applyAll(findings: readonly Finding[], report: boolean): Promise<Transition[]> {
    book.trim(MAX_SUBJECTS);
    await ensure(findings.flatMap(concerned));
    const at = now();
    const drafts: Draft[] = [];
    const last = new Map<string, Draft>();
    const held: { subjectUid: string; digest: Digest }[] = [];
    for (const finding of inEventOrder(findings)) {
      const { subject_uid: subjectUid, uid } = finding;
      const before = book.subject(subjectUid)?.held.get(uid);
      const notify = !report && at - finding.last_seen <= config.alert.max_age;
      for (const decided of book.apply(finding, at))
        squash({ subjectUid: decided.transition.state.subject_uid, decided, notify });
      const waits = book.subject(subjectUid)?.held.get(uid);
      if (waits && waits !== before) held.push({ subjectUid, digest: waits });
    }
    return drafts.length + held.length === 0 ? [] : await commit(drafts, held);

    /** squash makes one transition of an incident's mere updates inside a call: a burst is one line of the log. */
    function squash(draft: Draft): void {
      const { transition } = draft.decided;
      const earlier = last.get(transition.incident_uid);
      if (!earlier || transition.kind !== "updated") {
        drafts.push(draft);
        last.set(transition.incident_uid, draft);
        return;
      }
      const episode = book.subject(draft.subjectUid)!.episodes.find((e) => e.incident.uid === transition.incident_uid)!;
      const { n } = earlier.decided.transition;
      episode.incident = { ...episode.incident, n };
      earlier.decided = {
        transition: { ...earlier.decided.transition, state: episode.incident },
        findings: [...earlier.decided.findings, ...draft.decided.findings],
        fresh: earlier.decided.fresh || draft.decided.fresh,
      };
      earlier.notify ||= draft.notify;
    }
  }

  /** expire resolves, once a minute, what has been quiet for alert.auto_resolve. */
  async function expire(): Promise<void> {
    const at = now();
    if (at < expireAt) return;
    expireAt = at + EXPIRE_AGAIN_MS;
    const quiet = await store.ask(quietIncidents, { before: at - config.alert.auto_resolve, limit: EXPIRE_AT_ONCE });
    if (quiet.length < EXPIRE_AT_ONCE) expireAt = at + MINUTE_MS;
    if (quiet.length === 0) return;
    await ensure(quiet.map((q) => q.subject_uid));
    const note = `quiet for ${formatDuration(config.alert.auto_resolve)}`;
    const drafts: Draft[] = [];
    for (const { uid, subject_uid: subjectUid } of quiet) {
      const decided = book.expire(subjectUid, uid, at, note);
      if (decided) drafts.push({ subjectUid, decided, notify: true });
    }
    await commit(drafts, []);
  }

  await recover();
  return {
    apply: (findings, { report = false } = {}) => exclusive(() => applyAll(findings, report)),
    command: (command) =>
      exclusive(async () => {
        const { uid, subject_uid: subjectUid } = await requireIncident(store, command.incident_uid);
        await ensure([subjectUid]);
        const decided = book.command(subjectUid, { ...command, incident_uid: uid }, now());
        if (decided === null) return null;
        const [transition] = await commit([{ subjectUid, decided, notify: true }], []);
        return transition ?? null;
      }),
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
      }),
    check: () => checkChannels(channels),
    queue: () => ({ size: outbox.size, oldestDue: outbox.oldestDue() }),
    async tick() {
      await exclusive(expire);
      await dispatcher.pump();
    },
    start() {
      timer ??= setInterval(() => {
        exclusive(expire).catch((cause: unknown) => log("warn", "Auto-resolve waits.", { error: String(cause) }));
        pump();
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

/** concerned names the subjects whose incidents a finding may change or ask. */
function concerned(finding: Finding): string[] {
  const cover = coverOf(finding);
  const members = finding.detection === "shared_new_source" ? (finding.members ?? []) : [];
  return [finding.subject_uid, ...members, ...(cover === null ? [] : [cover])];
}

interface Draft {
  subjectUid: string;
  decided: Decided;
  notify: boolean;
}
