import { setTimeout as sleep } from "node:timers/promises";
import { ClickHouseError } from "@clickhouse/client";
import { formatDuration } from "../duration.ts";
import { StoreDown } from "./store.ts";

/** Patience repeats work on a server that is away or overloaded. All that the store does can be done again: rows meet by key. */
export interface Patience {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** From now on nothing is waited for. */
  end(): void;
}

export interface PatienceOptions {
  /** How long a server may be away before the work fails, ms; counted from the first failure. */
  forMs: number;
  /** Who is asked, for people: `ClickHouse at http://…`. */
  who: string;
  /** Hears once when waiting begins and once when it was worth it. */
  tell(sentence: string): void;
}

/** What a server says when the same statement may succeed later; https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp */
const LATER = new Map([
  ["159", "TIMEOUT_EXCEEDED"],
  ["202", "TOO_MANY_SIMULTANEOUS_QUERIES"],
  ["203", "NO_FREE_CONNECTION"],
  ["209", "SOCKET_TIMEOUT"],
  ["210", "NETWORK_ERROR"],
  ["225", "NO_ZOOKEEPER"],
  ["236", "ABORTED"],
  ["241", "MEMORY_LIMIT_EXCEEDED"],
  ["242", "TABLE_IS_READ_ONLY"],
  ["252", "TOO_MANY_PARTS"],
  ["279", "ALL_CONNECTION_TRIES_FAILED"],
  ["285", "TOO_FEW_LIVE_REPLICAS"],
  ["286", "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE"],
  ["289", "REPLICA_IS_NOT_IN_QUORUM"],
  ["319", "UNKNOWN_STATUS_OF_INSERT"],
  ["425", "SYSTEM_ERROR"],
  ["517", "CANNOT_ASSIGN_ALTER"],
  ["999", "KEEPER_EXCEPTION"],
]);

const FIRST_MS = 100;
const LONGEST_MS = 5_000;

export function createPatience(options: PatienceOptions): Patience {
  const ended = new AbortController();
  /** True after a wait that was in vain: the next ones try once, until something succeeds. */
  let lost = false;
  let waiting = false;

  async function run<T>(work: () => Promise<T>): Promise<T> {
    let since: number | null = null;
    for (let delay = FIRST_MS; ; delay = Math.min(2 * delay, LONGEST_MS)) {
      try {
        const result = await work();
        if (waiting && since !== null) options.tell(`${options.who} answers again.`);
        lost = false;
        waiting = false;
        return result;
      } catch (cause) {
        if (!mayPass(cause)) throw cause;
        since ??= performance.now();
        const left = options.forMs - (performance.now() - since);
        if (lost || ended.signal.aborted || left <= 0) {
          lost = true;
          throw gaveUp(options, performance.now() - since, cause);
        }
        if (!waiting) options.tell(`${options.who} does not answer, it is waited for: ${reasonOf(cause)}`);
        waiting = true;
        await sleep(Math.min(delay, left), undefined, { signal: ended.signal }).catch(() => undefined);
      }
    }
  }

  return { run, end: () => ended.abort() };
}

/** mayPass: what is no answer of ClickHouse came from the way to it. */
const mayPass = (error: unknown): boolean =>
  error instanceof ClickHouseError
    ? LATER.has(error.code)
    : !(error instanceof StoreDown || error instanceof TypeError);

const gaveUp = ({ who }: PatienceOptions, afterMs: number, cause: unknown): StoreDown =>
  new StoreDown(
    `${who} did not answer${afterMs > 1000 ? ` for ${formatDuration(afterMs)}` : ""}: ${reasonOf(cause)}. What was acknowledged is stored. When it is back, start or send again: nothing is counted twice.`,
    { cause },
  );

/** reasonOf gives the first line of an error; a refused connection to a name with several addresses has only a code. */
export function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return (message || code || String(error)).split("\n")[0]!.slice(0, 300);
}
