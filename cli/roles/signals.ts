import { storeFindings } from "../../detect/finding_rows.ts";
import { createFleet } from "../../detect/fleet/fleet.ts";
import type { InventoryIndex } from "../../detect/inventory_index.ts";
import { claimLedger } from "../../detect/ledger.ts";
import { type Assignment, joinGroup } from "../../ingest/kafka/consume.ts";
import { lastSeqOf } from "../../ingest/kafka/event_message.ts";
import type { Sender } from "../../ingest/kafka/produce.ts";
import { DAY_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { newestEvents } from "../../schemas/queries/posture.ts";
import { type Signal, signal } from "../../schemas/signal.ts";
import { createPosture } from "../posture.ts";
import { type Hub, patiently, type Role } from "./hub.ts";
import { openPlace, tellGap } from "./place.ts";
import { findingMessages } from "./publish.ts";

/** emitSignals sends signals to the one partition that all of them share; the same signal twice is harmless to its readers. */
export const emitSignals = (hub: Hub, sender: Sender, signals: readonly Signal[]): Promise<void> =>
  sender.send(
    signals.map((s) => ({ topic: hub.topics.signals, partition: 0, key: s.subject_uid, value: JSON.stringify(s) })),
  );

/** Row of the fleet's state beside the log's checkpoint. */
const FLEET = "~fleet";

/**
 * startFleet judges what many keys share. Order of writing: findings, `keywatch.findings`, the state with its checkpoint, the group's
 * offset; all before the checkpoint can be done again with the same ids.
 */
export const startFleet = (hub: Hub, sender: Sender): Promise<Role> =>
  startSignals(hub, (assignment) => openFleet(hub, sender, assignment));

/** openFleet takes the fleet over, at its checkpoint. */
export async function openFleet(hub: Hub, sender: Sender, assignment: Assignment): Promise<Watch> {
  const { store, topics, config, now, counters, metrics } = hub;
  const { held } = assignment;
  const ledger = await claimLedger(
    store,
    { log: topics.signals, assignment: assignment.number, owner: hub.owner },
    now,
  );
  const fleet = createFleet(config.detect.detections);
  const [row] = await ledger.profiles([FLEET]);
  if (row) fleet.load(row.state);
  const { from, ahead } = await openPlace(hub, assignment, ledger);
  return {
    idle: postureOf(hub),
    from,
    stillMine: () => ledger.stillMine(),
    async take(signals, upto) {
      // Once: what the fleet has told, it does not tell again. Only the writes are repeated.
      const found = fleet.take(signals);
      await patiently(held, () => storeFindings(store, found));
      await patiently(held, () => sender.send(findingMessages(hub, found)));
      counters.findings += found.length;
      metrics.findings(found);
      if (!(await patiently(held, () => ledger.stillMine()))) throw new Error("another process took the signals over");
      await patiently(held, () => ledger.save([{ subject_uid: FLEET, state: fleet.text() }], lastSeqOf(upto + ahead)));
    },
  };
}

const POSTURE_MS = MINUTE_MS;
/** Days after which a log that is still has not come any further. */
const STILL_DAYS = 7;

/** postureOf asks about every minute whether a new day is to be judged: whoever reads the signals does it for all partitions. */
function postureOf(hub: Hub): () => Promise<void> {
  const { store, config, now, latenessOf, counters, metrics } = hub;
  let inventory: InventoryIndex | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  const posture = createPosture({
    store,
    config,
    inventory: () => inventory!,
    async watermarks() {
      const rows = await store.ask(newestEvents, { since: now() - STILL_DAYS * DAY_MS });
      return new Map(rows.map((r) => [r.provider, Math.min(r.newest_ms, now()) - latenessOf(r.provider)]));
    },
  });
  return async () => {
    if (now() - askedAt < POSTURE_MS) return;
    askedAt = now();
    inventory = await hub.inventory();
    const found = await posture.daily();
    counters.findings += found.length;
    metrics.findings(found);
  };
}

/** Watch is what one process makes of the signals while they are its own. */
export interface Watch {
  /** Where to begin. */
  from: number;
  /** Called once for each signal; when it rejects, another watch is opened from what was saved. */
  take(signals: readonly Signal[], upto: number): Promise<void>;
  /** Nothing waits; called about every second. */
  idle(): Promise<void>;
  stillMine(): Promise<boolean>;
}

/** startSignals hands every signal, in order, to one process of the installation; the others stand by. */
export async function startSignals(hub: Hub, open: (assignment: Assignment) => Promise<Watch>): Promise<Role> {
  const { kafka, brokers, topics, log } = hub;
  const group = await joinGroup({
    kafka,
    group: `${brokers.client_id}.signals`,
    topics: [topics.signals],
    sessionTimeout: brokers.session_timeout,
    stopping: hub.stopping,
    oneOwner: true,
    async open(assignment) {
      const watch = await open(assignment);
      return {
        from: watch.from,
        async take(messages) {
          const signals = messages.flatMap((m) => {
            const parsed = signal.safeParse(parse(m.value));
            return parsed.success ? [parsed.data] : [];
          });
          const upto = messages.at(-1)!.offset;
          await watch.take(signals, upto);
          await assignment.commit(upto + 1);
        },
        idle: () => watch.idle(),
        stillMine: () => watch.stillMine(),
        end: async () => undefined,
      };
    },
    onGap: (gap, where) => tellGap(log, gap, where),
    onTrouble: (error, where) => log.warn({ ...where, error: String(error) }, "Reading signals broke off."),
  });
  return { lanes: group.lanes, stop: group.close };
}

function parse(value: Buffer | null): unknown {
  try {
    return JSON.parse(value?.toString("utf8") ?? "");
  } catch {
    return null;
  }
}
