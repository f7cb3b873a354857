import type { SubjectRow } from "../../schemas/queries/keys.ts";
import { calls, confidence, date, days, type Proposal } from "./observed.ts";

export type Access = "read" | "write" | "admin";

/** Calls without one that changes anything before "read" is more than luck. */
const MIN_CALLS = 50;
/** Administering is a habit from this many days and this share of the active days on. */
const ADMIN_DAYS = 3;
const ADMIN_SHARE = 0.05;

/** proposeAccess says what a key needs by what it tried: a denied write counts, for its holder meant to write. */
export function proposeAccess(s: SubjectRow): Proposal<Access> {
  const changing = s.writes + s.admins;
  if (changing > 0) return writing(s, changing);
  if (s.events < MIN_CALLS)
    return { value: null, why: `${calls(s.events)}, none changed anything; too few to call it read` };
  if (s.auths > 0)
    return { value: null, why: `nothing was changed, but ${calls(s.auths)} got other credentials: say read or write` };
  if (s.unknowns > 0)
    return { value: null, why: `${calls(s.unknowns)} of ${s.events} cannot be told as read or write: say which` };
  return {
    value: "read",
    why: `${calls(s.events)} on ${days(s.active_days)}, none tried to change anything; ${confidence(s.active_days)}`,
  };
}

function writing(s: SubjectRow, changing: number): Proposal<Access> {
  const share = `${changing.toLocaleString("en-US")} of ${calls(s.events)}`;
  if (s.admins > 0 && s.admin_days >= ADMIN_DAYS && s.admin_days >= ADMIN_SHARE * s.active_days) {
    return {
      value: "admin",
      why: `changes identities, rights or logging on ${days(s.admin_days)} of ${s.active_days}; ${confidence(s.admin_days)}`,
    };
  }
  const rare = s.admins > 0 ? `; administering calls: ${s.admins}, too rare to call it admin` : "";
  if (s.write_days === 1 && s.active_days >= 10) {
    return {
      value: "write",
      why: `${share} change something, all on ${date(s.last_write_ms)}: if nobody meant them, say read${rare}`,
    };
  }
  return {
    value: "write",
    why: `${share} change something, on ${days(s.write_days)} of ${s.active_days}${rare}; ${confidence(s.write_days)}`,
  };
}
