import { iso } from "../schemas/duration.ts";
import type { Transition } from "../schemas/incident.ts";
import type { Metrics } from "../schemas/metrics.ts";
import { firstReceipt } from "../schemas/queries/outbox.ts";
import { transitionsOf } from "../schemas/queries/transitions.ts";
import type { Store } from "../schemas/store/store.ts";
import { uuid5 } from "../schemas/uid.ts";
import { type Channel, fail, retry, type SendResult } from "./channel.ts";
import { toTransition } from "./ledger.ts";
import type { Entry, Outbox } from "./outbox.ts";
import { nextAttempt, retryDelay } from "./retry.ts";
import { kindOf, laneKey } from "./targets.ts";
import { compose, type Message } from "./template.ts";

/** No send may take longer, whatever the channel does. */
const SEND_CEILING_MS = 60_000;
/** After a failure the whole lane rests, so that a channel that is down is not hammered with every message it has. */
const MAX_LANE_REST_MS = 30_000;
const STORE_REST_MS = 2_000;
const MAX_RECEIPTS = 10_000;
const MAX_RECENT = 2_000;

export type AlertLog = (level: "warn" | "error", sentence: string, facts: Record<string, unknown>) => void;

export interface DispatcherParts {
  store: Store;
  outbox: Outbox;
  /** By laneKey. */
  channels: ReadonlyMap<string, Channel>;
  externalUrl(): string | null;
  now(): number;
  random(): number;
  log: AlertLog;
  metrics: Pick<Metrics, "delivery">;
}

