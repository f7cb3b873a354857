import { type DeadLetter, storeDeadLetters } from "../../ingest/dead_letter.ts";
import { joinGroup, type Message } from "../../ingest/kafka/consume.ts";
import { type Hub, patiently, type Role } from "./hub.ts";
import { tellGap } from "./place.ts";

/** startLetters copies dead letters from their topic into the store, where people list and replay them; a letter twice is one row. */
export async function startLetters(hub: Hub): Promise<Role> {
  const { kafka, brokers, topics, log, store } = hub;
  const group = await joinGroup({
    kafka,
    group: `${brokers.client_id}.dead_letter`,
    topics: [topics.deadLetter],
    sessionTimeout: brokers.session_timeout,
    stopping: hub.stopping,
    open: async (assignment) => ({
      from: null,
      async take(messages) {
        await patiently(assignment.held, () => storeDeadLetters(store, messages.flatMap(letterOf)));
        await assignment.commit(messages.at(-1)!.offset + 1);
      },
      idle: async () => undefined,
      stillMine: async () => true,
      end: async () => undefined,
    }),
    onGap: (gap, where) => tellGap(log, gap, where),
    onTrouble: (error, where) => log.warn({ ...where, error: String(error) }, "Storing dead letters broke off."),
  });
  return { lanes: group.lanes, stop: group.close };
}

/** What somebody else wrote into the topic is no letter of ours; it stays in the topic. */
function letterOf(message: Message): DeadLetter[] {
  try {
    const letter = JSON.parse(message.value?.toString("utf8") ?? "") as DeadLetter;
    return typeof letter.uid === "string" && typeof letter.raw === "string" ? [letter] : [];
  } catch {
    return [];
  }
}
