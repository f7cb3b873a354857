import { createDetector } from "../../detect/detector.ts";
import type { Engine } from "../../detect/engine.ts";
import type { InventoryIndex } from "../../detect/inventory_index.ts";
import { claimLedger, type Ledger } from "../../detect/ledger.ts";
import { deadLetterOf, storeDeadLetters } from "../../ingest/dead_letter.ts";
import type { Assignment, Message, Work } from "../../ingest/kafka/consume.ts";
import { checkEvent, decodeEvents, lastSeqOf, nextOffset } from "../../ingest/kafka/event_message.ts";
import { createLogWriter } from "../../ingest/kafka/log_writer.ts";
import { partitionOf } from "../../ingest/kafka/partition.ts";
import type { Sender } from "../../ingest/kafka/produce.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import type { Finding } from "../../schemas/finding.ts";
import { findingsByUid } from "../../schemas/queries/detect.ts";
import type { Signal } from "../../schemas/signal.ts";
import type { Store } from "../../schemas/store/store.ts";
import { detectionEngine, faultTeller } from "../parts.ts";
import { type Hub, patiently } from "./hub.ts";
import { createPaces } from "./pace.ts";
import { openPlace } from "./place.ts";
import { findingMessages, isPast, KIND, type Revoked } from "./publish.ts";
import { emitSignals } from "./signals.ts";

export interface PartitionParts {
  hub: Hub;
  assignment: Assignment;
  sender: Sender;
  /** Engines at work, each with how many of its events no checkpoint covers. */
  engines: Map<Engine, () => number>;
  inventory(): InventoryIndex;
}

/** Events that are stored and judged at once. */
const CHUNK_EVENTS = 8_000;
/** Row beside the profiles: findings of old events that were not handed on yet. */
const HISTORY = "~history";
/** How often time moves beside events, ms. */
const MOVE_MS = 1_000;

/**
 * openPartition takes one partition of `keywatch.events` over, at its checkpoint. Order of writing: events, findings, `keywatch.findings`,
 * profiles, checkpoint, the group's offset. All before the checkpoint can be done again with the same ids, and by a late owner too.
 */
