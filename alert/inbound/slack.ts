import { z } from "zod";
import { MINUTE_MS } from "../../schemas/duration.ts";
import { incidentLabel } from "../../schemas/incident.ts";
import { uuid5 } from "../../schemas/uid.ts";
import { oneLine } from "../clean.ts";
import type { LinkAction } from "./link.ts";
import { type Headers, headerOf, hmacHex, provers, type Seen } from "./proof.ts";

/** Slack's advice: an older request may be a replay. */
export const SKEW_MS = 5 * MINUTE_MS;

/** What a button may ask for; `open` is a plain address, which Slack tells us of all the same. */
export type SlackAction = LinkAction | "silence" | "open";

export interface Click {
  /** The same for the same click. */
  id: string;
  action: SlackAction;
  incident: string;
  /** Number of the transition that the message showed. */
  n: number;
  actor: string;
  at: number;
  /** Where Slack takes what only who clicked is to see. */
  responseUrl: string | null;
}

export type Verified<T> = { kind: "ok"; value: T } | { kind: "refused"; status: number; reason: string };
export const refused = (status: number, reason: string): Verified<never> => ({ kind: "refused", status, reason });

/**
 * verifySlack believes a request that one of the signing secrets has signed, not older or newer than 5 min, and only once.
 * The base is the body as it came: a parsed and written body is another one.
 */
export function verifySlack(
  secrets: readonly string[],
  headers: Headers,
  body: string,
  now: number,
  seen: Seen,
): Verified<string> {
  const at = headerOf(headers, "x-slack-request-timestamp");
  const given = headerOf(headers, "x-slack-signature");
  const base = `v0:${at}:${body}`;
  const signed = provers(secrets, (secret) => `v0=${hmacHex(secret, base)}`, [given]).length > 0;
  if (!/^\d{9,11}$/.test(at) || !signed) return refused(401, "The signature is not that of this app.");
  if (Math.abs(now - Number(at) * 1000) > SKEW_MS) return refused(401, "The request is not of these five minutes.");
  if (!seen.take(given, now)) return refused(409, "This request was taken before.");
  return { kind: "ok", value: body };
}

const interaction = z.object({
  type: z.literal("block_actions"),
  user: z.object({ id: z.string(), username: z.string().optional(), name: z.string().optional() }),
  team: z.object({ id: z.string() }).nullish(),
  response_url: z.string().optional(),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional(), action_ts: z.string() })),
});

const ACTION = /^keywatch_(acknowledge|expected|silence|open|yes|no)$/;

/** readClick reads a button out of the body; null for what is none of ours. */
export function readClick(body: string): Click | null {
  const parsed = interaction.safeParse(jsonOf(new URLSearchParams(body).get("payload") ?? ""));
  if (!parsed.success) return null;
  const { user, team, actions, response_url } = parsed.data;
  const [button] = actions;
  const action = ACTION.exec(button?.action_id ?? "")?.[1] as SlackAction | undefined;
  const [, incident, n] = /^([0-9a-f-]{36})\/(\d{1,9})$/.exec(button?.value ?? "") ?? [];
  if (!button || action === undefined) return null;
  if (action !== "open" && incident === undefined) return null;
  return {
    id: `slack_${uuid5("slack", team?.id ?? "", user.id, button.action_id, button.value ?? "", button.action_ts)}`,
    action,
    incident: incident ?? "",
    n: Number(n ?? 0),
    actor: `${oneLine(user.username ?? user.name ?? user.id, 80)} (Slack)`,
    at: Math.round(Number(button.action_ts) * 1000) || 0,
    responseUrl: response_url ?? null,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** buttonValue is what a button carries: the incident, and what of it the message showed. */
export const buttonValue = (incidentUid: string, n: number): string => `${incidentUid}/${n}`;

/** mayAnswerAt keeps answers at Slack: the address stands in a signed request, and still must not lead elsewhere. */
export function mayAnswerAt(url: string, apiUrls: readonly string[]): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, protocol, hostname } = new URL(url);
  if (apiUrls.some((api) => new URL(api).origin === origin)) return true;
  return protocol === "https:" && (hostname === "hooks.slack.com" || hostname === "hooks.slack-gov.com");
}

/** sentences that only who clicked sees. What changed is shown to all by the message itself. */
export const said = {
  same: (uid: string) => `${incidentLabel(uid)} was so already; nothing changed.`,
  nameless: "This key has no name in the inventory, so it cannot be silenced from here. Use `keywatch silence add`.",
  unknown: "keywatch does not know this incident any more.",
  trouble: "keywatch could not do that now. Try it again in a minute.",
};
