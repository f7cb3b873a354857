import { createHash } from "node:crypto";
import type { Store } from "../schemas/store/store.ts";
import { uuid5 } from "../schemas/uid.ts";

/** Longest redacted text that is kept of a record that could not be read, characters. */
const MAX_RAW = 64 * 1024;

/** DeadLetter is a record that could not be read, redacted, with its reason; a replay of the same bytes writes the same row. */
export interface DeadLetter {
  uid: string;
  provider: string;
  reason: string;
  raw: string;
  bytes: number;
  position: string;
  ingested_at: number;
}

/** Equal bytes in one source are so many at most where a letter is looked at again. */
const MAX_TWINS = 32;

/** isCut tells a letter of which only the beginning was kept. */
export const isCut = ({ raw }: Pick<DeadLetter, "raw">): boolean => raw.length > MAX_RAW;

/** isVerbatim tells a letter whose text is the record byte for byte: nothing was redacted in it, left out or cut. */
export function isVerbatim({ uid, provider, raw }: Pick<DeadLetter, "uid" | "provider" | "raw">): boolean {
  const digest = createHash("sha256").update(raw).digest("hex");
  for (let n = 0; n < MAX_TWINS; n++) if (uuid5("dead_letter", provider, digest, n) === uid) return true;
  return false;
}

/** deadLetterOf makes the letter; `occurrence` counts equal bytes inside one source, so twins stay two. */
export function deadLetterOf(input: {
  bytes: Buffer;
  redacted: string;
  provider: string;
  reason: string;
  position: string;
  occurrence: number;
  now: number;
}): DeadLetter {
  const digest = createHash("sha256").update(input.bytes).digest("hex");
  return {
    uid: uuid5("dead_letter", input.provider, digest, input.occurrence),
    provider: input.provider,
    reason: input.reason.slice(0, 500),
    raw: input.redacted.length > MAX_RAW ? `${input.redacted.slice(0, MAX_RAW)}…` : input.redacted,
    bytes: input.bytes.length,
    position: input.position,
    ingested_at: input.now,
  };
}

/** storeDeadLetters writes them; `status` is open until they were replayed. */
export async function storeDeadLetters(store: Store, letters: readonly DeadLetter[], status = "open"): Promise<void> {
  await store.insert(
    "dead_letters",
    letters.map((l) => ({
      ...l,
      status,
      ingested_at: new Date(l.ingested_at).toISOString(),
      updated_at: new Date(l.ingested_at).toISOString(),
    })),
  );
}