export async function openPartition({ hub, assignment, sender, engines, inventory }: PartitionParts): Promise<Work> {
  const { store, topics, config, now, log, partitions } = hub;
  const { partition, held } = assignment;
  const claim = { log: `${topics.events}/${partition}`, assignment: assignment.number, owner: hub.owner };
  const ledger = await claimLedger(store, claim, now);
  const { from, ahead } = await openPlace(hub, assignment, ledger);
  /** What other partitions may share with this one; sent before any checkpoint that passes it. */
  let signals: Signal[] = [];
  const engine = detectionEngine(config, hub.parts, inventory(), faultTeller(log), {
    name: `${topics.events}/${partition}`,
    onSignals: (told) => void signals.push(...told),
  });
  const history = await readHistory(store, ledger);
  let historyChanged = false;
  const detector = await createDetector({
    store,
    engine,
    now,
    latenessOf: hub.latenessOf,
    ledger,
    owns: (principal) => partitionOf(principal, partitions) === partition,
    onFindings: handOn,
  });
  const writer = await createLogWriter(store);
  const paces = createPaces({
    ...{ now, settle: hub.brokers.settle, latenessOf: hub.latenessOf, maxAge: config.alert.max_age },
  });
  for (const provider of engine.providers())
    paces.expect(provider, now() - engine.watermark(provider) - hub.latenessOf(provider));
  let movedAt = now();
  let judged = ledger.detectedTo();
  let savedAt = now();
  let aboveCheckpoint = 0;
  engines.set(engine, () => aboveCheckpoint);

  /**
   * Findings of old events page nobody, and which of them opens an incident must not depend on how the input was cut: they wait until
   * the past has settled, and the alerter puts those of all partitions in the order of their events.
   */
  async function handOn(findings: Finding[]): Promise<void> {
    const fresh = findings.filter((f) => !isPast(hub, f));
    await send(fresh);
    hub.counters.findings += findings.length;
    hub.metrics.findings(findings);
    for (const f of fresh) historyChanged = history.delete(f.uid) || historyChanged;
    for (const f of findings) {
      if (fresh.includes(f)) continue;
      history.set(f.uid, f);
      historyChanged = true;
    }
  }

  async function tellSignals(): Promise<void> {
    const told = [...signals];
    if (told.length === 0) return;
    await emitSignals(hub, sender, told);
    // Others may have come meanwhile.
    signals = signals.slice(told.length);
  }

  const send = (findings: readonly Finding[]): Promise<void> => sender.send(findingMessages(hub, findings));

  async function report(): Promise<void> {
    if (history.size === 0) return;
    await send([...history.values()]);
    history.clear();
    historyChanged = true;
  }

  /** move lets time go on for providers that say nothing. */
  async function move(): Promise<void> {
    await detector.tick(paces.of);
    await patiently(held, tellSignals);
    paces.ended();
    if (paces.pastIsRead()) await report();
    movedAt = now();
  }

  async function judge(events: readonly ApiActivity[], revoked: readonly Revoked[]): Promise<void> {
    const { events: fresh, duplicates } = await patiently(held, () => writer.write(events));
    await patiently(held, () => detector.load(fresh));
    hub.counters.stored += fresh.length;
    aboveCheckpoint += fresh.length;
    hub.counters.duplicates += duplicates;
    for (const change of revoked) engine.revoke(change);
    // Profiles are ahead now, whatever comes: findings that were refused go out with the next ones, before any checkpoint.
    const begun = performance.now();
    await detector.accept(fresh).catch((error: unknown) => {
      log.warn({ partition, error: String(error) }, "Findings were refused; they go out with the next ones.");
    });
    await patiently(held, tellSignals);
    hub.metrics.judged({ events: fresh.length, seconds: (performance.now() - begun) / 1000 });
  }

  async function take(messages: readonly Message[]): Promise<void> {
    let events: ApiActivity[] = [];
    let revoked: Revoked[] = [];
    for (const [i, message] of messages.entries()) {
      try {
        if (message.headers[KIND] === "revoked") revoked.push(revokedOf(message));
        else
          for (const event of decodeEvents(message.value ?? Buffer.alloc(0), message.offset + ahead))
            events.push(event);
      } catch (error) {
        await bury(message, String((error as Error).message));
      }
      if (events.length < CHUNK_EVENTS && i < messages.length - 1) continue;
      if (!held()) return;
      await judgeWhatCan(events, revoked);
      paces.read(events, message.timestamp);
      judged = lastSeqOf(message.offset + ahead);
      events = [];
      revoked = [];
      if (now() - movedAt >= MOVE_MS) await move();
      if (now() - savedAt >= hub.brokers.checkpoint_interval) await save();
    }
  }

  /** A field of another type than ours, by another writer, must not stop the partition. */
  async function judgeWhatCan(events: readonly ApiActivity[], revoked: readonly Revoked[]): Promise<void> {
    try {
      await judge(events, revoked);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await judge(events.filter(isEvent), revoked);
    }
  }

  async function bury(message: Message, reason: string): Promise<void> {
    const bytes = message.value ?? Buffer.alloc(0);
    const letter = deadLetterOf({
      bytes,
      redacted: hub.parts.redactor.text(bytes.toString("utf8")).text,
      provider: "unknown",
      reason: `not a message of ${topics.events}: ${reason}`,
      position: `kafka:${topics.events}/${partition}@${message.offset}`,
      occurrence: 0,
      now: now(),
    });
    hub.counters.deadLetters++;
    await patiently(held, () => storeDeadLetters(store, [letter]));
  }

  async function save(): Promise<void> {
    if (!(await patiently(held, () => ledger.stillMine()))) throw new Error("another process took the partition over");
    await patiently(held, tellSignals);
    const more = historyChanged ? [{ subject_uid: HISTORY, state: JSON.stringify([...history.keys()]) }] : [];
    await patiently(held, () => detector.save(judged, more));
    historyChanged = false;
    aboveCheckpoint = 0;
    savedAt = now();
    if (judged > 0) await assignment.commit(nextOffset(judged) - ahead);
  }

  return {
    from,
    take,
    async idle(silentMs) {
      paces.idle(silentMs);
      await move();
      if (now() - savedAt >= hub.brokers.checkpoint_interval) await save();
    },
    stillMine: () => ledger.stillMine(),
    async end(drain) {
      engines.delete(engine);
      if (drain) await save();
    },
  };
}

async function readHistory(store: Store, ledger: Ledger): Promise<Map<string, Finding>> {
  const [row] = await ledger.profiles([HISTORY]);
  const uids = row ? (JSON.parse(row.state) as string[]) : [];
  const history = new Map<string, Finding>();
  for (let i = 0; i < uids.length; i += 1_000) {
    for (const { document } of await store.ask(findingsByUid, { uids: uids.slice(i, i + 1_000) })) {
      const finding = JSON.parse(document) as Finding;
      history.set(finding.uid, finding);
    }
  }
  return history;
}

function revokedOf(message: Message): Revoked {
  const { keys, time, enabled = false } = JSON.parse(message.value?.toString("utf8") ?? "") as Partial<Revoked>;
  if (!Array.isArray(keys) || keys.some((k) => typeof k !== "string") || time === undefined || !Number.isInteger(time))
    throw new Error("no revocation");
  return { keys, time, enabled: enabled === true };
}

function isEvent(event: ApiActivity): boolean {
  try {
    checkEvent(event);
    return true;
  } catch {
    return false;
  }
}
