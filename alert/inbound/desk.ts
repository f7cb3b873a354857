import type { Command, Incident, Transition } from "../../schemas/incident.ts";
import type { Silence, SilenceCommand } from "../../schemas/silence.ts";
import { applyCommand } from "../command.ts";

/** Desk is what inbound requests may do: look an incident up, and hand in commands. In role mode these travel by Kafka. */
export interface Desk {
  get(uid: string): Promise<Incident | null>;
  command(command: Command): Promise<Transition | null>;
  transitions(uid: string): Promise<Transition[]>;
  silence(command: SilenceCommand): Promise<Silence | null>;
}

/** Handled is every way a command from outside can end; a store that does not answer rejects. */
export type Handled =
  | { kind: "done"; incident: Incident }
  /** It was so already, or this very request was handled before. */
  | { kind: "same"; incident: Incident }
  | { kind: "refused"; sentence: string }
  | { kind: "unknown" };

const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** isIncidentUid keeps foreign alerts of the same tool away from the store. */
export const isIncidentUid = (text: unknown): text is string => typeof text === "string" && UID.test(text);

/** hand gives a command in; its id is drawn from the request, so that the same request again does nothing. */
export async function hand(desk: Desk, command: Command): Promise<Handled> {
  const incident = isIncidentUid(command.incident_uid) ? await desk.get(command.incident_uid) : null;
  if (incident === null) return { kind: "unknown" };
  try {
    if (applyCommand(incident, command) === null) return { kind: "same", incident };
  } catch (error) {
    return { kind: "refused", sentence: (error as Error).message };
  }
  const done = await desk.command(command);
  return done === null ? { kind: "same", incident } : { kind: "done", incident: done.state };
}

/** within gives what came in time, else null; the work goes on. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
