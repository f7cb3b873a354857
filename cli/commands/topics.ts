import { connectKafka } from "../../ingest/kafka/connect.ts";
import { createTopics, topicsOf } from "../../ingest/kafka/topics.ts";
import type { Loaded } from "../load_config.ts";
import type { Log } from "../log.ts";
import { CommandFault, type Out } from "../out.ts";

export interface TopicsOptions {
  partitions?: number;
  replication?: number;
}

/** topicsCreate makes the topics between the roles; running it again changes nothing but what flags ask for. Gives the exit code. */
export async function topicsCreate(loaded: Loaded, options: TopicsOptions, out: Out, log: Log): Promise<number> {
  const { kafka } = loaded.config;
  if (kafka === null) throw new CommandFault("The config names no brokers; set kafka.brokers first.", 2);
  const { partitions = null, replication = null } = options;
  const client = connectKafka(kafka, (level, sentence, facts) => log[level](facts, sentence));
  try {
    const { said, warned } = await createTopics(client, topicsOf(kafka.prefix), { partitions, replication });
    for (const sentence of said) out.line(sentence);
    for (const sentence of warned) out.note(`Warning: ${sentence}`);
  } catch (error) {
    if (error instanceof CommandFault) throw error;
    throw new CommandFault(`The topics could not be made: ${(error as Error).message}`);
  }
  return 0;
}
