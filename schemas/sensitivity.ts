import { awsSensitivity } from "./sensitivity_aws.ts";

/** What a call can do to who may do what later; drives `admin`, the grade of a new operation and the risk of an incident. */
export const sensitivityClasses = [
  "secrets",
  "credentials",
  "identity",
  "policy",
  "logging",
  "billing",
  "compute_credentials",
] as const;
export type SensitivityClass = (typeof sensitivityClasses)[number];
export type SensitivityGrade = "critical" | "high" | "medium";

export interface Sensitivity {
  class: SensitivityClass;
  grade: SensitivityGrade;
}

/**
 * sensitivityOf tells what an AWS operation can do, null where the table knows nothing.
 * `service` is the event source without `.amazonaws.com`; a version suffix of the operation (`CreateFunction20150331`) is ignored.
 */
export function sensitivityOf(service: string | null, operation: string): Sensitivity | null {
  const operations = service === null ? undefined : byService.get(service);
  if (operations === undefined) return null;
  return operations.get(operation) ?? operations.get(withoutApiVersion(operation)) ?? null;
}

/** withoutApiVersion drops the date that Lambda and CloudFront put behind an operation: `AddPermission20150331v2`. */
export function withoutApiVersion(operation: string): string {
  const last = operation.charCodeAt(operation.length - 1);
  if (last < 48 || last > 57) return operation;
  return operation.replace(/20\d\d_?\d\d_?\d\d(v\d)?$/, "");
}

const byService = new Map<string, Map<string, Sensitivity>>();
for (const [service, kind, grade, names] of awsSensitivity) {
  const operations = byService.get(service) ?? new Map<string, Sensitivity>();
  byService.set(service, operations);
  for (const name of names.split(" ")) operations.set(name, { class: kind, grade });
}
