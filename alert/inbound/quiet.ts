import { HOUR_MS } from "../../schemas/duration.ts";
import { type Incident, incidentLabel } from "../../schemas/incident.ts";
import { parseMatcher } from "../../schemas/matcher.ts";
import type { SilenceCommand } from "../../schemas/silence.ts";

/** QUIET_MS is how long the button of a message silences: long enough to look, too short to forget. */
export const QUIET_MS = HOUR_MS;

/**
 * keyMatchers name the key of an incident and nothing else. Null where the inventory gives it no name: a silence must not
 * hold back more than the key that somebody looked at.
 */
export function keyMatchers({ provider, key_name }: Pick<Incident, "provider" | "key_name">): string[] | null {
  if (!key_name) return null;
  const wanted = { provider, key_name };
  const texts = Object.entries(wanted).map(([label, value]) => `${label}="${value.replace(/["\\]/g, "\\$&")}"`);
  const same = texts.every((text, i) => text.length <= 500 && parseMatcher(text).value === Object.values(wanted)[i]);
  return same ? texts : null;
}

/** quietFor asks for a silence of one hour about the key of an incident. */
export function quietFor(incident: Incident, by: { id: string; actor: string; at: number }): SilenceCommand | null {
  const matchers = keyMatchers(incident);
  if (matchers === null) return null;
  const reason = `${incidentLabel(incident.uid)} is being looked at`;
  return { kind: "silence_add", ...by, matchers, reason, starts_at: by.at, ends_at: by.at + QUIET_MS };
}
