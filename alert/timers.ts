import type { Config } from "../schemas/config.ts";
import { formatDuration, MINUTE_MS } from "../schemas/duration.ts";
import { quietIncidents } from "../schemas/queries/incidents.ts";
import type { Store } from "../schemas/store/store.ts";
import type { Draft } from "./draft.ts";
import type { Gate } from "./gate.ts";
import { beatsOf, HEARTBEAT } from "./heartbeat.ts";
import type { IncidentBook } from "./incident.ts";
import type { Live } from "./live.ts";
import type { Outbox } from "./outbox.ts";
import { planReminder, type Reminder } from "./reminder.ts";
import type { Route } from "./route.ts";

const AT_ONCE = 500;
/** How soon it is looked again where there was more, or the store did not answer. */
const AGAIN_MS = 2_000;

/** Timers are what time alone brings about. */
export interface Timers {
  /** Resolves, once a minute, what has been quiet for alert.auto_resolve. */
  expire(): Promise<void>;
  /** Tells again what nobody acknowledged. */
  remind(): Promise<void>;
  /** Puts heartbeats into the outbox whose time has come. */
  beat(): Promise<void>;
}

export interface TimerParts {
  store: Store;
  book: IncidentBook;
  outbox: Outbox;
  live: Live;
  gate: Gate;
  config(): Pick<Config, "alert" | "receivers">;
  route(): Route;
  now(): number;
  ensure(subjects: Iterable<string>): Promise<void>;
  commit(drafts: readonly Draft[]): Promise<unknown>;
}

export function createTimers(parts: TimerParts): Timers {
  const { store, book, outbox, live, gate, config, now } = parts;
  let expireAt = 0;
  let remindAt = 0;
  /** Heartbeats up to here are in the outbox; those of before the start are past. */
  let beaten = now();

  return {
    async expire() {
      const at = now();
      if (at < expireAt) return;
      expireAt = at + AGAIN_MS;
      const { auto_resolve } = config().alert;
      const quiet = await store.ask(quietIncidents, { before: at - auto_resolve, limit: AT_ONCE });
      if (quiet.length < AT_ONCE) expireAt = at + MINUTE_MS;
      if (quiet.length === 0) return;
      await parts.ensure(quiet.map((q) => q.subject_uid));
      const note = `quiet for ${formatDuration(auto_resolve)}`;
      const drafts: Draft[] = [];
      for (const { uid, subject_uid: subjectUid } of quiet) {
        const decided = book.expire(subjectUid, uid, at, note);
        if (decided) drafts.push({ subjectUid, decided, notify: true });
      }
      await parts.commit(drafts);
    },

    async remind() {
      const at = now();
      if (at < remindAt) return;
      const due = live.due(at, AT_ONCE);
      const reminders: { uid: string; subjectUid: string; reminder: Reminder }[] = [];
      for (const one of due) {
        const blocked = (whom: { receiver: string; channel: string }) =>
          outbox.pending(one.uid, whom) ||
          gate.hold(one.about, { incident_uid: one.uid, receiver: whom.receiver }, at) !== null;
        const world = { route: parts.route(), receivers: config().receivers, blocked };
        const { reminder, nextAt } = planReminder(one, world, at);
        one.nextAt = nextAt;
        if (reminder) reminders.push({ uid: one.uid, subjectUid: one.subjectUid, reminder });
      }
      if (reminders.length === 0) return;
      // Should the store refuse, it is tried again, and not in every tick.
      remindAt = at + AGAIN_MS;
      live.lookAgain();
      await parts.ensure(reminders.map((r) => r.subjectUid));
      const drafts: Draft[] = [];
      for (const { uid, subjectUid, reminder } of reminders) {
        const decided = book.remind(subjectUid, uid, at, reminder.note);
        if (decided) drafts.push({ subjectUid, decided, notify: true, whom: reminder.whom });
      }
      await parts.commit(drafts);
      remindAt = 0;
    },

    async beat() {
      const at = now();
      const beats = beatsOf(config().receivers, beaten, at);
      if (beats.length > 0) {
        const batch = outbox.batch();
        for (const { uid, target } of beats)
          batch.add({ incident_uid: uid, n: 1, kind: "resolved" }, HEARTBEAT, [target], QUIET);
        try {
          await store.insert("messages", batch.rows());
        } catch (cause) {
          batch.rollback();
          throw cause;
        }
        batch.commit();
      }
      beaten = at;
    },
  };
}

/** Nothing holds a heartbeat back. */
const QUIET = { labels: {}, severity: "informational", over: true } as const;
