import { HOLD_DAYS_BELOW_MEDIUM } from "../../detect/judge.ts";
import { type Profile, profileFrom } from "../../detect/profile.ts";
import { profilesOf } from "../../schemas/queries/keys.ts";
import type { App } from "../app.ts";
import type { Observed } from "./observed.ts";

/** Suspects are values of a key that gave a finding of medium or more and were not confirmed since: what a thief did must not become what is allowed. */
export interface Suspects {
  networks: ReadonlySet<string>;
  owners: ReadonlySet<string>;
  countries: ReadonlySet<string>;
}

const CHUNK = 500;

/** loadSuspects asks the profiles, those in memory first. Subjects without any are left out. */
export async function loadSuspects(app: App, subjects: readonly string[]): Promise<Map<string, Suspects>> {
  const found = new Map<string, Suspects>();
  const keep = (uid: string, profile: Profile) => {
    const suspects = suspectsOf(profile);
    if (suspects.networks.size + suspects.owners.size + suspects.countries.size > 0) found.set(uid, suspects);
  };
  const cold: string[] = [];
  for (const uid of subjects) {
    const profile = app.engine.profile(uid);
    if (profile === null) cold.push(uid);
    else keep(uid, profile);
  }
  for (let i = 0; i < cold.length; i += CHUNK)
    for (const row of await app.store.ask(profilesOf, { subjects: cold.slice(i, i + CHUNK) }))
      keep(row.subject_uid, profileFrom(row.state));
  return found;
}

/**
 * Held are the values that wait for days or a verdict, and those of days that are not sealed yet. A place that was new and nothing more, such
 * as a traveller's, stays in.
 */
function suspectsOf({ pending, days }: Profile): Suspects {
  const keys = [...pending].filter(([, p]) => p.days < p.need && p.need > HOLD_DAYS_BELOW_MEDIUM).map(([key]) => key);
  for (const day of days.values())
    keys.push(...[...day.holds].filter(([, need]) => need > HOLD_DAYS_BELOW_MEDIUM).map(([key]) => key));
  const of = (dimension: string): Set<string> =>
    new Set(keys.flatMap((key) => (key.startsWith(`${dimension}\u001f`) ? [key.slice(dimension.length + 1)] : [])));
  return { networks: of("net"), owners: of("asn"), countries: of("country") };
}

/** withoutSuspects takes their networks and countries out of what was observed, and names what it took. */
export function withoutSuspects(
  observed: Observed,
  suspects: Suspects,
): { observed: Observed; networks: string[]; countries: string[] } {
  const odd = (s: Observed["sources"][number]): boolean =>
    suspects.networks.has(s.src_net ?? "") ||
    suspects.owners.has(`AS${s.asn}`) ||
    suspects.countries.has(s.country ?? "");
  const networks = observed.sources.filter(odd).map((s) => s.src_net ?? "");
  const countries = observed.countries.filter((c) => suspects.countries.has(c.country)).map((c) => c.country);
  return {
    observed: {
      ...observed,
      sources: observed.sources.filter((s) => !odd(s)),
      countries: observed.countries.filter((c) => !suspects.countries.has(c.country)),
    },
    networks,
    countries,
  };
}
