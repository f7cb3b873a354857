import { apiActivity } from "../../schemas/activity.ts";
import type { DetectEvent } from "../detection.ts";

/** What rules do not see: the raw record, and what only people read or is known by its family. */
const ABSENT = new Set(["raw", "ingested_at", "position", "user_agent", "region_geo", "scopes", "seq"]);

/** ruleFields are the fields of an ApiActivity that rules may ask about. */
export const ruleFields: readonly string[] = Object.keys(apiActivity.shape).filter((name) => !ABSENT.has(name));

export type RuleValue = string | number | boolean | null;

/** fieldOf gives the values of a field: one, or those of a list; null where the record does not say. */
export function fieldOf(event: DetectEvent, name: string): readonly RuleValue[] {
  const value = (event as unknown as Record<string, RuleValue | readonly string[] | undefined>)[name];
  if (Array.isArray(value)) return value;
  return [(value as RuleValue | undefined) ?? null];
}
