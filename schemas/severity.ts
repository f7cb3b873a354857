/** severities in rising order; the index is the order, `severityId` the OCSF 1.8.0 number. */
export const severities = ["informational", "low", "medium", "high", "critical"] as const;
export type Severity = (typeof severities)[number];

export const severityId = (s: Severity): number => severities.indexOf(s) + 1;
export const atLeast = (s: Severity, min: Severity): boolean => severities.indexOf(s) >= severities.indexOf(min);
export const maxSeverity = (a: Severity, b: Severity): Severity => (atLeast(a, b) ? a : b);

/** shiftSeverity moves by whole steps and stays inside the scale. */
export function shiftSeverity(s: Severity, steps: number): Severity {
  const i = Math.min(severities.length - 1, Math.max(0, severities.indexOf(s) + steps));
  return severities[i]!;
}
