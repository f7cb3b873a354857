import { z } from "zod";
import type { Command } from "../../schemas/incident.ts";
import { uuid5 } from "../../schemas/uid.ts";
import { oneLine } from "../clean.ts";
import { isIncidentUid } from "./desk.ts";
import { jsonOf, nothing, type Told } from "./pagerduty.ts";
import { type Headers, headerOf, provers } from "./proof.ts";

/** provenTokens gives the tokens that came along; an outgoing webhook signs nothing, but sends headers of one's own. */
export const provenTokens = (tokens: readonly string[], headers: Headers): string[] =>
  provers([...new Set(tokens)], (token) => `Bearer ${token}`, [headerOf(headers, "authorization")]);

const webhook = z.object({
  action: z.string(),
  source: z.object({ name: z.string().nullish() }).nullish(),
  alert: z.object({
    alertId: z.string().default(""),
    alias: z.string(),
    username: z.string().nullish(),
    note: z.string().nullish(),
    owner: z.string().nullish(),
    updatedAt: z.union([z.number(), z.string()]).nullish(),
  }),
});

/**
 * readOpsgenie maps an action to a command by the alias, which is the uid of the incident. Notes are left where they are:
 * ours would come back as somebody's.
 */
export function readOpsgenie(body: string, origin: string, now: number): Told {
  const parsed = webhook.safeParse(jsonOf(body));
  if (!parsed.success) return nothing("no action on an alert");
  const { action, alert, source } = parsed.data;
  if (!isIncidentUid(alert.alias)) return nothing("not an alert of keywatch");
  if (source?.name === "keywatch") return nothing("our own request");
  const asked = askedBy(action, oneLine(alert.note ?? "", 2_000), oneLine(alert.owner ?? "", 200));
  if (asked === null) return nothing(`nothing to do for ${oneLine(action, 60)}`);
  const name = oneLine(alert.username ?? "", 80);
  // The webhook has no id of its own: what was done when to which alert is one.
  const id = uuid5("opsgenie", alert.alertId, action, String(alert.updatedAt ?? ""), alert.note ?? "");
  const command: Command = {
    id: `opsgenie.${origin}_${id}`,
    incident_uid: alert.alias,
    actor: name === "" ? "Opsgenie" : `${name} (Opsgenie)`,
    at: now,
    verdict: null,
    assignee: null,
    ...asked,
  };
  return { kind: "command", command };
}

function askedBy(
  action: string,
  note: string,
  owner: string,
): (Pick<Command, "kind" | "note"> & { assignee?: string }) | null {
  switch (action) {
    case "Acknowledge":
      return { kind: "acknowledge", note };
    case "Close":
      return { kind: "close", note: note === "" ? "closed in Opsgenie" : `closed in Opsgenie: ${note}` };
    case "AssignOwnership":
    case "TakeOwnership":
      return owner === "" ? null : { kind: "assign", assignee: owner, note: "" };
    default:
      return null;
  }
}
