import { iso } from "../schemas/duration.ts";
import type { Metrics } from "../schemas/metrics.ts";
import type { Store } from "../schemas/store/store.ts";
import type { Budget } from "./budget.ts";
import { type Channel, fail, retry, type SendResult } from "./channel.ts";
import { isDigest } from "./group.ts";
import type { Letters } from "./letters.ts";
import type { Entry, Outbox, Parcel } from "./outbox.ts";
import { nextAttempt, retryDelay } from "./retry.ts";
import type { Sift } from "./sift.ts";
import { kindOf, laneKey } from "./targets.ts";
import type { Message } from "./template.ts";

/** No send may take longer, whatever the channel does. */
const SEND_CEILING_MS = 60_000;
/** After a failure the whole lane rests, so that a channel that is down is not hammered with every message it has. */
const MAX_LANE_REST_MS = 30_000;
const STORE_REST_MS = 2_000;

export type AlertLog = (level: "warn" | "error", sentence: string, facts: Record<string, unknown>) => void;

export interface DispatcherParts {
  store: Store;
  outbox: Outbox;
  /** By laneKey. */
  channels: ReadonlyMap<string, Channel>;
  sift: Sift;
  letters: Letters;
  budget: Budget;
  /** A channel was told of an incident, or could not be. */
  onTold(incidentUid: string, lane: string, at: number, inDigest: boolean): void;
  now(): number;
  random(): number;
  log: AlertLog;
  metrics: Pick<Metrics, "delivery">;
}

/** Dispatcher is the one loop that sends and retries: one message at a time per channel, channels side by side. */
export interface Dispatcher {
  /** Sends all that is due, and comes back when nothing more is due now. */
  pump(): Promise<void>;
  /** Lets sends under way end, for `graceMs` at most, and begins none. */
  stop(graceMs: number): Promise<void>;
  idle(): Promise<void>;
}

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { store, outbox, channels, letters, now, log } = parts;
  const running = new Map<string, Promise<void>>();
  const restUntil = new Map<string, number>();
  const unsaved: object[] = [];
  const halt = new AbortController();
  let idlers: (() => void)[] = [];
  let stopped = false;
  let saveAfter = 0;

  async function drain(lane: string): Promise<void> {
    for (;;) {
      if (stopped || (restUntil.get(lane) ?? 0) > now()) return;
      const due = outbox.due(lane, now());
      if (due.length === 0) return;
      const ready = await sifted(lane, due);
      let sent = 0;
      for (const parcel of ready) {
        if (stopped || (restUntil.get(lane) ?? 0) > now() || !(await save())) return;
        // A transition that it takes in is being written: it leaves with that.
        if (parcel.some((e) => e.holds > 0 || e.sending)) continue;
        await attempt(lane, parcel);
        sent++;
      }
      if (sent === 0) return;
    }
  }

  async function sifted(lane: string, due: readonly Parcel[]): Promise<Parcel[]> {
    const at = now();
    try {
      const { ready, withheld } = await parts.sift(lane, due, at);
      for (const entry of withheld) {
        outbox.remove(entry);
        const end = { status: "withheld", reason: "", error: "Over before it could be told.", receipt: "" };
        unsaved.push(deliveryRow(entry, { at, endedAt: at, message_id: "", outcome: "withheld", ...end }));
      }
      return ready;
    } catch (cause) {
      restUntil.set(lane, at + STORE_REST_MS);
      log("warn", "What holds messages back could not be stored; sending rests until it can.", {
        error: String(cause),
      });
      return [];
    }
  }

  async function attempt(lane: string, parcel: Parcel): Promise<void> {
    const [first] = parcel;
    for (const entry of parcel) entry.sending = true;
    try {
      const at = now();
      let message: Message;
      try {
        message = await letters.messageOf(parcel);
      } catch (cause) {
        restUntil.set(lane, at + STORE_REST_MS);
        log("warn", "A message could not be read from the store; it is tried again.", { lane, error: String(cause) });
        return;
      }
      for (const entry of parcel) {
        if (entry.attempts === 0) entry.first_at = at;
        entry.attempts++;
      }
      const result = await send(first, message);
      settle(lane, parcel, message, result, at);
      await save();
    } finally {
      for (const entry of parcel) entry.sending = false;
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
  function settle(lane: string, parcel: Parcel, message: Message, result: SendResult, startedAt: number): void {
    const at = now();
    const [first] = parcel;
    const end = { status: "delivered", reason: "", error: "", receipt: "" };
    if (result.kind === "ok") {
      end.receipt = isDigest(first.bundle) ? "" : result.receipt;
      letters.answered(parcel, message, result.receipt);
      if (first.counted) parts.budget.spend(lane, at);
    } else {
      end.status = "failed";
      end.reason = result.reason;
      end.error = result.detail;
    }
    if (result.kind === "retry") {
      const delay = retryDelay(first.attempts, parts.random(), result.afterMs);
      const next = nextAttempt(at, first.first_at, delay);
      restUntil.set(lane, at + (result.afterMs === null ? Math.min(delay, MAX_LANE_REST_MS) : delay));
      if (next !== null) {
        end.status = "pending";
        for (const entry of parcel) entry.next_at = next;
      } else end.error = `Given up after a day: ${result.detail}`;
    }
    if (end.status !== "pending") {
      for (const entry of parcel) {
        outbox.remove(entry);
        parts.onTold(entry.incident_uid, lane, at, isDigest(first.bundle));
      }
    }
    const { receiver, channel } = first;
    if (end.status === "failed") {
      const facts = { incident: message.label, receiver, channel, reason: end.reason };
      log("error", `A message was not delivered. ${end.error}`, facts);
    }
    const seconds = Math.max(0, at - startedAt) / 1000;
    parts.metrics.delivery({ channel: kindOf(channel), outcome: end.status, reason: end.reason, seconds });
    const ended = { at: startedAt, endedAt: at, message_id: message.id, outcome: result.kind, ...end };
    for (const entry of parcel) unsaved.push(deliveryRow(entry, ended));
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

  function wakeIdlers(): void {
    if (outbox.oldestDue() !== null || unsaved.length > 0) return;
    const waiting = idlers;
    idlers = [];
    for (const wake of waiting) wake();
  }

  return {
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

interface Ended {
  /** When the attempt began, ms. */
  at: number;
  endedAt: number;
  message_id: string;
  outcome: string;
  status: string;
  reason: string;
  error: string;
  receipt: string;
}

/** deliveryRow is one attempt as the delivery log keeps it. */
function deliveryRow(entry: Entry, { at, endedAt, ...ended }: Ended): object {
  const { incident_uid, receiver, channel, n, last_n, attempts: attempt, bundle, counted } = entry;
  return {
    ...{ incident_uid, receiver, channel, n, last_n, attempt: Math.max(1, attempt), bundle, counted: Number(counted) },
    ...ended,
    at: iso(at),
    duration_ms: Math.max(0, endedAt - at),
    first_at: iso(entry.first_at),
    next_at: iso(entry.next_at),
  };
}
