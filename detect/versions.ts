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
 * releaseOf tells the version by which a program that the key knows was replaced in the last days, at a place that it knows; null
 * where there was no release. Somebody who uses the key beside its program replaces nothing.
 */
export function releaseOf(event: DetectEvent, view: View): string | null {
  const version = versionOf(event);
  if (version === null || event.user_agent_family === null) return null;
  if (!isKnown(view, "agent", event.user_agent_family) || !isUsualPlace(event, view)) return null;
  const known = view.sealed.values.version.values;
  const own = known.get(version);
  if (own !== undefined && own.days >= YOUNG_DAYS) return null;
  const program = programOf(version);
  let replaced = false;
  for (const [other, { last }] of known) {
    if (other === version || programOf(other) !== program) continue;
    if (own !== undefined && last > own.first) return null;
    replaced = true;
  }
  return replaced && !isBeside(view, version, program) ? version : null;
}

function isBeside({ day }: View, version: string, program: string): boolean {
  const mine = day.versions.get(version);
  if (!mine) return true;
  for (const [other, [, last]] of day.versions)
    if (other !== version && programOf(other) === program && last - mine[0] >= BESIDE_MS) return true;
  return false;
}

/** Calls from inside, which have no public address, say nothing about the place. */
function isUsualPlace(event: DetectEvent, view: View): boolean {
  if (event.src_kind !== "ip" || event.src_ip === null || view.isOwn(event.src_ip)) return true;
  const verdict = judgeSource(event, view);
  return verdict === null || "uninformative" in verdict;
}
