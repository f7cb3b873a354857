import type { InhibitRule } from "../schemas/config_routing.ts";
import type { Labels, Matcher } from "../schemas/matcher.ts";
import { labelMatches } from "./route.ts";

/** Inhibitor knows which living incidents keep others quiet; it is kept up to date, so that a question costs one look a rule. */
export interface Inhibitor {
  /** Takes an incident in, or its labels as they are now. */
  set(uid: string, labels: Labels): void;
  delete(uid: string): void;
  /** The incident that inhibits this one, and by which rule; null when none does. */
  inhibiting(uid: string, labels: Labels): { source: string; rule: number } | null;
}

interface Source {
  /** Whether it is a target of the same rule too. */
  twoSided: boolean;
}

/**
 * createInhibitor follows Alertmanager: a missing label equals an empty one, and an incident that matches both sides of a rule is
 * not inhibited by others that do, so that two of them cannot silence each other.
 */
export function createInhibitor(rules: readonly InhibitRule[]): Inhibitor {
  /** For each rule the sources, by the values of the labels that must be equal. */
  const sources = rules.map(() => new Map<string, Map<string, Source>>());
  /** Where an incident stands as a source, by rule. */
  const places = new Map<string, [rule: number, key: string][]>();

  function remove(uid: string): void {
    for (const [rule, key] of places.get(uid) ?? []) {
      const same = sources[rule]!.get(key);
      same?.delete(uid);
      if (same?.size === 0) sources[rule]!.delete(key);
    }
    places.delete(uid);
  }

  return {
    set(uid, labels) {
      remove(uid);
      for (const [i, rule] of rules.entries()) {
        if (!all(rule.source_matchers, labels)) continue;
        const key = keyOf(rule, labels);
        const same = sources[i]!.get(key) ?? new Map<string, Source>();
        sources[i]!.set(key, same.set(uid, { twoSided: all(rule.target_matchers, labels) }));
        places.set(uid, [...(places.get(uid) ?? []), [i, key]]);
      }
    },
    delete: remove,
    inhibiting(uid, labels) {
      for (const [i, rule] of rules.entries()) {
        const same = sources[i]!.get(keyOf(rule, labels));
        if (same === undefined || !all(rule.target_matchers, labels)) continue;
        const isSource = all(rule.source_matchers, labels);
        for (const [source, { twoSided }] of same)
          if (source !== uid && !(isSource && twoSided)) return { source, rule: i };
      }
      return null;
    },
  };
}

const all = (matchers: readonly Matcher[], labels: Labels): boolean => matchers.every((m) => labelMatches(m, labels));
const keyOf = (rule: InhibitRule, labels: Labels): string => rule.equal.map((l) => labels[l] ?? "").join("\u001f");
