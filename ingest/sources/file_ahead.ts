import { Worker } from "node:worker_threads";
import type { SliceBatch } from "./batch.ts";
import { readFileRecords } from "./file.ts";

/** Asked is what the reading thread is asked: to read a file, to go on by one batch, or to stop. */
export type Asked = { id: number; path: string } | { id: number; path?: never; stop: boolean };
/** Told is what it answers: a batch, the end, or why the file cannot be read on. The bytes are given away, not copied. */
export interface Told {
  id: number;
  batch?: Omit<SliceBatch, "data"> & { data: Uint8Array<ArrayBuffer> };
  fault?: string;
  /** Not told by the thread: why it is no more. */
  died?: string;
}

/** Ahead is a file that is being read already; who does not take its records has to stop it. */
export interface Ahead {
  records(): AsyncGenerator<SliceBatch>;
  stop(): void;
}

interface Thread {
  begin(path: string): Ahead;
}

let thread: Thread | null = null;

/**
 * readAhead begins to read a file in a thread of its own, some megabytes ahead of whoever takes the records: to unpack a file and to find its
 * records takes a tenth of the time of a core. The records are those of readFileRecords, and so are the errors.
 */
export function readAhead(path: string): Ahead {
  try {
    thread ??= startThread();
  } catch {
    // Where no thread can be had, reading is slower, and that is all.
    return { records: () => readFileRecords(path), stop: () => undefined };
  }
  return thread.begin(path);
}

interface Job {
  path: string;
  told: Told[];
  wake(): void;
}

function startThread(): Thread {
  // The sources run as they are in a checkout, and compiled elsewhere.
  const name = `./file_thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`;
  const worker = new Worker(new URL(name, import.meta.url), { execArgv: [] });
  const jobs = new Map<number, Job>();
  let ids = 0;
  const hear = (told: Told): void => {
    const job = jobs.get(told.id);
    job?.told.push(told);
    job?.wake();
  };
  const dies = (reason: string): void => {
    if (thread === mine) thread = null;
    for (const id of jobs.keys()) hear({ id, died: reason });
  };
  worker.on("message", hear);
  worker.on("error", (error) => dies(error.message));
  worker.on("exit", (code) => dies(`code ${code}`));
  worker.unref();

  const ask = (asked: Asked): void => worker.postMessage(asked);
  const drop = (id: number): void => {
    jobs.delete(id);
    // A process that waits for nothing else may end.
    if (jobs.size === 0) worker.unref();
  };

  async function* records(id: number, job: Job): AsyncGenerator<SliceBatch> {
    let begun = false;
    let ended = false;
    try {
      for (;;) {
        while (job.told.length === 0) await new Promise<void>((resolve) => (job.wake = resolve));
        const { batch, fault, died } = job.told.shift()!;
        ended = batch === undefined;
        if (died !== undefined && !begun) break;
        if (died !== undefined || fault !== undefined) throw new Error(fault ?? `the reading thread ended: ${died}`);
        if (batch === undefined) return;
        begun = true;
        ask({ id, stop: false });
        yield { ...batch, data: Buffer.from(batch.data.buffer) };
      }
    } finally {
      if (!ended) ask({ id, stop: true });
      drop(id);
    }
    yield* readFileRecords(job.path);
  }

  const mine: Thread = {
    begin(path) {
      const id = ++ids;
      const job: Job = { path, told: [], wake: () => undefined };
      if (jobs.size === 0) worker.ref();
      jobs.set(id, job);
      ask({ id, path });
      return {
        records: () => records(id, job),
        stop() {
          if (!jobs.has(id)) return;
          ask({ id, stop: true });
          drop(id);
        },
      };
    },
  };
  return mine;
}
