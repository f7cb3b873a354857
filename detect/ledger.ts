import { DAY_MS, HOUR_MS } from "../schemas/duration.ts";
import {
  claimsOf,
  dropBelow,
  type Gaps,
  newestProfiles,
  openSubjectsAt,
  profilesAt,
  replacedBefore,
  replacedProfiles,
  strayProfiles,
} from "../schemas/queries/detect.ts";
import { checkpointOf } from "../schemas/queries/ingest.ts";
import type { Store } from "../schemas/store/store.ts";

export interface ProfileRow {
  subject_uid: string;
  state: string;
}

/** Ledger keeps profiles and checkpoint of one log: what was learned, as of which number. */
export interface Ledger {
  /** 0 before the first checkpoint. */
  generation(): number;
  detectedTo(): number;
  /** Profiles as the checkpoint left them. */
  profiles(subjects: readonly string[]): Promise<ProfileRow[]>;
  /** Subjects whose profile has an open day. */
  openSubjects(): Promise<string[]>;
  /** Writes profiles under the next generation, then the checkpoint. */
  save(rows: readonly ProfileRow[], upto: number): Promise<void>;
  /** False when another owner took the log over: nothing of ours counts any more. */
  stillMine(): Promise<boolean>;
}

/** The log of a keywatch in one process. */
export const EMBEDDED_LOG = "events";
/** Subjects of one question: a server takes 128 KiB a parameter. */
const PROFILE_BLOCK = 1_000;
/**
 * A generation is the owner's epoch and a count below it: 2^24 saves of one owner, one a second for half a year, and room for 2^29
 * owners inside a whole number.
 */
const EPOCH = 2 ** 24;
/** Saves between two clean-ups of what newer generations replaced: an hour's worth. */
const CLEAN_SAVES = 360;
/** How often an owner forgets what was replaced, and how long ago that was: by then no late owner reads it any more. */
const CLEAN_EVERY_MS = HOUR_MS;
const REPLACED_FOR_MS = DAY_MS;

interface Standing {
  log: string;
  generation: number;
  detectedTo: number;
  gaps: Gaps;
}

/** openLedger opens the one log of an embedded store, which one process alone may hold. */
export async function openLedger(store: Store, now: () => number): Promise<Ledger> {
  const log = EMBEDDED_LOG;
  const [checkpoint] = await store.ask(checkpointOf, { log });
  const generation = checkpoint?.generation ?? 0;
  await dropStrays(store, log, generation);
  await dropOld(store, log, generation);
  const standing = { log, generation, detectedTo: checkpoint?.detected_to ?? 0, gaps: { gap_from: [], gap_to: [] } };
  return createLedger(store, standing, now, () => Promise.resolve(true));
}

export interface Claim {
  log: string;
  /** Number that the consumer group gave to this assignment; it rises with every rebalance. */
  assignment: number;
  owner: string;
}

/**
 * claimLedger takes a log over. From the claim on, an earlier owner can still write, and nobody believes it: its generations lie below
 * the new epoch and above the state that was taken over.
 */
export async function claimLedger(store: Store, claim: Claim, now: () => number): Promise<Ledger> {
  const { log } = claim;
  const [[checkpoint], claims] = await Promise.all([store.ask(checkpointOf, { log }), store.ask(claimsOf, { log })]);
  const base = checkpoint?.generation ?? 0;
  const last = Math.max(Math.floor(base / EPOCH), claims.at(-1)?.epoch ?? 0);
  // A group that was deleted counts from 1 again; two owners still get two numbers.
  const epoch = claim.assignment > last ? claim.assignment : last + claim.assignment;
  const detectedTo = checkpoint?.detected_to ?? 0;
  const claimed_at = new Date(now()).toISOString();
  await store.insert("log_claims", [{ log, epoch, base, owner: claim.owner, claimed_at }]);
  const generation = epoch * EPOCH;
  await store.insert("checkpoints", [
    { log, generation, stored_to: detectedTo, detected_to: detectedTo, updated_at: claimed_at },
  ]);
  const all = [...claims, { epoch, base }];
  const gaps = { gap_from: all.map((c) => c.base), gap_to: all.map((c) => c.epoch * EPOCH) };
  const stillMine = async (): Promise<boolean> => (await store.ask(claimsOf, { log })).at(-1)?.epoch === epoch;
  return createLedger(store, { log, generation, detectedTo, gaps }, now, stillMine);
}

