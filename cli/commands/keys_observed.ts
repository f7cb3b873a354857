import type { KeyPolicy } from "../../detect/inventory_index.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import type { Inventory } from "../../schemas/inventory.ts";
import { type SubjectRow, subjectHours, subjectSources } from "../../schemas/queries/keys.ts";
import type { App } from "../app.ts";
import { readInventory } from "../inventory_store.ts";
import { groupBy, type Observed } from "../keys/observed.ts";

/** Subjects of one question: their quarter hours of a year are some megabytes. */
const CHUNK = 50;

/** loadObserved reads where and when subjects were active in [from, to), ms. */
export async function loadObserved(
  app: App,
  subjects: readonly SubjectRow[],
  from: number,
  to: number,
): Promise<Observed[]> {
  const observed: Observed[] = [];
  // Principals side by side: that is the order of the table.
  const sorted = [...subjects].sort((a, b) => (a.principal_uid < b.principal_uid ? -1 : 1));
  for (let i = 0; i < sorted.length; i += CHUNK) {
    const some = sorted.slice(i, i + CHUNK);
    const span = spanOf(some, from, to);
    const sources = groupBy(await app.store.ask(subjectSources, span), (r) => r.subject_uid);
    const countries = groupBy(await app.store.ask(subjectHours, span), (r) => r.subject_uid);
    for (const subject of some) {
      const { subject_uid } = subject;
      observed.push({ subject, sources: sources.get(subject_uid) ?? [], countries: countries.get(subject_uid) ?? [] });
    }
  }
  return observed;
}

/** spanOf narrows questions to some subjects, with every principal that ever held them. */
export function spanOf(subjects: readonly SubjectRow[], from: number, to: number) {
  return {
    subjects: subjects.map((s) => s.subject_uid),
    principals: [...new Set(subjects.flatMap((s) => s.principal_uids))],
    from,
    to,
  };
}

/** Declarations is the inventory that holds now, and which declaration belongs to which subject. */
export interface Declarations {
  inventory: Inventory | null;
  of(subject: SubjectRow): KeyPolicy | null;
}

export async function declarationsNow(app: App): Promise<Declarations> {
  const versions = await readInventory(app.store);
  const index = createInventoryIndex(versions, app.parts.fingerprint);
  const now = app.now();
  const current = versions.filter((v) => v.effective_at <= now).at(-1) ?? versions[0] ?? null;
  return {
    inventory: current?.inventory ?? null,
    of: (s) => {
      const principals: (string | null)[] = s.principals.length === 0 ? [null] : s.principals;
      for (const principal of principals) {
        const found = index.lookup({
          time: now,
          provider: s.provider,
          key_uid: s.key_type === "long_lived" ? s.key_uid : null,
          principal_uid: s.principal_uid,
          principal,
        });
        if (found !== null) return found;
      }
      return null;
    },
  };
}
