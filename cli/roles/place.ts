import type { Ledger } from "../../detect/ledger.ts";
import type { Assignment } from "../../ingest/kafka/consume.ts";
import { lastSeqOf, nextOffset } from "../../ingest/kafka/event_message.ts";
import { type Gap, resumeAt } from "../../ingest/kafka/offsets.ts";
import type { Hub } from "./hub.ts";

/** Row beside the profiles: how far the numbers of the log are ahead of the offsets of the topic. */
const PLACE = "~place";

/** Place says where a log goes on in its topic. */
export interface Place {
  /** First offset to read. */
  from: number;
  /** What an offset lacks to the one that events are numbered by: 0 until the topic began again below numbers that were given. */
  ahead: number;
}

/**
 * openPlace compares the checkpoint with the topic. A topic that is another one than the checkpoint was made on is read from its
 * beginning, under numbers above all that were given: nothing of it is passed over, and what was judged before is known by its lower number.
 * What is decided is in the ledger before anything is read.
 */
export async function openPlace(hub: Hub, assignment: Assignment, ledger: Ledger): Promise<Place> {
  const [row] = await ledger.profiles([PLACE]);
  const { ahead } = row ? (JSON.parse(row.state) as Pick<Place, "ahead">) : { ahead: 0 };
  const judged = ledger.detectedTo();
  const { from, gap } = await resumeAt(nextOffset(judged) - ahead, assignment.standing);
  if (gap === null) return { from, ahead };
  tellGap(hub.log, gap, { topic: assignment.topic, partition: assignment.partition, from });
  if (gap.kind === "removed") {
    await ledger.save([], lastSeqOf(from - 1 + ahead));
    return { from, ahead };
  }
  const place = { from, ahead: nextOffset(judged) - from };
  await ledger.save([{ subject_uid: PLACE, state: JSON.stringify({ ahead: place.ahead }) }], judged);
  return place;
}

/** tellGap says what happened to a topic, and what is done about it. */
export function tellGap(log: Hub["log"], gap: Gap, facts: { topic: string; partition: number; from: number }): void {
  if (gap.kind === "removed")
    log.error(
      { ...facts, lost_at_most: gap.lostAtMost },
      "Messages were removed before they were read, and are lost; reading goes on with the oldest that is left.",
    );
  else if (gap.kind === "ends_before")
    log.error(
      facts,
      "The topic ends before what was read of it: it was made anew, or cut. It is read from its beginning, and what is known already is left out; what the old one held and nobody read is lost.",
    );
  else
    log.warn(
      facts,
      "The brokers do not know how far this topic was read: it may have been made anew. It is read from its beginning, and what is known already is left out.",
    );
}
