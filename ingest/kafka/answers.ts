import type { Admin } from "kafkajs";
import type { KafkaConfig } from "../../schemas/config_kafka.ts";
import { connectKafka } from "./connect.ts";

/** BrokerWatch tells whether the brokers answer this process now. */
export interface BrokerWatch {
  answers(): Promise<boolean>;
  close(): void;
}

/**
 * watchBrokers asks over a connection of its own that it keeps, and makes a new one where that fails: one broker of several that is
 * away is no fault. Whoever asks while it looks gets the same answer, so probes never pile up.
 */
export function watchBrokers(config: KafkaConfig, topic: string): BrokerWatch {
  const kafka = connectKafka(config, () => undefined, "hurried");
  let admin: Admin | null = null;
  let looking: Promise<boolean> | null = null;
  let closed = false;
  let heard = 0;

  async function look(): Promise<boolean> {
    const before = heard;
    await admin?.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
    if (heard > before) return true;
    drop();
    if (closed) return false;
    admin = kafka.admin();
    hears(admin, () => heard++);
    await admin.connect().catch(() => undefined);
    if (heard > before) return true;
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
    close() {
      closed = true;
      drop();
    },
  };
}

/** hears tells of every answer of a broker. That the client calls itself connected says little: a broker that hangs takes connections too. */
export function hears(admin: Admin, answered: () => void): void {
  admin.on(admin.events.REQUEST, answered);
}
