import type { Finding } from "../schemas/finding.ts";
import type { Store } from "../schemas/store/store.ts";
import { storeFindings } from "./finding_rows.ts";

/** Outbox holds findings until the store and the alerting took them: what either refused goes out with the next ones, and no checkpoint passes it. */
export interface Outbox {
  /** `report`: stored and shown, nobody is paged. */
  add(findings: readonly Finding[], report: boolean): void;
  /** Rejects when the store or the alerting did, and can be repeated. */
  send(): Promise<void>;
  /** Forgets the findings of these subjects. */
  forget(subjects: ReadonlySet<string>): void;
}

export function createOutbox(
  store: Store,
  onFindings: (findings: Finding[], options: { report: boolean }) => Promise<void>,
): Outbox {
  let unpublished = new Map<string, { finding: Finding; report: boolean }>();
  return {
    add(findings, report) {
      for (const finding of findings) unpublished.set(finding.uid, { finding, report });
    },
    async send() {
      if (unpublished.size === 0) return;
      const waiting = [...unpublished.values()];
      await storeFindings(
        store,
        waiting.map((w) => w.finding),
      );
      for (const report of [false, true]) {
        const part = waiting.filter((w) => w.report === report).map((w) => w.finding);
        if (part.length > 0) await onFindings(part, { report });
      }
      unpublished = new Map();
    },
    forget(subjects) {
      for (const [uid, { finding }] of unpublished) if (subjects.has(finding.subject_uid)) unpublished.delete(uid);
    },
  };
}
