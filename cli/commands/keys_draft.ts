import { writeFile } from "node:fs/promises";
import { DAY_MS } from "../../schemas/duration.ts";
import type { Inventory } from "../../schemas/inventory.ts";
import { eventSpan, subjectList } from "../../schemas/queries/keys.ts";
import type { App } from "../app.ts";
import { type Declared, type DraftKey, draftOf } from "../keys/draft.ts";
import { draftDocument, draftYaml } from "../keys/draft_text.ts";
import { date, type Proposal } from "../keys/observed.ts";
import { loadSuspects, withoutSuspects } from "../keys/suspects.ts";
import { parseInventory } from "../load_config.ts";
import { CommandFault, count } from "../out.ts";
import { flag, numberOr, type StoreCommand, text } from "./command.ts";
import { declarationsNow, loadObserved } from "./keys_observed.ts";

/** More keys than a person would go through; told when there are more. */
const MAX_KEYS = 5_000;
const MAX_LEFT = 5;

/** keysDraft proposes an inventory from observed use, on standard output or into a new file. */
export const keysDraft: StoreCommand = async ({ app, args, out }) => {
  const spanDays = numberOr(args.days, 90);
  const minEvents = numberOr(args.minEvents, 20);
  const { keys, heading } = await makeDraft(app, { days: spanDays, minEvents });
  const document = draftDocument(keys);
  // What we propose must be what we accept.
  parseInventory(document, "draft");
  const body = flag(args.json) ? `${JSON.stringify(document, null, 2)}\n` : draftYaml(keys, heading);
  const file = text(args.out);
  if (file === null) {
    out.line(body.trimEnd());
    return 0;
  }
  await writeNew(file, body);
  out.note(`Wrote a proposal for ${count(keys.length)} keys to ${file}. Edit it, then: keywatch keys import ${file}`);
  return 0;
};

/** makeDraft proposes for every long-lived key and every principal of temporary ones with enough events in the last days. */
export async function makeDraft(
  app: App,
  options: { days: number; minEvents: number },
): Promise<{ keys: DraftKey[]; heading: string[] }> {
  const now = app.now();
  const from = Math.max(0, Math.floor(now - options.days * DAY_MS));
  const to = now + 1;
  const rows = await app.store.ask(subjectList, {
    from,
    to,
    since: now - 30 * DAY_MS,
    keyless: 0,
    min_events: 1,
    limit: MAX_KEYS + 1,
  });
  const subjects = rows.slice(0, MAX_KEYS).filter((s) => s.events >= options.minEvents);
  const declarations = await declarationsNow(app);
  const declared = new Map<string, Declared>();
  const names = new Set<string>();
  for (const s of rows) {
    const policy = declarations.of(s);
    // A declaration by principal covers several keys; the first one seen has its name.
    if (policy !== null && !names.has(policy.name)) {
      names.add(policy.name);
      declared.set(s.subject_uid, policy);
    }
  }
  const wanted = new Set(subjects.map((s) => s.subject_uid));
  const observed = await loadObserved(app, subjects, from, to);
  const suspects = await loadSuspects(app, [...wanted]);
  const left = new Map<string, { networks: string[]; countries: string[] }>();
  const usual = observed.map((o) => {
    const odd = suspects.get(o.subject.subject_uid);
    if (odd === undefined) return o;
    const without = withoutSuspects(o, odd);
    // Where nothing would be left, the finding was about the key's only place: that is for a person to see.
    if (without.observed.sources.length === 0) return o;
    left.set(o.subject.subject_uid, without);
    return without.observed;
  });
  const keys = draftOf(usual, new Map([...declared].filter(([uid]) => wanted.has(uid))), now);
  for (const key of keys) tellLeft(key, left.get(key.subject_uid));
  const events = subjects.reduce((sum, s) => sum + s.events, 0);
  const heading = [
    `Proposed by \`keywatch keys draft\` from ${date(from)} to ${date(now)}: ${count(events)} calls of ${count(keys.length)} keys.`,
    "It says what the keys did, not what they should do. Behind each value stands what it rests on.",
    "Edit it, then: keywatch keys import <this file>",
  ];
  const few = Math.min(rows.length, MAX_KEYS) - subjects.length;
  if (few > 0) heading.push(`Left out: ${count(few)} keys with fewer than ${options.minEvents} calls (--min-events).`);
  if (rows.length > MAX_KEYS) heading.push(`Only the ${count(MAX_KEYS)} keys used last are here.`);
  const inDraft = new Set(keys.map((k) => k.name));
  const missing = (declarations.inventory?.keys ?? []).filter((k) => !inDraft.has(k.name));
  if (missing.length > 0)
    heading.push(
      `Declared today and not here, so copy them over: ${missing
        .slice(0, 20)
        .map((k) => k.name)
        .join(", ")}${missing.length > 20 ? " …" : ""}`,
    );
  const sections = sectionsOf(declarations.inventory);
  if (sections.length > 0) heading.push(`Copy these over from today's inventory too: ${sections.join(", ")}`);
  if (keys.length === 0) heading.push(await whyEmpty(app, options.days));
  return { keys, heading };
}

/** tellLeft says beside a proposal what is not in it because it gave a finding. */
function tellLeft(key: DraftKey, left: { networks: string[]; countries: string[] } | undefined): void {
  if (left === undefined) return;
  const say = (proposal: Proposal<string[]>, values: readonly string[]) => {
    if (values.length === 0) return;
    const more = values.length > MAX_LEFT ? " …" : "";
    proposal.why += `; left out, they gave a finding and nobody confirmed them: ${values.slice(0, MAX_LEFT).join(", ")}${more}`;
  };
  say(key.networks, left.networks);
  say(key.countries, left.countries);
}

/** sectionsOf names what an inventory holds that use cannot show. */
function sectionsOf(inventory: Inventory | null): string[] {
  if (inventory === null) return [];
  const { keys, ...rest } = inventory;
  const named = Object.entries(rest)
    .filter(([, section]) => Object.keys(section).length > 0)
    .map(([name]) => name);
  return keys.some((k) => k.rotation !== null) ? [...named, "the rotation of keys"] : named;
}

async function whyEmpty(app: App, days: number): Promise<string> {
  const [span] = await app.store.ask(eventSpan, {});
  if (!span || span.events === 0) return "The store holds no events yet: keywatch ingest <paths>";
  return `No key was used in the last ${days} days; the newest event is of ${date(span.last_ms)}. --days looks further back.`;
}

async function writeNew(file: string, body: string): Promise<void> {
  try {
    await writeFile(file, body, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST")
      throw new CommandFault(`${file} is there already and may hold your edits. Name another file, or remove it.`);
    throw new CommandFault(`${file} could not be written: ${(cause as Error).message}`);
  }
}
