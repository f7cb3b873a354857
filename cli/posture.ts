import { postures } from "../detect/catalogue.ts";
import { POSTURE_DAYS } from "../detect/detection.ts";
import { findingRow } from "../detect/finding_rows.ts";
import type { DeclaredKey, InventoryIndex } from "../detect/inventory_index.ts";
import { judgePosture, type PostureKey } from "../detect/posture.ts";
import type { Config } from "../schemas/config.ts";
import { DAY_MS, dayOf } from "../schemas/duration.ts";
import type { Finding } from "../schemas/finding.ts";
import { firstEvents, postureFindings, type UseRow, useOfKeys } from "../schemas/queries/posture.ts";
import type { Store } from "../schemas/store/store.ts";
import { sourceTrouble } from "./source_trouble.ts";

export interface PostureParts {
  store: Store;
  /** How far the event time of each provider has come, ms. */
  watermarks(): Promise<ReadonlyMap<string, number>>;
  inventory: () => InventoryIndex;
  config: Pick<Config, "detect">;
}

export const postureIds: readonly string[] = postures.map((d) => d.id);

/**
 * createPosture asks, once for each UTC day that the event time of a provider reaches, which conditions of its declared keys are true.
 * Doing it again writes nothing new. A condition that came and went between two days is not told.
 */
export function createPosture(parts: PostureParts): { daily(): Promise<Finding[]>; again(): void } {
  let asked = new Map<string, number>();
  return {
    async daily() {
      const inventory = parts.inventory();
      if (inventory.empty) return [];
      const changed: Finding[] = [];
      for (const [provider, mark] of await parts.watermarks()) {
        const day = dayOf(mark);
        if (mark <= 0 || (asked.get(provider) ?? -1) >= day) continue;
        // While its source is silent or late, that a key was not used is not known.
        if ((await sourceTrouble(parts.store, mark)).has(provider)) continue;
        changed.push(...(await judgeProvider(parts, inventory, provider, day)));
        asked.set(provider, day);
      }
      return changed;
    },
    /** After the declarations changed. */
    again() {
      asked = new Map();
    },
  };
}

/** openPosture gives the conditions that are true now, by the name of the key in the inventory. */
export async function openPosture(store: Store): Promise<Map<string, Finding[]>> {
  const rows = await store.ask(postureFindings, { detections: postureIds, provider: "" });
  const open = new Map<string, Finding[]>();
  for (const { document } of rows) {
    const f = JSON.parse(document) as Finding;
    if (f.resolved_at == null && f.key_name !== null) open.set(f.key_name, [...(open.get(f.key_name) ?? []), f]);
  }
  return open;
}

async function judgeProvider(
  { store, config }: PostureParts,
  inventory: InventoryIndex,
  provider: string,
  day: number,
): Promise<Finding[]> {
  const now = day * DAY_MS;
  const declared = inventory.list(now).filter((d) => d.policy.provider === provider);
  const rows = await store.ask(postureFindings, { detections: postureIds, provider });
  const before = rows.map((r) => JSON.parse(r.document) as Finding);
  if (declared.length === 0 && before.length === 0) return [];
  const use = await store.ask(useOfKeys, {
    provider,
    before: now,
    since: now - POSTURE_DAYS * DAY_MS,
    keys: declared.flatMap((d) => (d.key_uid === null ? [] : [d.key_uid])),
    principals: declared.some((d) => d.key_uid === null) ? 1 : 0,
  });
  const first = (await store.ask(firstEvents, {})).find((r) => r.provider === provider)?.first_ms ?? now;
  const keys = postureKeys(declared, use, inventory, now, first);
  const changed = judgePosture(day, keys, before, postures, config.detect.detections);
  await store.insert("findings", changed.map(findingRow));
  return changed;
}

/** postureKeys puts to each declared key what its subjects did; a declared principal may hold several keys. */
function postureKeys(
  declared: readonly DeclaredKey[],
  use: readonly UseRow[],
  inventory: InventoryIndex,
  now: number,
  first: number,
): PostureKey[] {
  const rowsOf = new Map<string, UseRow[]>();
  for (const row of use) {
    const name = inventory.lookup({ time: now, provider: declared[0]?.policy.provider ?? "", ...row })?.name;
    if (name !== undefined) rowsOf.set(name, [...(rowsOf.get(name) ?? []), row]);
  }
  return declared.map((key): PostureKey => {
    const { policy, key_uid, since } = key;
    const rows = rowsOf.get(policy.name) ?? [];
    const [row] = rows;
    const principal_uid = row?.principal_uid ?? policy.principal ?? key_uid ?? policy.name;
    return {
      declared: key,
      // The same before and after its first use, so that the finding stays one.
      subject_uid: key_uid ?? `${policy.provider}:${policy.principal ?? policy.name}`,
      principal_uid,
      principal: row?.principal ?? policy.principal,
      key_hint: key_uid === null ? null : (row?.key_hint ?? null),
      account: row?.account ?? null,
      facts: {
        now,
        watchedSince: Math.max(first, since, policy.rotation?.created_at ?? 0),
        firstUse: rows.length === 0 ? null : Math.min(...rows.map((r) => r.first_ms)),
        events: rows.reduce((sum, r) => sum + r.events, 0),
        operations: [...new Set(rows.flatMap((r) => r.operations))].sort(),
      },
    };
  });
}
