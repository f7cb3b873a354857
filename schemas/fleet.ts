import type { Finding } from "./finding.ts";

/** Fleet detections speak of many keys at once, or of the source that tells of them all. */
export const fleetDetections = ["shared_new_source", "provider_degraded", "source_silent", "delivery_lag"] as const;
export type FleetDetection = (typeof fleetDetections)[number];

/** How long a shared source explains that one more key appears there, ms: weekly jobs follow a move days later. */
export const SHARED_MS = 14 * 86_400_000;

/** sourceDetections tell that keys are seen late or not at all: what they do not do then says nothing. */
export const sourceDetections: readonly FleetDetection[] = ["source_silent", "delivery_lag"];

/** fleetSubject is the subject of a fleet finding: what happened, to which provider's keys, and the value that they share. */
export const fleetSubject = (detection: FleetDetection, provider: string, value: string): string =>
  `fleet:${detection}:${provider}:${value}`;

/** coverOf names the fleet subject that would explain a finding of one key; null where nothing could. */
export function coverOf(finding: Finding): string | null {
  const { detection, provider, anomaly } = finding;
  if (detection === "failure_spike" || detection === "call_volume_spike")
    return fleetSubject("provider_degraded", provider, "");
  const owner = anomaly.facts.network_owner;
  if (detection !== "new_source" || typeof owner !== "string") return null;
  return fleetSubject("shared_new_source", provider, owner);
}
