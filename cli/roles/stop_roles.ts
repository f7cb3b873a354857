import type { Log } from "../log.ts";
import { type Step, stopInOrder } from "../stop.ts";
import type { Role } from "./hub.ts";

/** Named is a role at work, and what it is called. */
export interface Named {
  name: "web" | "ingest" | "folders" | "detect" | "alert";
  role: Role;
}

export interface StopParts {
  /** The start, which may be under way; it was told to end. */
  starting: Promise<unknown>;
  running: readonly Named[];
  /** Lets go of what the roles share. */
  close(): Promise<void>;
  log: Log;
}

const START_MS = 3_000;
const SOURCES_MS = 7_000;
const DETECT_MS = 9_000;
const ALERT_MS = 6_000;
const STORE_MS = 2_000;

/**
 * stopRoles ends the roles in the direction of the data, so that little is done twice; one that fails or takes too long keeps no other
 * from it. Gives whether all went well. Takes less than the 30 s that Kubernetes gives by itself.
 */
export async function stopRoles({ starting, running, close, log }: StopParts): Promise<boolean> {
  const stepsOf = (name: Named["name"], withinMs: number): Step[] =>
    running
      .filter((r) => r.name === name)
      .map(({ role }) => ({ name, withinMs, run: () => role.stop(), force: () => role.cutOff?.() }));
  const started = await stopInOrder(
    [{ name: "start", withinMs: START_MS, run: () => starting.catch(() => undefined) }],
    log,
  );
  // None of these feeds another.
  const sources = (["web", "ingest", "folders"] as const).flatMap((name) => stepsOf(name, SOURCES_MS));
  const ended = await Promise.all(sources.map((step) => stopInOrder([step], log)));
  const rest = await stopInOrder(
    [...stepsOf("detect", DETECT_MS), ...stepsOf("alert", ALERT_MS), { name: "store", withinMs: STORE_MS, run: close }],
    log,
  );
  return started && ended.every(Boolean) && rest;
}
