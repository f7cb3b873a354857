import { codeAt } from "./code_at.ts";
import { awsSensitivity } from "./sensitivity_aws.ts";
import { otherSensitivity } from "./sensitivity_others.ts";

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
 * sensitivityOf tells what an operation can do, null where the tables know nothing.
 * `service` is the event's; for AWS the event source without `.amazonaws.com`; a version suffix of the operation (`CreateFunction20150331`) is ignored.
 */
export function sensitivityOf(service: string | null, operation: string): Sensitivity | null {
  const operations = service === null ? undefined : byService.get(service);
  if (operations === undefined) return null;
  return operations.get(operation) ?? operations.get(withoutApiVersion(operation)) ?? null;
}

/** withoutApiVersion drops the date that Lambda and CloudFront put behind an operation: `AddPermission20150331v2`. */
export function withoutApiVersion(operation: string): string {
  if (operation === "") return operation;
  const last = codeAt(operation, operation.length - 1);
  if (last < 48 || last > 57) return operation;
  return operation.replace(/20\d\d_?\d\d_?\d\d(v\d)?$/, "");
}

const byService = new Map<string, Map<string, Sensitivity>>();
const rows = [
  ...awsSensitivity.map(([service, kind, grade, names]) => [service, kind, grade, names.split(" ")] as const),
  ...otherSensitivity,
];
for (const [service, kind, grade, names] of rows) {
  const operations = byService.get(service) ?? new Map<string, Sensitivity>();
  byService.set(service, operations);
  for (const name of names) operations.set(name, { class: kind, grade });
}
