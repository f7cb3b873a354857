import type { Admin } from "kafkajs";
import type { KafkaConfig } from "../../schemas/config_kafka.ts";
import { connectKafka } from "./connect.ts";

/** BrokerWatch tells whether the brokers answer this process now. */
export interface BrokerWatch {
  answers(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * watchBrokers asks over a connection of its own that it keeps, and makes a new one where that fails: one broker of several that is
 * away is no fault. Whoever asks while it looks gets the same answer, so probes never pile up.
 */
export function watchBrokers(config: KafkaConfig, topic: string): BrokerWatch {
  const kafka = connectKafka(config, () => undefined, "hurried");
  let admin: Admin | null = null;
  let looking: Promise<boolean> | null = null;

  async function look(): Promise<boolean> {
    if (admin !== null && (await works(() => admin!.fetchTopicMetadata({ topics: [topic] })))) return true;
    drop();
    admin = kafka.admin();
    if (await works(() => admin!.connect())) return true;
    drop();
    return false;
  }

  function drop(): void {
    void admin?.disconnect().catch(() => undefined);
    admin = null;
  }

  return {
    answers() {
      looking ??= look().finally(() => {
        looking = null;
      });
      return looking;
    },
    async close() {
      await looking;
      drop();
    },
  };
}

const works = (ask: () => Promise<unknown>): Promise<boolean> =>
  ask().then(
    () => true,
    () => false,
  );
