import type { Draft } from "./provider.ts";

/** Told is what every log says of a call; the rest of a Draft is null until somebody knows it. */
type Told = Pick<Draft, "time" | "operation" | "verb_class" | "outcome"> & Partial<Draft>;

const NONE: string[] = [];
const UNTOLD = {
  event_uid: null,
  account: null,
  key_id: null,
  key_type: "none",
  session_uid: null,
  session_kind: "none",
  principal_uid: null,
  principal: null,
  principal_type: "unknown",
  service: null,
  error_code: null,
  status_code: null,
  source: null,
  vpc_endpoint: null,
  user_agent: null,
  region: null,
  resources: NONE,
  key_resources: NONE,
  environment: null,
  scopes: NONE,
  bytes_out: null,
} satisfies Omit<Draft, "time" | "operation" | "verb_class" | "outcome">;

/** draft makes a Draft of what a log tells; what it leaves out is null, none or unknown. */
export const draft = (told: Told): Draft => ({ ...UNTOLD, ...told });

const MAX_RESOURCES = 16;

/** named keeps the names that say something, each once, at most 16. */
export function named(...names: readonly (string | null | undefined)[]): string[] {
  const found: string[] = [];
  for (const name of names) {
    if (found.length >= MAX_RESOURCES) break;
    if (name !== null && name !== undefined && name !== "" && !found.includes(name)) found.push(name);
  }
  return found;
}
