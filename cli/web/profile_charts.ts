import { habitsOf, hasHours, MIN_HOUR_DAYS } from "../../detect/hour_score.ts";
import { type Profile, profileFrom } from "../../detect/profile.ts";
import { sourceLevels, unseenMass } from "../../detect/stats/novelty.ts";
import { hourWords, percent, plural } from "../../detect/words.ts";
import { HOUR_MS } from "../../schemas/duration.ts";
import type { EventOut, HoursChart, Rung } from "../../schemas/http_api.ts";
import { newestProfile } from "../../schemas/queries/keys.ts";
import { offsetMs } from "../../schemas/zone.ts";
import type { App } from "../app.ts";

/** profileOf takes the profile from memory where the engine holds it, else as it was written last. */
export async function profileOf(app: App, subject: string): Promise<Profile | null> {
  const loaded = app.engine.profile(subject);
  if (loaded !== null) return loaded;
  const [stored] = await app.store.ask(newestProfile, { subject });
  return stored === undefined ? null : profileFrom(stored.state);
}

/** hoursChart draws the learned hours of the week, with those of the events marked. */
export function hoursChart(profile: Profile, zone: string, times: readonly number[]): HoursChart {
  const { sealed } = profile;
  const marks = new Map<number, number>();
  for (const time of times) {
    const hour = hourOfWeek(time, zone);
    marks.set(hour, (marks.get(hour) ?? 0) + 1);
  }
  const informative = hasHours(sealed);
  return {
    zone,
    active_days: sealed.activeDays,
    cells: [...sealed.hours],
    marks: [...marks].map(([hour, events]) => ({ hour, events })).sort((a, b) => a.hour - b.hour),
    informative,
    words: hourSentence(profile, informative, [...marks.keys()]),
  };
}

function hourSentence({ sealed }: Profile, informative: boolean, marks: number[]): string {
  if (!informative)
    return sealed.activeDays < MIN_HOUR_DAYS
      ? `Too little is known of its hours: ${sealed.activeDays} of ${MIN_HOUR_DAYS} active days.`
      : `Its hours say nothing: ${habitsOf(sealed).why}.`;
  const never = marks.filter((hour) => sealed.hours[hour] === 0);
  const learned = `Learned from ${plural(sealed.activeDays, "active day")}.`;
  if (marks.length === 0) return learned;
  return never.length === 0
    ? `${learned} The events fell into hours at which it has worked before.`
    : `${learned} It never worked at ${hourWords(never[0]!)}${never.length > 1 ? ` nor at ${plural(never.length - 1, "other hour")} of the incident` : ""}.`;
}

const hourOfWeek = (time: number, zone: string): number => {
  const hours = Math.floor((time + offsetMs(zone, time)) / HOUR_MS);
  return ((Math.floor(hours / 24) + 3) % 7) * 24 + (hours % 24);
};

const VALUES: Record<Rung["level"], (e: EventOut) => [value: string, label: string] | null> = {
  ip: (e) => (e.src_ip === null ? null : [e.src_ip, e.src_ip]),
  net: (e) => (e.src_net === null ? null : [e.src_net, e.src_net]),
  asn: (e) => (e.asn === null ? null : [`AS${e.asn}`, e.as_org ?? `AS${e.asn}`]),
  country: (e) => (e.country === null ? null : [e.country, e.country]),
};
const MAX_VALUES = 6;

/** ladderOf puts the places of the events beside those that the key knew before, from the finest level up. */
export function ladderOf(
  profile: Profile,
  events: readonly EventOut[],
  day: number,
  name: (code: string) => string,
): Rung[] {
  return sourceLevels.map((level) => {
    const { n, n1, values } = profile.sealed.values[level];
    const known = [...values.values()].filter((v) => v.first < day).length;
    const unseen = n === 0 ? null : unseenMass(n1, n);
    const used = new Map<string, { value: string; label: string; is_new: boolean; events: number }>();
    for (const event of events) {
      const found = event.src_kind === "ip" ? VALUES[level](event) : null;
      if (found === null) continue;
      const [value, label] = found;
      const entry = used.get(value) ?? {
        value,
        label: level === "country" ? name(label) : label,
        is_new: (values.get(value)?.first ?? day) >= day,
        events: 0,
      };
      entry.events++;
      used.set(value, entry);
    }
    return {
      level,
      known,
      unseen,
      informative: n >= 20 && unseen !== null && unseen <= 0.15,
      words:
        unseen === null
          ? "nothing is known at this level"
          : `a new one was expected in ${percent(unseen)} of ${plural(n, "observation")}`,
      values: [...used.values()]
        .sort((a, b) => Number(b.is_new) - Number(a.is_new) || b.events - a.events)
        .slice(0, MAX_VALUES),
    };
  });
}
