import { isWrite } from "../schemas/activity.ts";
import { type Severity, shiftSeverity } from "../schemas/severity.ts";
import type { Baseline, DetectEvent, Policy } from "./detection.ts";
import type { KeyPolicy } from "./inventory_index.ts";

/** Weight of what the call can do (DETECTION.md, section 7); an administrator's usual call weighs as a write. */
export function verbWeight(event: Pick<DetectEvent, "verb_class">, usualAdmin = false): number {
  if (event.verb_class === "admin" && !usualAdmin) return 1;
  return isWrite(event) ? 0.6 : 0.3;
}

/** sourceConfidence says how far the record's facts carry: no address, or an invalid one, says less. */
export const sourceConfidence = (event: Pick<DetectEvent, "src_kind">): number =>
  event.src_kind === "none" || event.src_kind === "invalid" ? 0.7 : 1;

const PRODUCTION = /^(prod|production|live)$/i;
export const isProduction = (environment: string): boolean => PRODUCTION.test(environment);

/**
 * gradeSeverity applies the two rules of the catalogue: learned findings rise by one where the call administers
 * identities, secrets or logging, and everything but a honeytoken falls by one outside production, where that is declared.
 */
export function gradeSeverity(
  detection: Policy | Baseline,
  level: Severity,
  event: Pick<DetectEvent, "verb_class" | "environment">,
  key: KeyPolicy | null,
  usualAdmin = false,
): Severity {
  let severity = level;
  const administers = event.verb_class === "admin" && !usualAdmin;
  if (administers && detection.kind === "baseline" && RISES_WITH_VERB.has(detection.id)) {
    severity = shiftSeverity(severity, 1);
  }
  const environment = key?.environment ?? event.environment;
  if (environment !== null && !PRODUCTION.test(environment) && detection.id !== "honeytoken_used") {
    severity = shiftSeverity(severity, -1);
  }
  return severity;
}

/** Detections about where and when; the others grade the call themselves. */
const RISES_WITH_VERB = new Set(["new_source", "off_hours", "dormant_key_used"]);
