import { statfs } from "node:fs/promises";
import { iso } from "../schemas/duration.ts";
import type { App } from "./app.ts";

const STORE_MS = 2_000;
/** Bytes that the embedded engine needs to merge and to take the next blocks. */
const LEAST_FREE = 100e6;
/** Longer: each broker is tried before none answers. */
const BROKERS_MS = 3_000;

interface ReadinessParts {
  /** What has to be done before anything is taken, a sentence; null when it is done. */
  doing?: () => string | null;
  /** Given where it hands on over Kafka. */
  brokersAnswer?: () => Promise<boolean>;
}

/** createReadiness tells why this process cannot do its work now: for load balancers, which must not send to one that cannot store. */
export function createReadiness(
  app: App,
  { doing = () => null, brokersAnswer = async () => true }: ReadinessParts = {},
) {
  let stopping = false;
  return {
    stop() {
      stopping = true;
    },
    async faults(): Promise<string[]> {
      if (stopping) return ["It is stopping."];
      const [store, disk, room, brokers] = await Promise.all([
        within(STORE_MS, () => storeAnswers(app)),
        within(STORE_MS, () => diskHasRoom(app)),
        within(STORE_MS, () => storeHasRoom(app)),
        within(BROKERS_MS, brokersAnswer),
      ]);
      const now = doing();
      return [
        ...(now === null ? [] : [now]),
        ...(store ? [] : ["The store does not answer."]),
        ...(disk ? [] : ["The disk of the store is nearly full."]),
        ...(room ? [] : ["The store has no room for what is written."]),
        ...(brokers ? [] : ["The Kafka brokers do not answer."]),
      ];
    },
  };
}

async function storeAnswers({ store }: App): Promise<boolean> {
  const [row] = await store.rows("SELECT 1 AS one");
  return row?.one === 1;
}

async function diskHasRoom({ store, config }: App): Promise<boolean> {
  if (store.kind === "server") return true;
  const { bavail, bsize } = await statfs(config.store.path);
  return bavail * bsize >= LEAST_FREE;
}

/** After a write that failed for want of room, one is tried: nobody sends to a process that is not ready. */
async function storeHasRoom({ store, now }: App): Promise<boolean> {
  if (!store.hasRoom()) await store.insert("meta", [{ name: "ready_probe", value: "", updated_at: iso(now()) }]);
  return true;
}

async function within(ms: number, ask: () => Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([ask().catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
