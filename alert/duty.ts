import type { Message } from "./template.ts";

/**
 * Duty is what a message means to a tool that keeps alerts of its own (PagerDuty, Opsgenie): what of `opens`, `acknowledges`
 * and `closes` it has to do there. `rises` says that it is worse than before, or that it is back: worth another call.
 */
export interface Duty {
  opens: boolean;
  rises: boolean;
  acknowledges: boolean;
  closes: boolean;
}

/** dutyOf reads it off the last state and the transitions told: a message may tell several at once. */
export function dutyOf({ incident, root, transitions }: Pick<Message, "incident" | "root" | "transitions">): Duty {
  const told = (kind: string) => transitions.some((t) => t.kind === kind);
  const { status } = incident;
  // What was over before anybody heard of it calls nobody: closing what was never opened changes nothing there.
  if (status === "resolved" || status === "merged_into") {
    return { opens: false, rises: false, acknowledges: false, closes: true };
  }
  const opens = root === null || told("reopened");
  return {
    opens,
    rises: opens || told("escalated"),
    acknowledges: status === "acknowledged" && (opens || told("acknowledged")),
    closes: false,
  };
}
