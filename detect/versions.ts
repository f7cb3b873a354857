import { MINUTE_MS } from "../schemas/duration.ts";
import type { DetectEvent } from "./detection.ts";
import { judgeSource } from "./source.ts";
import { isKnown, type View } from "./view.ts";

/** Where the old program still works this long after the new one began, there are two, and nothing was replaced. */
export const BESIDE_MS = 10 * MINUTE_MS;
/** Distinct days on which a version is young: what a release brings shows in its first working week. */
const YOUNG_DAYS = 5;
const MAX_LENGTH = 64;
const GENERATION = 16_384;
let texts = new Map<string, string | null>();

/** versionOf gives the first product of a user agent with its version (RFC 9110: `Boto3/1.40.11`); null where it tells none. */
export function versionOf({ user_agent }: Pick<DetectEvent, "user_agent">): string | null {
  if (user_agent === null) return null;
  let version = texts.get(user_agent);
  if (version === undefined) {
    version = /^\[?([^\s/()[\];,]+\/v?\d[^\s()[\];,]*)/.exec(user_agent)?.[1]?.slice(0, MAX_LENGTH) ?? null;
    if (texts.size >= GENERATION) texts = new Map();
    texts.set(user_agent, version);
  }
  return version;
}

const programOf = (version: string): string => version.slice(0, version.indexOf("/"));

/**
 * releaseOf tells the version by which the key's program was replaced in the last days, at a place that it knows; null where there
 * was no release. The program has to be known too, so one that was rewritten counts when it is learned. Somebody who uses the key
 * beside its program replaces nothing.
 */
export function releaseOf(event: DetectEvent, view: View): string | null {
  const version = versionOf(event);
  if (version === null || event.user_agent_family === null) return null;
  if (!isKnown(view, "agent", event.user_agent_family) || !isUsualPlace(event, view)) return null;
  const known = view.sealed.values.version.values;
  const own = known.get(version);
  if (own !== undefined && own.days >= YOUNG_DAYS) return null;
  const others = [...known.keys()].filter((other) => other !== version);
  const same = others.filter((other) => programOf(other) === programOf(version));
  const before = same.length > 0 ? same : others;
  if (before.length === 0 || before.some((other) => own !== undefined && known.get(other)!.last > own.first))
    return null;
  return isBeside(view, version, before) ? null : version;
}

function isBeside({ day: { versions } }: View, version: string, before: readonly string[]): boolean {
  const mine = versions.get(version);
  return !mine || before.some((other) => (versions.get(other)?.[1] ?? 0) - mine[0] >= BESIDE_MS);
}

/** Calls from inside, which have no public address, say nothing about the place. */
function isUsualPlace(event: DetectEvent, view: View): boolean {
  if (event.src_kind !== "ip" || event.src_ip === null || view.isOwn(event.src_ip)) return true;
  const verdict = judgeSource(event, view);
  return verdict === null || "uninformative" in verdict;
}
