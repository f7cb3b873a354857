import { madeWhere } from "../bench/page_sections.ts";
import { compromiseKinds } from "./fleet.ts";
import { isQuick, median, rate, type SeedResult, share, timeText } from "./result.ts";
import type { Caught, FalseIncident } from "./score.ts";

/** page writes what the seeds gave, as Markdown: the terminal shows it, docs/quality.md keeps it. */
export function page(results: readonly SeedResult[], command: string): string {
  const caught = results.flatMap((r) => r.caught);
  const falses = results.flatMap((r) => r.falses);
  const sum = (of: (r: SeedResult) => number) => results.reduce((total, r) => total + of(r), 0);
  const keyDays = sum((r) => r.keyDays);
  const whole = (n: number) => n.toLocaleString("en-US");
  const part = (loud: boolean) => caught.filter((c) => c.loud === loud);
  const quick = (list: Caught[]) => share(list.filter(isQuick).length, list.length);
  return `# Quality

Made by \`${command}\`. The fleet is made up by test/quality; it was written and frozen (2ec4790) before the first measurement,
and changed once after it (96c1c27: benign travellers made calls while they flew, and worked from where they were not); tuning
looks at seeds 1 to 5 only. The secret behind the keys' fingerprints is the seed's, so that a run can be repeated: of two keys that call in one moment it
decides which is the first.

${madeWhere()}
- Seeds ${results.map((r) => r.seed).join(", ")}: ${results[0]?.keys ?? 0} keys each over 90 days, ${whole(sum((r) => r.events))} events, ${whole(keyDays)} key-days (${whole(sum((r) => r.activeKeyDays))} with calls)
- Slowest seed ${Math.max(...results.map((r) => r.seconds)).toFixed(0)} s, peak memory ${Math.max(...results.map((r) => r.peakMb)).toFixed(0)} MB

| what | asked | measured, 95 % interval |
| --- | --- | --- |
| loud compromises, incident within 10 events or 15 minutes | 95 % | ${quick(part(true))} of ${part(true).length} |
| low-and-slow compromises, incident within a day | 60 % | ${quick(part(false))} of ${part(false).length} |
| false incidents (medium or more) per 1,000 key-days | 1 | ${rate(falses.length, keyDays)}, ${falses.length} in all |

## Compromises

Caught: an incident holds a finding that lists one of its events. Median time and events until then.

| compromise | story | quick enough | caught at all | time | events | told by |
| --- | --- | --- | --- | --- | --- | --- |
${compromiseKinds.map((k) => compromiseRow(k.id, k.loud, k.story, caught)).join("\n")}

## False incidents

An incident without any event of a compromise, on any day of the 90, learning included. An incident counts for every detection that alone would
have opened it; "combination" is two weak signals of one key within a day.

| detection | false incidents | per 1,000 key-days |
| --- | --- | --- |
${tally(falses, (f) => f.by, keyDays)}

| near which benign surprise | false incidents | per 1,000 key-days |
| --- | --- | --- |
${tally(falses, (f) => [f.surprise], keyDays)}

| kind of key | false incidents | per 1,000 key-days |
| --- | --- | --- |
${tally(falses, (f) => [f.keyKind], keyDays)}
`;
}

function compromiseRow(id: string, loud: boolean, story: string, all: Caught[]): string {
  const own = all.filter((c) => c.kind === id);
  const hits = own.filter((c) => c.delayMs !== null);
  const by = new Map<string, number>();
  for (const c of hits) for (const d of c.detections) by.set(d, (by.get(d) ?? 0) + 1);
  const told = [...by].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 3);
  const cells = [
    `${id}${loud ? "" : " (slow)"}`,
    story,
    `${own.filter(isQuick).length} of ${own.length}`,
    `${hits.length} of ${own.length}`,
    timeText(median(hits.map((c) => c.delayMs!))),
    String(median(hits.map((c) => c.events!)) ?? ""),
    told.map(([d]) => d).join(", "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function tally(falses: FalseIncident[], names: (f: FalseIncident) => string[], keyDays: number): string {
  const counts = new Map<string, number>();
  for (const f of falses) for (const name of names(f)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return sorted.map(([name, n]) => `| ${name} | ${n} | ${rate(n, keyDays)} |`).join("\n");
}
