import type { App } from "./app.ts";

const ANSWER_MS = 2_000;

/** createReadiness tells why this process cannot do its work now: for load balancers, which must not send to one that cannot store. */
export function createReadiness(app: App) {
  let stopping = false;
  return {
    stop() {
      stopping = true;
    },
    async faults(): Promise<string[]> {
      if (stopping) return ["It is stopping."];
      const faults: string[] = [];
      if (!(await answers(app))) faults.push("The store does not answer.");
      return faults;
    },
  };
}

async function answers(app: App): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ANSWER_MS);
  });
  const asked = app.store.rows("SELECT 1 AS one").then(
    ([row]) => row?.one === 1,
    () => false,
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
