import { iso } from "../schemas/duration.ts";
import { partsOfMessage } from "../schemas/queries/deliveries.ts";
import type { ReplayCommand } from "../schemas/replay.ts";
import type { Store } from "../schemas/store/store.ts";
import { oneLine } from "./clean.ts";
import type { Entry, Outbox } from "./outbox.ts";

/**
 * replayMessage puts a message that failed back into the outbox, with its own id and another day to be tried in. It gives how many
 * incidents it tells of; 0 when it is not failed, so that a command that comes twice does it once.
 */
export async function replayMessage(
  store: Store,
  outbox: Pick<Outbox, "restore">,
  { message_id, actor }: ReplayCommand,
  now: number,
): Promise<number> {
  const parts = await store.ask(partsOfMessage, { id: message_id });
  if (parts.length === 0) throw new Error(`There is no message ${oneLine(message_id, 60)}.`);
  const failed = parts.filter((p) => p.status === "failed");
  const entries = failed.map(({ status: _, told_n, ...p }): Entry => {
    const times = { first_at: now, next_at: now, attempts: p.attempts + 1 };
    const state = { about: null, hold: null, step: 0, cleared: true, counted: false, holds: 0, sending: false };
    return { ...p, ...times, ...state, auto: p.auto === 1, last_n: Math.max(told_n, p.n) };
  });
  await store.insert(
    "deliveries",
    entries.map(({ incident_uid, receiver, channel, n, last_n, attempts: attempt, bundle }) => ({
      ...{ incident_uid, receiver, channel, n, last_n, attempt, message_id, at: iso(now), duration_ms: 0 },
      ...{ outcome: "replay", reason: "", error: `Asked for by ${oneLine(actor, 200)}.`, receipt: "" },
      ...{ status: "pending", first_at: iso(now), next_at: iso(now), bundle, counted: 0 },
    })),
  );
  outbox.restore(entries);
  return entries.length;
}
