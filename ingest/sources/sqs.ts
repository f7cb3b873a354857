import type { Sqs } from "./aws.ts";
import { awsFault } from "./aws_fault.ts";

export interface QueueMessage {
  id: string;
  body: string;
  receipt: string;
  /** How often it was given out, this time included. */
  received: number;
}

/** Queue is one queue of SQS. What it throws is an AwsFault. */
export interface Queue {
  /** Waits up to 20 s for a message and hides it from other readers; null when none came. */
  receive(signal: AbortSignal): Promise<QueueMessage | null>;
  /** Keeps a message hidden for as long again. */
  extend(message: QueueMessage): Promise<void>;
  remove(message: QueueMessage): Promise<void>;
  state(): Promise<QueueState>;
}

export interface QueueState {
  waiting: number;
  /** Given out and not removed. */
  hidden: number;
  hasDeadLetters: boolean;
}

/** The longest that SQS lets a question wait, s. */
const WAIT_S = 20;

export function createQueue({ client, sdk }: Sqs, url: string, visibilityMs: number): Queue {
  const on = `the queue ${url}`;
  const VisibilityTimeout = visibilityMs / 1_000;
  const handleOf = (message: QueueMessage) => ({ QueueUrl: url, ReceiptHandle: message.receipt });
  return {
    async receive(signal) {
      const input = {
        QueueUrl: url,
        MaxNumberOfMessages: 1,
        WaitTimeSeconds: WAIT_S,
        VisibilityTimeout,
        MessageSystemAttributeNames: ["ApproximateReceiveCount" as const],
      };
      const answer = await told("sqs:ReceiveMessage", () =>
        client.send(new sdk.ReceiveMessageCommand(input), { abortSignal: signal }),
      );
      const [message] = answer.Messages ?? [];
      if (message === undefined) return null;
      return {
        id: message.MessageId ?? "",
        body: message.Body ?? "",
        receipt: message.ReceiptHandle ?? "",
        received: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
      };
    },
    async extend(message) {
      const input = { ...handleOf(message), VisibilityTimeout };
      await told("sqs:ChangeMessageVisibility", () => client.send(new sdk.ChangeMessageVisibilityCommand(input)));
    },
    async remove(message) {
      await told("sqs:DeleteMessage", () => client.send(new sdk.DeleteMessageCommand(handleOf(message))));
    },
    async state() {
      const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "RedrivePolicy"] as const;
      const input = { QueueUrl: url, AttributeNames: [...names] };
      const answer = await told("sqs:GetQueueAttributes", () => client.send(new sdk.GetQueueAttributesCommand(input)));
      const [waiting, hidden, policy] = names.map((name) => answer.Attributes?.[name]);
      return { waiting: Number(waiting ?? 0), hidden: Number(hidden ?? 0), hasDeadLetters: policy !== undefined };
    },
  };

  async function told<T>(right: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw awsFault(error, { right, on });
    }
  }
}
