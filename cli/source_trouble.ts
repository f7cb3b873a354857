import { DAY_MS } from "../schemas/duration.ts";
import type { Finding } from "../schemas/finding.ts";
import { sourceDetections } from "../schemas/fleet.ts";
import { lastingFindings } from "../schemas/queries/findings.ts";
import type { Store } from "../schemas/store/store.ts";

/** Findings of a silence that lasts are renewed every six hours; one that is not any more is of a source that was given up. */
const RENEWED_MS = DAY_MS;

/** sourceTrouble gives, by provider, what is said at a time (ms) of sources that are silent or late. */
export async function sourceTrouble(store: Store, at: number): Promise<Map<string, Finding[]>> {
  const trouble = new Map<string, Finding[]>();
  for (const { document } of await store.ask(lastingFindings, { detections: sourceDetections })) {
    const f = JSON.parse(document) as Finding;
    if (f.last_seen < at - RENEWED_MS) continue;
    trouble.set(f.provider, [...(trouble.get(f.provider) ?? []), f]);
  }
  return trouble;
}