/** Dispatcher is the one loop that sends and retries: one message at a time per channel, channels side by side. */
export interface Dispatcher {
  /** Keeps stored transitions at hand, so that a message that leaves soon needs no question to the store. */
  remember(transitions: readonly Transition[]): void;
  /** Sends all that is due, and comes back when nothing more is due now. */
  pump(): Promise<void>;
  /** Lets sends under way end, for `graceMs` at most, and begins none. */
  stop(graceMs: number): Promise<void>;
  idle(): Promise<void>;
}

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { store, outbox, channels, now, log } = parts;
  const running = new Map<string, Promise<void>>();
  const restUntil = new Map<string, number>();
  const receipts = new Map<string, string>();
  const recent = new Map<string, Transition>();
  const unsaved: object[] = [];
  const halt = new AbortController();
  let idlers: (() => void)[] = [];
  let stopped = false;
  let saveAfter = 0;

  async function drain(lane: string): Promise<void> {
    for (;;) {
      const due = outbox.due(lane, now());
      let sent = 0;
      for (const entry of due) {
        if (stopped || (restUntil.get(lane) ?? 0) > now() || !(await save())) return;
        await attempt(lane, entry);
        sent++;
      }
      if (sent === 0) return;
    }
  }

  async function attempt(lane: string, entry: Entry): Promise<void> {
    entry.sending = true;
    try {
      const at = now();
      let message: Message;
      try {
        message = await messageOf(entry);
      } catch (cause) {
        restUntil.set(lane, at + STORE_REST_MS);
        log("warn", "A message could not be read from the store; it is tried again.", { lane, error: String(cause) });
        return;
      }
      if (entry.attempts === 0) entry.first_at = at;
      entry.attempts++;
      const result = await send(entry, message);
      settle(lane, entry, message, result, at);
      await save();
    } finally {
      entry.sending = false;
    }
  }

  async function send(entry: Entry, message: Message): Promise<SendResult> {
    const channel = channels.get(laneKey(entry.receiver, entry.channel));
    if (!channel)
      return fail("rejected", `The config has no channel ${entry.channel} in receiver ${entry.receiver} any more.`);
    const signal = AbortSignal.any([halt.signal, AbortSignal.timeout(SEND_CEILING_MS)]);
    let giveUp = () => {};
    const ceiling = new Promise<SendResult>((resolve) => {
      giveUp = () => resolve(retry("timeout", "The channel did not answer in time."));
      signal.addEventListener("abort", giveUp, { once: true });
    });
    try {
      return await Promise.race([channel.send(message, signal), ceiling]);
    } catch {
      // A channel must not throw; what it threw may hold a secret, so it is not passed on.
      return fail("rejected", "The channel broke while it made the message; this is a fault of keywatch.");
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** settle decides what becomes of the message: delivered, failed, or pending until its next attempt. */
  function settle(lane: string, entry: Entry, message: Message, result: SendResult, startedAt: number): void {
    const at = now();
    const end = { status: "delivered", reason: "", error: "", receipt: "" };
    if (result.kind === "ok") {
      end.receipt = result.receipt;
      keep(receipts, receiptKey(entry), message.root?.receipt ?? result.receipt, MAX_RECEIPTS);
    } else {
      end.status = "failed";
      end.reason = result.reason;
      end.error = result.detail;
    }
    if (result.kind === "retry") {
      const delay = retryDelay(entry.attempts, parts.random(), result.afterMs);
      const next = nextAttempt(at, entry.first_at, delay);
      restUntil.set(lane, at + (result.afterMs === null ? Math.min(delay, MAX_LANE_REST_MS) : delay));
      if (next !== null) {
        end.status = "pending";
        entry.next_at = next;
      } else end.error = `Given up after a day: ${result.detail}`;
    }
    if (end.status !== "pending") outbox.remove(entry);
    if (end.status === "failed") {
      const facts = { incident: message.label, receiver: entry.receiver, channel: entry.channel, reason: end.reason };
      log("error", `A message was not delivered. ${end.error}`, facts);
    }
    const { incident_uid, receiver, channel, n, attempts: attempt } = entry;
    const seconds = Math.max(0, at - startedAt) / 1000;
    parts.metrics.delivery({ channel: kindOf(channel), outcome: end.status, reason: end.reason, seconds });
    unsaved.push({
      ...{ incident_uid, receiver, channel, n, last_n: message.to_n, attempt },
      message_id: message.id,
      at: iso(startedAt),
      duration_ms: Math.max(0, at - startedAt),
      outcome: result.kind,
      ...end,
      first_at: iso(entry.first_at),
      next_at: iso(entry.next_at),
    });
  }

  /** save writes what became of attempts; while the store refuses, it keeps the rows and nothing more is sent. */
  async function save(): Promise<boolean> {
    if (unsaved.length === 0) return true;
    if (now() < saveAfter) return false;
    const batch = unsaved.splice(0);
    try {
      await store.insert("deliveries", batch);
      return true;
    } catch (cause) {
      unsaved.unshift(...batch);
      saveAfter = now() + STORE_REST_MS;
      log("warn", "The delivery log could not be written; sending rests until it can.", { error: String(cause) });
      return false;
    }
  }

  async function messageOf(entry: Entry): Promise<Message> {
    const { subject_uid: subject, incident_uid: incident, n: from, last_n: to } = entry;
    let transitions: Transition[] = [];
    for (let n = from; n <= to; n++) {
      const line = recent.get(`${incident}/${n}`);
      if (line) transitions.push(line);
    }
    if (transitions.length <= to - from) {
      transitions = (await store.ask(transitionsOf, { subject, incident, from, to })).map(toTransition);
    }
    if (transitions.length === 0) throw new Error(`no transition ${from} of incident ${incident}`);
    const id = messageId(entry);
    return compose(transitions, { id, externalUrl: parts.externalUrl(), root: await rootOf(entry) });
  }

  async function rootOf(entry: Entry): Promise<Message["root"]> {
    const { incident_uid: incident, receiver, channel, n: before } = entry;
    if (before === 1) return null;
    const known = receipts.get(receiptKey(entry));
    if (known !== undefined) return { receipt: known };
    const [row] = await store.ask(firstReceipt, { incident, receiver, channel, before });
    return row ?? null;
  }

  function wakeIdlers(): void {
    if (outbox.size > 0 || unsaved.length > 0) return;
    const waiting = idlers;
    idlers = [];
    for (const wake of waiting) wake();
  }

  return {
    remember(transitions) {
      for (const t of transitions) keep(recent, `${t.incident_uid}/${t.n}`, t, MAX_RECENT);
    },
    async pump() {
      if (stopped) return;
      await save();
      for (const lane of outbox.lanes()) {
        if (running.has(lane)) continue;
        const work = drain(lane).finally(() => {
          running.delete(lane);
          wakeIdlers();
        });
        running.set(lane, work);
      }
      await Promise.all(running.values());
    },
    async stop(graceMs) {
      stopped = true;
      const grace = setTimeout(() => halt.abort(), graceMs);
      await Promise.allSettled(running.values());
      clearTimeout(grace);
      saveAfter = 0;
      await save();
    },
    idle() {
      return new Promise((resolve) => {
        idlers.push(resolve);
        wakeIdlers();
      });
    },
  };
}

/** messageId is the idempotency key: it depends on who hears what, and not on the attempt. */
export const messageId = (e: { receiver: string; channel: string; incident_uid: string; n: number }): string =>
  `msg_${uuid5("message", e.receiver, e.channel, e.incident_uid, e.n)}`;

/** keep puts a value into a bounded map; the oldest leaves. */
function keep<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) map.delete(map.keys().next().value!);
}

const receiptKey = (e: Entry): string => `${e.incident_uid}\n${e.receiver}\n${e.channel}`;
