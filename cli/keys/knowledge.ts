import { habitsOf, hasHours, MIN_HOUR_DAYS } from "../../detect/hour_score.ts";
import type { Profile, ValueDimension } from "../../detect/profile.ts";
import { ladder, type SourceLevel, sourceLevels, unseenMass } from "../../detect/stats/novelty.ts";
import { countryName, hourWords, percent, plural } from "../../detect/words.ts";

/** Knowledge is what a profile can speak about, and what not and why, in sentences. */
export interface Knowledge {
  learned: string[];
  uninformative: string[];
  /** Values that gave a finding and wait for days or a verdict before they count as habit. */
  waiting: string[];
}

const LEVEL_WORDS: Record<SourceLevel, [one: string, many: string]> = {
  ip: ["address", "addresses"],
  net: ["network", "networks"],
  asn: ["network owner", "network owners"],
  country: ["country", "countries"],
};

/** knowledgeOf puts a profile in words; its hours are kept in `zone`. The judgement of each source level is that of the detection new_source itself. */
export function knowledgeOf({ sealed, pending, days }: Profile, zone: string): Knowledge {
  const learned: string[] = [];
  const uninformative: string[] = [];
  for (const level of sourceLevels) {
    const { n, n1, values } = sealed.values[level];
    const [one, many] = LEVEL_WORDS[level];
    const verdict = ladder([{ level, isNew: true, n, n1 }]);
    if (n === 0) uninformative.push(`${many}: none seen`);
    else if (verdict !== null && "uninformative" in verdict) uninformative.push(`${many}: ${verdict.uninformative}`);
    else
      learned.push(
        `${values.size} ${values.size === 1 ? one : many}: a new one was expected in ${percent(unseenMass(n1, n))} of days, so it would be ${verdict?.verdict === "finding" ? "a finding" : "a risk"}`,
      );
  }
  const operations = sealed.values.operation;
  const unseen = unseenMass(operations.n1, operations.n);
  const known = `${plural(operations.values.size, "operation")} of ${plural(sealed.values.service.values.size, "service")}`;
  if (operations.n < 20 || unseen > 0.15)
    uninformative.push(
      `operations: ${known}, a new one is expected in ${percent(unseen)} of observations; only sensitive ones speak`,
    );
  else learned.push(`${known}: a new one was expected in ${percent(unseen)} of observations`);
  if (hasHours(sealed))
    learned.push(
      `hours: ${habitsOf(sealed).activeHours} of 24 are usual (by ${zone}), from ${plural(sealed.activeDays, "active day")}`,
    );
  else
    uninformative.push(
      `hours: ${sealed.activeDays < MIN_HOUR_DAYS ? `${sealed.activeDays} of ${MIN_HOUR_DAYS} active days` : habitsOf(sealed).why}`,
    );
  const { n, k } = sealed.calls;
  if (n > 0) learned.push(`denied calls: ${k.toLocaleString("en-US")} of ${n.toLocaleString("en-US")} judged`);
  else uninformative.push("denied calls: no day is sealed yet");
  if (days.size > 0) learned.push(`${plural(days.size, "day")} still open: today counts from tomorrow on`);
  return {
    learned,
    uninformative,
    waiting: [...pending].map(([key, p]) => `${valueWords(key, zone)}: seen on ${p.days} of ${p.need} days`),
  };
}

function valueWords(key: string, zone: string): string {
  const [dimension = "", value = ""] = key.split("\u001f");
  if (dimension === "hour") return `hour ${hourWords(Number(value))} ${zone}`;
  if (dimension === "country") return `country ${countryName(value)}`;
  const words: Partial<Record<ValueDimension | "session" | "count", string>> = {
    count: "number of",
    net: "network",
    ip: "address",
    asn: "network owner",
    agent: "user agent",
  };
  return `${words[dimension as ValueDimension] ?? dimension} ${value}`;
}
