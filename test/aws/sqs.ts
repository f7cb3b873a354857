import { createHash, randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import type { ServerResponse } from "node:http";
import { refuseSqs } from "./server.ts";

interface Message {
  id: string;
  body: string;
  receipt: string;
  received: number;
  visibleAt: number;
}

/** TestQueue is a standard queue: at least once, with visibility timeouts, and a dead-letter queue after so many receives. */
export interface TestQueue {
  messages: Message[];
  dead: Message[];
  /** How often a message may be given out. */
  maxReceiveCount: number;
  /** How often a message was kept hidden for longer. */
  extended: number;
  send(body: string): void;
  /** Gives every message out again at once, as SQS sometimes does. */
  reveal(): void;
  events: EventEmitter;
  close(): void;
}

export function createTestQueue(): TestQueue {
  const events = new EventEmitter();
  events.setMaxListeners(0);
  const queue: TestQueue = {
    messages: [],
    dead: [],
    maxReceiveCount: 1_000,
    extended: 0,
    events,
    send(body) {
      queue.messages.push({ id: randomUUID(), body, receipt: "", received: 0, visibleAt: 0 });
      events.emit("visible");
    },
    reveal() {
      for (const message of queue.messages) message.visibleAt = 0;
      events.emit("visible");
    },
    close: () => void events.emit("visible"),
  };
  return queue;
}

interface Input {
  ReceiptHandle: string;
  VisibilityTimeout: number;
  WaitTimeSeconds: number;
  AttributeNames: string[];
}

export async function answerSqs(
  queue: TestQueue,
  operation: string,
  input: Input,
  response: ServerResponse,
): Promise<void> {
  const send = (body: object) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify(body));
  };
  if (operation === "GetQueueAttributes")
    return send({
      Attributes: {
        ApproximateNumberOfMessages: String(queue.messages.length),
        VisibilityTimeout: "30",
        ...(queue.maxReceiveCount < 1_000
          ? { RedrivePolicy: JSON.stringify({ maxReceiveCount: queue.maxReceiveCount }) }
          : {}),
      },
    });
  if (operation === "ReceiveMessage") {
    const message = await receive(queue, input, response);
    return send(message === null ? {} : { Messages: [wire(message)] });
  }
  const at = queue.messages.findIndex((m) => m.receipt === input.ReceiptHandle && m.visibleAt > Date.now());
  if (operation === "ChangeMessageVisibility") {
    if (at < 0) return refuseSqs(response, { status: 400, code: "MessageNotInflight" });
    queue.messages[at]!.visibleAt = Date.now() + input.VisibilityTimeout * 1000;
    queue.extended++;
  } else if (at >= 0) queue.messages.splice(at, 1);
  send({});
  if (operation === "DeleteMessage") queue.events.emit("deleted");
}

/** receive waits for a message as long as the question says, or until it is taken back. */
async function receive(queue: TestQueue, input: Input, response: ServerResponse): Promise<Message | null> {
  const end = Date.now() + input.WaitTimeSeconds * 1000;
  for (;;) {
    const now = Date.now();
    for (const message of queue.messages.filter((m) => m.visibleAt <= now && m.received >= queue.maxReceiveCount)) {
      queue.messages.splice(queue.messages.indexOf(message), 1);
      queue.dead.push(message);
    }
    if (response.destroyed || response.closed) return null;
    const message = queue.messages.find((m) => m.visibleAt <= now);
    if (message) {
      message.receipt = randomUUID();
      message.received++;
      message.visibleAt = now + input.VisibilityTimeout * 1000;
      return message;
    }
    if (now >= end) return null;
    const next = Math.min(end, ...queue.messages.map((m) => m.visibleAt));
    const waiting = new AbortController();
    response.once("close", () => waiting.abort());
    await Promise.race([
      once(queue.events, "visible", { signal: waiting.signal }).catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, Math.max(1, next - now)).unref()),
    ]);
    waiting.abort();
  }
}

const wire = ({ id, body, receipt, received }: Message): object => ({
  MessageId: id,
  Body: body,
  MD5OfBody: createHash("md5").update(body).digest("hex"),
  ReceiptHandle: receipt,
  Attributes: { ApproximateReceiveCount: String(received) },
});
