import type { Engine } from "../../detect/engine.ts";
import type { InventoryIndex } from "../../detect/inventory_index.ts";
import { joinGroup } from "../../ingest/kafka/consume.ts";
import { openSender } from "../../ingest/kafka/produce.ts";
import type { Judging } from "../../schemas/metrics.ts";
import { inventoryMark } from "../../schemas/queries/inventory.ts";
import { startLetters } from "./dead_letters.ts";
import { openPartition } from "./detect_partition.ts";
import { type Hub, patiently, type Role } from "./hub.ts";
import { startFleet } from "./signals.ts";

const INVENTORY_MS = 2_000;

/** startDetect judges the partitions of `keywatch.events` that the group gives to this process, each with an engine of its own. */
export async function startDetect(hub: Hub): Promise<Role> {
  const { kafka, brokers, topics, log, store } = hub;
  const sender = await patiently(
    () => true,
    () => openSender(kafka, brokers),
  );
  const engines = new Map<Engine, () => number>();
  let inventory: InventoryIndex = await hub.inventory();
  let mark = "";

  /** Declarations are imported by any process; the store tells. */
  async function lookForInventory(): Promise<void> {
    const [row] = await store.ask(inventoryMark, {});
    if (row === undefined || row.mark === mark) return;
    inventory = await hub.inventory();
    mark = row.mark;
    for (const engine of engines.keys()) engine.setInventory(inventory);
  }

  await patiently(() => true, lookForInventory);
  const group = await joinGroup({
    kafka,
    group: `${brokers.client_id}.detect`,
    topics: [topics.events],
    sessionTimeout: brokers.session_timeout,
    open: (assignment) => openPartition({ hub, assignment, sender, engines, inventory: () => inventory }),
    onTrouble: (error, where) =>
      log.warn({ ...where, error: String(error) }, "Judging a partition broke off; it goes on from its checkpoint."),
  });
  const letters = await startLetters(hub);
  const fleet = await startFleet(hub, sender);
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(lookForInventory).catch((error: unknown) => {
      log.debug({ error: String(error) }, "The inventory could not be looked up.");
    });
  }, INVENTORY_MS);
  return {
    lanes: () => [...group.lanes(), ...letters.lanes(), ...fleet.lanes()],
    judging: () => (engines.size === 0 ? null : judgingOf(engines)),
    async stop() {
      clearInterval(timer);
      await looking;
      await Promise.all([group.close(), letters.stop()]);
      await fleet.stop();
      await sender.close();
    },
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
