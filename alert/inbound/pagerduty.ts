import { z } from "zod";
import { DAY_MS } from "../../schemas/duration.ts";
import type { Command, Verdict } from "../../schemas/incident.ts";
import { uuid5 } from "../../schemas/uid.ts";
import { oneLine } from "../clean.ts";
import { isIncidentUid } from "./desk.ts";
import { type Headers, headerOf, hmacHex, provers } from "./proof.ts";

/** An event that is older is no delivery that was late. */
const MAX_AGE_MS = 2 * DAY_MS;

/**
 * provenSecrets gives those secrets of webhook subscriptions (v3) that signed the body. While one is changed, PagerDuty
 * sends a signature for each.
 */
export function provenSecrets(secrets: readonly string[], headers: Headers, body: string): string[] {
  const given = headerOf(headers, "x-pagerduty-signature")
    .split(",")
    .map((s) => s.trim())
    .slice(0, 10);
  return provers([...new Set(secrets)], (secret) => `v1=${hmacHex(secret, body)}`, given);
}

const agent = z.object({ type: z.string(), summary: z.string().nullish() }).nullish();
const webhook = z.object({
  event: z.object({
    id: z.string().min(1),
    event_type: z.string(),
    occurred_at: z.string(),
    agent,
    data: z.object({
      incident_key: z.string().nullish(),
      html_url: z.string().nullish(),
      assignees: z.array(z.object({ summary: z.string().nullish() })).optional(),
    }),
  }),
});

/** Told is what a tool has told: a command, or nothing that concerns an incident of ours. */
export type Told = { kind: "command"; command: Command } | { kind: "nothing"; why: string };
export const nothing = (why: string): Told => ({ kind: "nothing", why });

type Asked = Pick<Command, "kind" | "note"> & { verdict?: Verdict; assignee?: string | null };

/**
 * readPagerduty maps an event to a command by its incident_key, which is the dedup_key that we sent. What our own events
 * brought about there is left out: the agent of those is the integration.
 */
export function readPagerduty(body: string, origin: string, now: number): Told {
  const parsed = webhook.safeParse(jsonOf(body));
  if (!parsed.success) return nothing("no event of version 3 about an incident");
  const { id, event_type, occurred_at, agent: by, data } = parsed.data.event;
  const key = data.incident_key ?? null;
  if (!isIncidentUid(key)) return nothing("not an incident of keywatch");
  if (by?.type.includes("integration")) return nothing("our own event");
  const at = Date.parse(occurred_at);
  if (Number.isNaN(at) || now - at > MAX_AGE_MS) return nothing("too old");
  const asked = askedBy(event_type, data.assignees?.map((a) => a.summary ?? "") ?? []);
  if (asked === null) return nothing(`nothing to do for ${oneLine(event_type, 60)}`);
  const name = oneLine(by?.summary ?? "", 80);
  const command: Command = {
    id: `pagerduty.${origin}_${uuid5("pagerduty", id)}`,
    incident_uid: key,
    actor: name === "" ? "PagerDuty" : `${name} (PagerDuty)`,
    at: Math.min(at, now),
    verdict: null,
    assignee: null,
    ...asked,
  };
  return { kind: "command", command };
}

function askedBy(type: string, assignees: readonly string[]): Asked | null {
  switch (type) {
    case "incident.acknowledged":
      return { kind: "acknowledge", note: "" };
    case "incident.resolved":
      return { kind: "close", note: "resolved in PagerDuty" };
    case "incident.reopened":
      return { kind: "reopen", note: "reopened in PagerDuty" };
    case "incident.reassigned":
    case "incident.delegated": {
      const names = oneLine(assignees.filter((name) => name !== "").join(", "), 200);
      return names === "" ? null : { kind: "assign", assignee: names, note: "" };
    }
    default:
      return null;
  }
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
