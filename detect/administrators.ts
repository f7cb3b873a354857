import { type Sensitivity, type SensitivityGrade, sensitivityOf } from "../schemas/sensitivity.ts";
import type { DetectEvent } from "./detection.ts";
import { operationOf } from "./observe.ts";
import { isKnown, pendingKey, type View } from "./view.ts";

const RANK: Record<SensitivityGrade, number> = { medium: 0, high: 1, critical: 2 };

/**
 * isHabit tells whether the key does things of this class anyway, as grave or graver, or was reported for one on an earlier day: an
 * administrator's next policy is a risk, not an alarm.
 */
export function isHabit({ sealed, profile }: View, sensitivity: Sensitivity | null): boolean {
  if (sensitivity === null) return false;
  const alike = (operation: string): boolean => {
    const colon = operation.indexOf(":");
    const other = colon < 0 ? null : sensitivityOf(operation.slice(0, colon), operation.slice(colon + 1));
    return other?.class === sensitivity.class && RANK[other.grade] >= RANK[sensitivity.grade];
  };
  for (const known of sealed.values.operation.values.keys()) if (alike(known)) return true;
  const prefix = pendingKey("operation", "");
  for (const key of profile.pending.keys()) if (key.startsWith(prefix) && alike(key.slice(prefix.length))) return true;
  return false;
}

/** isUsualAdmin tells an administrator's usual call: that it administers adds nothing to where and when it came. */
export const isUsualAdmin = (event: DetectEvent, view: View): boolean =>
  event.verb_class === "admin" &&
  (isKnown(view, "operation", operationOf(event)) || isHabit(view, sensitivityOf(event.service, event.operation)));
