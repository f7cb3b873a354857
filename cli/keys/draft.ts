import { DAY_MS } from "../../schemas/duration.ts";
import type { Hours } from "../../schemas/inventory.ts";
import { isCidr } from "../../schemas/network.ts";
import { type Access, proposeAccess } from "./access.ts";
import { type DraftHours, hoursText, proposeHours } from "./hours.ts";
import { ownerHint, rotationHint, uniqueNames } from "./names.ts";
import { proposeCountries, proposeNetworks } from "./networks.ts";
import { date, days, groupBy, type Observed, type Proposal } from "./observed.ts";

/** Declared is what today's inventory already says of a key; a draft keeps it. */
export interface Declared {
  name: string;
  owner: string | null;
  environment: string | null;
  revoked_at: number | null;
  expires_at: number | null;
  honeytoken: boolean;
  scopes: string[] | null;
  granted: string[] | null;
  tags: string[];
  access: Access | null;
  allowed_networks: string[] | null;
  allowed_countries: string[] | null;
  hours: Hours | null;
}

/** DraftKey is one key of the proposal, each value with what it rests on. */
export interface DraftKey {
  subject_uid: string;
  name: string;
  provider: string;
  /** One of the two is set; a key id never is. */
  fingerprint: string | null;
  principal: string | null;
  /** How people recognise it. */
  hint: string;
  declared: Declared | null;
  owner: Proposal<string>;
  environment: Proposal<string>;
  access: Proposal<Access>;
  networks: Proposal<string[]>;
  countries: Proposal<string[]>;
  hours: Proposal<DraftHours>;
  rotation: string | null;
  /** Null while it is in use. */
  silent: string | null;
}

/** Silence after which nobody seems to need a key. */
const DORMANT_MS = 30 * DAY_MS;

/** draftOf proposes an inventory from what was observed; `now` in ms. The same input gives the same draft, in order of names. */
export function draftOf(
  observed: readonly Observed[],
  declared: ReadonlyMap<string, Declared>,
  now: number,
): DraftKey[] {
  const subjects = observed.map((o) => o.subject);
  const undeclared = subjects.filter((s) => !declared.has(s.subject_uid));
  const names = uniqueNames(undeclared, new Set([...declared.values()].map((d) => d.name)));
  for (const [subject, d] of declared) names.set(subject, d.name);
  const siblings = groupBy(subjects, (s) => s.principal_uid);
  return observed
    .map((o) =>
      draftKey(
        o,
        names.get(o.subject.subject_uid)!,
        declared.get(o.subject.subject_uid) ?? null,
        rotationHint(o.subject, siblings.get(o.subject.principal_uid)!, names),
        now,
      ),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function draftKey(
  observed: Observed,
  name: string,
  declared: Declared | null,
  rotation: string | null,
  now: number,
): DraftKey {
  const { subject: s } = observed;
  const longLived = s.key_type === "long_lived" && s.key_uid !== null;
  const silence = now - s.last_ms;
  return {
    subject_uid: s.subject_uid,
    name,
    provider: s.provider,
    fingerprint: longLived ? s.key_uid!.slice(s.provider.length + 1) : null,
    principal: longLived ? null : s.principal_uid,
    hint: longLived ? (s.key_hint ?? "") : `temporary keys of ${s.principals.slice(0, 3).join(", ")}`,
    declared,
    owner: ownerOf(observed, declared),
    environment: environmentOf(observed, declared),
    access: kept(declared?.access, proposeAccess(s)),
    networks: keptNetworks(declared?.allowed_networks, proposeNetworks(observed)),
    countries: kept(declared?.allowed_countries, proposeCountries(observed)),
    hours: kept(declared?.hours ? hoursText(declared.hours) : null, proposeHours(observed)),
    rotation,
    silent:
      silence > DORMANT_MS
        ? `silent since ${date(s.last_ms)} (${days(Math.floor(silence / DAY_MS))}): delete it?`
        : null,
  };
}

/** kept lets a declaration stand: use that breaks it must not become the rule. What was observed is told beside it. */
function kept<T>(declared: T | null | undefined, observed: Proposal<T>): Proposal<T> {
  if (declared === null || declared === undefined) return observed;
  const same = JSON.stringify(declared) === JSON.stringify(observed.value);
  const seen = observed.value === null || same ? "" : `${shown(observed.value)}: `;
  return { value: declared, why: `as declared; observed: ${seen}${observed.why}` };
}

/** A network set belongs to an inventory that the draft is not, so its name alone cannot stand. */
function keptNetworks(declared: string[] | null | undefined, observed: Proposal<string[]>): Proposal<string[]> {
  const sets = (declared ?? []).filter((n) => !isCidr(n));
  if (sets.length === 0) return kept(declared, observed);
  return { value: observed.value, why: `declared as ${declared!.join(", ")}; observed: ${observed.why}` };
}

const shown = (value: unknown): string =>
  typeof value === "string"
    ? value
    : Array.isArray(value)
      ? value.join(", ")
      : Object.values(value as object).join(" ");

function ownerOf({ subject }: Observed, declared: Declared | null): Proposal<string> {
  if (declared?.owner) return { value: declared.owner, why: "as declared" };
  const mail = ownerHint(subject);
  if (mail !== null) return { value: mail, why: "the address stands in its principal" };
  return { value: null, why: "who answers for it?" };
}

function environmentOf({ subject }: Observed, declared: Declared | null): Proposal<string> {
  if (declared?.environment) return { value: declared.environment, why: "as declared" };
  if (subject.environment !== null) return { value: subject.environment, why: "its records say so" };
  return {
    value: null,
    why: subject.account === null ? "its records name no account" : `works in account ${subject.account}`,
  };
}
