import { parentPort } from "node:worker_threads";
import { readFileRecords } from "./file.ts";
import type { Asked, Told } from "./file_ahead.ts";

/** Batches that may wait unread for each file, of about 1 MB. */
const AHEAD = 3;

interface Reading {
  /** Batches that may still be told; below zero where the reader stopped asking. */
  left: number;
  go(): void;
}

const readings = new Map<number, Reading>();

parentPort?.on("message", (asked: Asked) => {
  if (asked.path !== undefined) {
    void read(asked.id, asked.path);
    return;
  }
  const reading = readings.get(asked.id);
  if (reading === undefined) return;
  reading.left = asked.stop ? Number.NEGATIVE_INFINITY : reading.left + 1;
  reading.go();
});

async function read(id: number, path: string): Promise<void> {
  const reading: Reading = { left: AHEAD, go: () => undefined };
  readings.set(id, reading);
  try {
    for await (const batch of readFileRecords(path)) {
      while (reading.left === 0) await new Promise<void>((resolve) => (reading.go = resolve));
      if (reading.left < 0) break;
      reading.left--;
      // The batcher goes on with what is left of the memory, so what is given away is a copy.
      const sent = {
        ...batch,
        data: Uint8Array.prototype.slice.call(batch.data),
        starts: batch.starts.slice(0, batch.count),
        ends: batch.ends.slice(0, batch.count),
      };
      tell({ id, batch: sent }, [sent.data.buffer, sent.starts.buffer, sent.ends.buffer]);
    }
    tell({ id });
  } catch (error) {
    tell({ id, fault: (error as Error).message });
  } finally {
    readings.delete(id);
  }
}

function tell(told: Told, given: ArrayBuffer[] = []): void {
  parentPort?.postMessage(told, given);
}
