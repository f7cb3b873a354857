import { DAY_MS } from "../../schemas/duration.ts";
import { type SubjectRow, subjectsNamed } from "../../schemas/queries/keys.ts";
import type { App } from "../app.ts";
import { nameOf } from "../keys/names.ts";
import { CommandFault } from "../out.ts";
import { inert } from "../table.ts";
import type { Declarations } from "./keys_observed.ts";

const MAX_SHOWN = 10;

/** NeverUsed says that a key is declared, and that no event is its own. */
export class NeverUsed extends CommandFault {
  override name = "NeverUsed";
}

/**
 * findSubject finds the one subject that a person means: by inventory name, hint, key id, key_uid, subject_uid, principal or the last
 * part of an ARN. Throws a sentence where there is none, or where it fits several.
 */
export async function findSubject(
  app: App,
  key: string,
  declarations: Declarations,
  question: typeof subjectsNamed = subjectsNamed,
): Promise<SubjectRow> {
  const declared = (declarations.inventory?.keys ?? []).filter((k) => k.name === key);
  const names = new Set<string>([key]);
  for (const k of declared) {
    if (k.id !== null) names.add(app.parts.fingerprint(k.provider, k.id));
    if (k.fingerprint !== null)
      names.add(k.fingerprint.startsWith(`${k.provider}:`) ? k.fingerprint : `${k.provider}:${k.fingerprint}`);
    if (k.principal !== null) names.add(k.principal);
  }
  // The id itself is stored nowhere, so it is found by its fingerprint under each provider.
  for (const provider of app.parts.registry.ids()) {
    names.add(app.parts.fingerprint(provider, key));
    if (/^[0-9a-f]{32}$/.test(key)) names.add(`${provider}:${key}`);
  }
  const tails = [key, ...declared.flatMap((k) => (k.principal === null ? [] : [k.principal]))].map((t) => `/${t}`);
  const found = await app.store.ask(question, {
    names: [...names],
    tails,
    since: app.now() - 30 * DAY_MS,
    limit: MAX_SHOWN + 1,
  });
  const rows = narrowed(found, key, declarations);
  if (rows.length === 1) return rows[0]!;
  if (rows.length > 1) {
    const list = rows
      .slice(0, MAX_SHOWN)
      .map((s) => `${inert(nameOf(s))} (${s.subject_uid})`)
      .join(", ");
    throw new CommandFault(
      `${inert(key)} fits several keys: ${list}${rows.length > MAX_SHOWN ? " …" : ""}. Give the part in brackets.`,
    );
  }
  if (declared.length > 0) throw new NeverUsed(`${inert(key)} stands in the inventory and was never used.`);
  throw new CommandFault(`There is no key ${inert(key.slice(0, 80))}. \`keywatch keys list\` shows what there is.`);
}

/** A name of the inventory, or a whole uid, means one key, though others share its principal's name. */
function narrowed(found: SubjectRow[], key: string, declarations: Declarations): SubjectRow[] {
  const exact = found.filter((s) => s.subject_uid === key || s.key_uid === key);
  if (exact.length > 0) return exact;
  const declared = found.filter((s) => declarations.of(s)?.name === key);
  return declared.length > 0 ? declared : found;
}
