import { incidentLabels } from "../schemas/config_routing.ts";
import { iso, MINUTE_MS } from "../schemas/duration.ts";
import { type Labels, type Matcher, matches, parseMatcher } from "../schemas/matcher.ts";
import { silencesEndingAfter } from "../schemas/queries/silences.ts";
import {
  endOfSilence,
  MAX_SILENCE_MS,
  type Silence,
  type SilenceCommand,
  silenceLabel,
  silenceState,
  silenceUid,
} from "../schemas/silence.ts";
import type { Store } from "../schemas/store/store.ts";
import { oneLine } from "./clean.ts";
import { labelMatches } from "./route.ts";

/** Clocks of people and servers differ a little. */
const SKEW_MS = 5 * MINUTE_MS;

/** Silences are those of the active alerter: what it decides is stored before it holds. */
export interface Silences {
  /** Does what a person asked for, once per command id; null when it was done already. Rejects with a sentence when it cannot be done. */
  command(command: SilenceCommand, now: number): Promise<Silence | null>;
  /** The silence that holds these labels now, the one that ends last. */
  holding(labels: Labels, now: number): Silence | null;
  /** Reads them from the store. */
  load(now: number): Promise<void>;
}

interface Known {
  silence: Silence;
  matchers: Matcher[];
}

export function createSilences(store: Store): Silences {
  const known = new Map<string, Known>();
  const keep = (silence: Silence) =>
    known.set(silence.uid, { silence, matchers: silence.matchers.map((text) => parseMatcher(text)) });

  async function save(silence: Silence): Promise<Silence> {
    await store.insert("silences", [silenceRow(silence)]);
    keep(silence);
    return silence;
  }

  return {
    async command(command, now) {
      if (command.kind === "silence_expire") {
        const silence = await requireSilence(store, command.uid);
        const expired = expiredBy(silence, command, now);
        return expired === null ? null : await save(expired);
      }
      const uid = silenceUid(command.id);
      if (known.has(uid) || (await listSilences(store)).some((s) => s.uid === uid)) return null;
      return await save(silenceOf(command, now));
    },
    holding(labels, now) {
      let last: Silence | null = null;
      for (const [uid, { silence, matchers }] of known) {
        const state = silenceState(silence, now);
        if (state === "expired") known.delete(uid);
        if (state !== "active" || !matchers.every((m) => labelMatches(m, labels))) continue;
        if (last === null || endOfSilence(silence) > endOfSilence(last)) last = silence;
      }
      return last;
    },
    async load(now) {
      known.clear();
      for (const silence of await listSilences(store, now)) keep(silence);
    },
  };
}

/** silencesHolding gives those that hold these labels now. */
export const silencesHolding = (silences: readonly Silence[], labels: Labels, now: number): Silence[] =>
  silences.filter(
    (s) => silenceState(s, now) === "active" && s.matchers.every((text) => labelMatches(parseMatcher(text), labels)),
  );

/** listSilences reads silences from the store, those that end first in front; with `now`, only those that have not ended. */
export async function listSilences(store: Store, now?: number): Promise<Silence[]> {
  const rows = await store.ask(silencesEndingAfter, { since: now ?? 0 });
  return rows.map((row) => ({ ...row, matchers: JSON.parse(row.matchers) as string[] }));
}

/** requireSilence takes a uid, its beginning (4 characters or more) or `SIL-xxxxxxxx`. Throws a sentence when none or several fit. */
export async function requireSilence(store: Store, name: string): Promise<Silence> {
  const prefix = name.trim().replace(/^SIL-/i, "").toLowerCase();
  const fits = /^[0-9a-f-]{4,36}$/.test(prefix)
    ? (await listSilences(store)).filter((s) => s.uid.startsWith(prefix))
    : [];
  if (fits.length === 1) return fits[0]!;
  if (fits.length > 1)
    throw new Error(`"${name}" fits several silences: ${fits.map((s) => s.uid).join(", ")}. Give more of the uid.`);
  throw new Error(`There is no silence ${oneLine(name, 60)}. \`keywatch silence list --all\` shows what there is.`);
}

/** silenceOf checks what somebody asked for and gives the silence. Throws a sentence with the mend. */
export function silenceOf(command: Extract<SilenceCommand, { kind: "silence_add" }>, now: number): Silence {
  const { matchers, actor, at, starts_at, ends_at } = command;
  const reason = oneLine(command.reason, 500);
  const created_at = Math.min(at, now + SKEW_MS);
  if (reason === "") throw new Error("A silence needs a reason, for whoever asks why nobody was told.");
  if (ends_at <= Math.max(starts_at, now)) throw new Error("A silence must end after it begins, and not in the past.");
  if (ends_at > Math.max(starts_at, created_at) + MAX_SILENCE_MS || ends_at > now + 2 * MAX_SILENCE_MS)
    throw new Error("A silence may last 90 days at most. What is to be quiet for longer belongs into `route`.");
  const odd = matchers.map(parseMatcher).find((m) => !(incidentLabels as readonly string[]).includes(m.label));
  if (odd) throw new Error(`No incident has a label "${odd.label}"; there are ${incidentLabels.join(", ")}.`);
  // As in Alertmanager: one that every incident satisfies would silence all of them.
  if (matchers.map(parseMatcher).every((m) => matches(m, {})))
    throw new Error('A silence needs at least one matcher that an empty label does not satisfy, such as owner="ann".');
  const author = oneLine(actor, 200);
  const uid = silenceUid(command.id);
  return { uid, matchers, author, reason, starts_at, ends_at, created_at, expired_at: null, expired_by: null, hits: 0 };
}

/** expiredBy gives the silence as it is after somebody ended it; null when it has ended already. */
export const expiredBy = (silence: Silence, command: { actor: string }, now: number): Silence | null =>
  silenceState(silence, now) === "expired"
    ? null
    : { ...silence, expired_at: now, expired_by: oneLine(command.actor, 200) };

function silenceRow({ hits: _, ...silence }: Silence): object {
  return {
    ...silence,
    version: silence.expired_at === null ? 1 : 2,
    matchers: JSON.stringify(silence.matchers),
    starts_at: iso(silence.starts_at),
    ends_at: iso(silence.ends_at),
    created_at: iso(silence.created_at),
    expired_at: silence.expired_at === null ? null : iso(silence.expired_at),
  };
}

/** saySilence says a silence in one line, for people who ask why nobody was told. */
export const saySilence = (s: Silence): string =>
  `${silenceLabel(s.uid)} by ${s.author} until ${iso(s.ends_at).slice(0, 16).replace("T", " ")} UTC: ${s.reason}`;
