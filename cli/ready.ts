import type { App } from "./app.ts";

const STORE_MS = 2_000;
/** Longer: each broker is tried before none answers. */
const BROKERS_MS = 3_000;

interface ReadinessParts {
  /** What has to be done before anything is taken, a sentence; null when it is done. */
  doing?: () => string | null;
  /** Given where it hands on over Kafka. */
  brokersAnswer?: () => Promise<boolean>;
}

/** createReadiness tells why this process cannot do its work now: for load balancers, which must not send to one that cannot store. */
export function createReadiness(app: App, { doing = () => null, brokersAnswer = async () => true }: ReadinessParts) {
  let stopping = false;
  return {
    stop() {
      stopping = true;
    },
    async faults(): Promise<string[]> {
      if (stopping) return ["It is stopping."];
      const [store, brokers] = await Promise.all([
        within(STORE_MS, () => storeAnswers(app)),
        within(BROKERS_MS, brokersAnswer),
      ]);
      const now = doing();
      return [
        ...(now === null ? [] : [now]),
        ...(store ? [] : ["The store does not answer."]),
        ...(brokers ? [] : ["The Kafka brokers do not answer."]),
      ];
    },
  };
}

async function storeAnswers({ store }: App): Promise<boolean> {
  const [row] = await store.rows("SELECT 1 AS one");
  return row?.one === 1;
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
