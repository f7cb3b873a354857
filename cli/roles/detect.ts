import type { Engine } from "../../detect/engine.ts";
import type { InventoryIndex } from "../../detect/inventory_index.ts";
import { type Group, joinGroup } from "../../ingest/kafka/consume.ts";
import { openSender } from "../../ingest/kafka/produce.ts";
import type { Judging } from "../../schemas/metrics.ts";
import { inventoryMark } from "../../schemas/queries/inventory.ts";
import { startLetters } from "./dead_letters.ts";
import { openPartition } from "./detect_partition.ts";
import { type Hub, type Role, soon } from "./hub.ts";
import { tellGap } from "./place.ts";
import { startFleet } from "./signals.ts";

const INVENTORY_MS = 2_000;

/** startDetect judges the partitions of `keywatch.events` that the group gives to this process, each with an engine of its own. */
export async function startDetect(hub: Hub): Promise<Role> {
  const { kafka, brokers, topics, log, store } = hub;
  const sender = await soon(
    hub,
    () => openSender(kafka, brokers),
    (late) => late.close(),
  );
  const engines = new Map<Engine, () => number>();
  let inventory: InventoryIndex;
  let mark = "";

  /** Declarations are imported by any process; the store tells. */
  async function lookForInventory(): Promise<void> {
    const [row] = await store.ask(inventoryMark, {});
    if (row === undefined || row.mark === mark) return;
    inventory = await hub.inventory();
    mark = row.mark;
    for (const engine of engines.keys()) engine.setInventory(inventory);
  }

  let group: Group | null = null;
  let letters: Role | null = null;
  let fleet: Role | null = null;
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  async function stop(): Promise<void> {
    clearInterval(timer);
    await looking;
    await Promise.all([group?.close(), letters?.stop()]);
    await fleet?.stop();
    await sender.close();
  }

  try {
    inventory = await hub.inventory();
    await soon(hub, lookForInventory);
    group = await joinGroup({
      kafka,
      group: `${brokers.client_id}.detect`,
      topics: [topics.events],
      sessionTimeout: brokers.session_timeout,
      stopping: hub.stopping,
      open: (assignment) => openPartition({ hub, assignment, sender, engines, inventory: () => inventory }),
      onGap: (gap, where) => tellGap(log, gap, where),
      onTrouble: (error, where) =>
        log.warn({ ...where, error: String(error) }, "Judging a partition broke off; it goes on from its checkpoint."),
    });
    letters = await startLetters(hub);
    fleet = await startFleet(hub, sender);
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  timer = setInterval(() => {
    looking = looking.then(lookForInventory).catch((error: unknown) => {
      log.debug({ error: String(error) }, "The inventory could not be looked up.");
    });
  }, INVENTORY_MS);
  const parts: Pick<Role, "lanes">[] = [group, letters, fleet];
  return {
    lanes: () => parts.flatMap((part) => part.lanes()),
    judging: () => (engines.size === 0 ? null : judgingOf(engines)),
    stop,
  };
}

function judgingOf(engines: ReadonlyMap<Engine, () => number>): Judging {
  const sum = (of: (engine: Engine, above: () => number) => number): number =>
    [...engines].reduce((n, [engine, above]) => n + of(engine, above), 0);
  return {
    aboveCheckpoint: sum((_, above) => above()),
    deferred: sum((engine) => engine.deferred()),
    profiles: sum((engine) => engine.tracked()),
  };
}
