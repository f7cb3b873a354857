import type { Outgoing } from "../../ingest/kafka/produce.ts";

/** Batches gathers messages of many callers and sends them together, one request after the other. */
export interface Batches {
  /** Resolves when the batch that holds these messages was sent, and rejects when it was refused: then they have to be added again. */
  add(messages: readonly Outgoing[], rows: number): Promise<void>;
  /** Sends what waits, after what is under way, whoever added it; to be told of one's own messages, ask what `add` gave. */
  flush(): Promise<void>;
  /** Rows that wait for a flush. */
  waiting(): number;
}

interface Batch {
  messages: Outgoing[];
  rows: number;
  sent: Promise<void>;
  settle(sending: Promise<void>): void;
}

function newBatch(): Batch {
  let settle: (sending: Promise<void>) => void = () => undefined;
  const sent = new Promise<void>((resolve) => {
    settle = resolve;
  });
  // Who does not ask is not told twice: flush rejects too.
  sent.catch(() => undefined);
  return { messages: [], rows: 0, sent, settle };
}

export function createBatches(send: (messages: readonly Outgoing[]) => Promise<void>): Batches {
  let open = newBatch();
  let sending: Promise<void> = Promise.resolve();
  return {
    add(messages, rows) {
      open.messages.push(...messages);
      open.rows += rows;
      return open.sent;
    },
    flush() {
      const full = open;
      open = newBatch();
      sending = sending
        .catch(() => undefined)
        .then(() => (full.messages.length === 0 ? undefined : send(full.messages)));
      full.settle(sending);
      return full.sent;
    },
    waiting: () => open.rows,
  };
}