function createLedger(store: Store, standing: Standing, now: () => number, stillMine: () => Promise<boolean>): Ledger {
  const { log, gaps } = standing;
  let { generation, detectedTo } = standing;
  // Rows that begin with ~ are not of a subject, so several logs would write the same one.
  const stored = (name: string): string => (log !== EMBEDDED_LOG && name.startsWith("~") ? `${name}@${log}` : name);
  let cleanAt = now() + CLEAN_EVERY_MS;
  const known = (row: ProfileRow): ProfileRow =>
    row.subject_uid.startsWith("~") ? { ...row, subject_uid: row.subject_uid.split("@")[0]! } : row;
  return {
    generation: () => generation,
    detectedTo: () => detectedTo,
    async profiles(subjects) {
      const rows: ProfileRow[] = [];
      for (let i = 0; i < subjects.length; i += PROFILE_BLOCK) {
        const part = subjects.slice(i, i + PROFILE_BLOCK).map(stored);
        rows.push(...(await store.ask(profilesAt, { log, subjects: part, generation, ...gaps })));
      }
      return rows.map(known);
    },
    openSubjects: async () =>
      (await store.ask(openSubjectsAt, { log, generation, ...gaps })).map((row) => row.subject_uid),
    async save(rows, upto) {
      const next = generation + 1;
      const updated_at = new Date(now()).toISOString();
      for (let i = 0; i < rows.length; i += PROFILE_BLOCK) {
        const part = rows.slice(i, i + PROFILE_BLOCK);
        await store.insert(
          "profiles",
          part.map((r) => ({
            log,
            subject_uid: stored(r.subject_uid),
            state: r.state,
            generation: next,
            seq: upto,
            updated_at,
          })),
        );
      }
      await store.insert("checkpoints", [{ log, generation: next, stored_to: upto, detected_to: upto, updated_at }]);
      generation = next;
      detectedTo = upto;
      if (log === EMBEDDED_LOG) {
        if (next % CLEAN_SAVES === 0) await dropOld(store, log, next);
      } else if (now() >= cleanAt) {
        cleanAt = now() + CLEAN_EVERY_MS;
        await dropReplaced(store, { log, generation: next, gaps }, now() - REPLACED_FOR_MS);
      }
    },
    stillMine,
  };
}

/** dropOld forgets the states of subjects that a newer one replaced: each save writes those that changed. */
async function dropOld(store: Store, log: string, generation: number): Promise<void> {
  // One process alone holds an embedded store; elsewhere a late owner could still read what would go.
  if (store.kind !== "embedded") return;
  const [old] = await store.ask(replacedProfiles, { log, generation });
  if ((old?.rows ?? 0) === 0) return;
  await store.command(
    `DELETE FROM profiles WHERE log = {log:String} AND generation < {generation:UInt64}
  AND (subject_uid, generation) NOT IN (${newestProfiles})`,
    { log, generation },
  );
}

/** dropReplaced forgets what was replaced before a time, ms. */
async function dropReplaced(
  store: Store,
  { log, generation, gaps }: Pick<Standing, "log" | "generation" | "gaps">,
  time: number,
): Promise<void> {
  const before = new Date(time).toISOString();
  const old = await store.ask(replacedBefore, { log, generation, before, ...gaps });
  for (let i = 0; i < old.length; i += PROFILE_BLOCK) {
    const part = old.slice(i, i + PROFILE_BLOCK);
    const subjects = part.map((r) => r.subject_uid);
    await store.command(dropBelow, { log, subjects, newest: part.map((r) => r.newest) });
  }
}

/** A run that died between profiles and checkpoint left profiles that know more than the checkpoint says. */
async function dropStrays(store: Store, log: string, generation: number): Promise<void> {
  const [stray] = await store.ask(strayProfiles, { log, generation });
  if ((stray?.rows ?? 0) > 0)
    await store.command("DELETE FROM profiles WHERE log = {log:String} AND generation > {generation:UInt64}", {
      log,
      generation,
    });
}
