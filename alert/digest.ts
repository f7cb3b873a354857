import type { Finding } from "../schemas/finding.ts";
import { coverOf } from "../schemas/fleet.ts";
import { oneLine } from "./clean.ts";

/** Digest is what an incident keeps of a finding: enough to fold severity, risk, title and reasons again. */
export interface Digest {
  uid: string;
  version: number;
  detection: string;
  /** What kind of fact it is about; two findings of one detection and family are one signal. */
  family: string;
  /** The value it is about, such as an operation; "" where there is none. */
  about: string;
  severity: Finding["severity"];
  risk: number;
  /** How likely such a thing is on a day of this key; null where that is not known. */
  p: number | null;
  title: string;
  /** From where, in words; null where the finding does not say. */
  from: string | null;
  reasons: string[];
  runbook: string[];
  first_seen: number;
  last_seen: number;
  event_count: number;
  /** Event time (ms) at which what it tells was over by itself. */
  ended?: number;
  /** Subjects of a fleet finding. */
  members?: string[];
  /** Subject of the fleet finding that would explain this one. */
  cover?: string | null;
  who: Who;
}

/** Who is the part of a finding that names key and owner. */
export type Who = Pick<
  Finding,
  | "subject_uid"
  | "key_uid"
  | "key_hint"
  | "key_name"
  | "principal_uid"
  | "principal"
  | "owner"
  | "environment"
  | "provider"
  | "account"
  | "tags"
>;

export const MAX_REASONS = 8;
const MAX_STEPS = 10;
const MAX_MEMBERS = 10_000;
const TEXT = 600;

export function digestOf(finding: Finding): Digest {
  const { subject_uid, key_uid, key_hint, key_name, principal_uid, principal, owner, environment, provider } = finding;
  return {
    uid: finding.uid,
    version: finding.version,
    detection: finding.detection,
    family: /^[^.\s]*/.exec(finding.anomaly.parameter)![0].toLowerCase(),
    about: oneLine(finding.dimension, 80),
    severity: finding.severity,
    risk: Math.min(1, Math.max(0, Number.isFinite(finding.risk) ? finding.risk : 0)),
    p: finding.anomaly.p,
    title: oneLine(finding.title, 160),
    from: fromWhere(finding),
    reasons: finding.reasons.slice(0, MAX_REASONS).map((r) => oneLine(r, TEXT)),
    runbook: finding.runbook.slice(0, MAX_STEPS).map((r) => oneLine(r, TEXT)),
    first_seen: finding.first_seen,
    last_seen: finding.last_seen,
    event_count: finding.event_count,
    cover: coverOf(finding),
    ...(finding.resolved_at == null ? {} : { ended: finding.resolved_at }),
    ...(finding.members ? { members: finding.members.slice(0, MAX_MEMBERS) } : {}),
    who: {
      subject_uid,
      key_uid,
      key_hint,
      key_name,
      principal_uid,
      principal,
      owner,
      environment,
      provider,
      account: finding.account,
      tags: finding.tags.slice(0, 50),
    },
  };
}

/** fromWhere reads the source out of the finding's facts: "203.0.113.9 (Example Net, DE)". */
function fromWhere(finding: Finding): string | null {
  const { facts, parameter, observed } = finding.anomaly;
  const text = (...names: string[]): string | null => {
    for (const name of names) {
      const value = facts[name];
      if (typeof value === "string" && value !== "") return oneLine(value, 60);
    }
    return null;
  };
  const about = (name: string) =>
    parameter === `src.${name}` && typeof observed === "string" ? oneLine(observed, 60) : null;
  const address = text("src_ip", "ip", "source", "src_net") ?? about("ip") ?? about("net");
  const place = [text("as_org") ?? about("asn"), text("country") ?? about("country")].filter((p) => p !== null);
  if (address === null) return place.length > 0 ? place.join(", ") : null;
  return place.length > 0 ? `${address} (${place.join(", ")})` : address;
}
