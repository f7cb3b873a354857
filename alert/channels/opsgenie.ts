import type { Severity } from "../../schemas/severity.ts";
import { defineChannel, type SendResult, sent } from "../channel.ts";
import { cut, inertCell } from "../clean.ts";
import { dutyOf } from "../duty.ts";
import { byStatus, httpPost, isAnswer } from "../http_post.ts";
import { isEcho } from "../inbound/origin.ts";
import { reach } from "../reach.ts";
import type { Message } from "../template.ts";

const TIMEOUT_MS = 10_000;
/** Limits of Opsgenie, which Jira Service Management has taken over. */
const MESSAGE = 130;
const DESCRIPTION = 15_000;
const NOTE = 25_000;
const TAG = 50;
const TAGS = 20;
const NAME = 100;
const ENTITY = 512;

const PRIORITY: Record<Severity, string> = {
  critical: "P1",
  high: "P2",
  medium: "P3",
  low: "P4",
  informational: "P5",
};

/**
 * The opsgenie channel raises alerts in Jira Service Management, and in Opsgenie, whose API it has kept. The incident's uid
 * is the alias: raising it twice counts up, and it is acknowledged and closed by it.
 */
export default defineChannel({
  kind: "opsgenie",
  title: "Jira Service Management, Opsgenie",
  open({ api_key, api_url, responders, webhook_token }, { now }) {
    const alerts = `${api_url.replace(/\/+$/, "")}/v2/alerts`;
    const post = async (path: string, body: object, signal: AbortSignal): Promise<SendResult | null> => {
      const answer = await httpPost({
        url: `${alerts}${path}`,
        headers: { "content-type": "application/json", authorization: `GenieKey ${api_key}` },
        body: JSON.stringify(body),
        timeoutMs: TIMEOUT_MS,
        signal,
        allowPrivate: true,
      });
      return isAnswer(answer) ? byStatus(answer, now()) : answer;
    };
    return {
      check: (signal) => reach(api_url, true, signal),
      async send(message, signal) {
        if (isEcho(message.transitions, "opsgenie", webhook_token ? [webhook_token] : [])) return sent();
        for (const { path, body } of callsOf(message, responders)) {
          const ended = await post(path, body, signal);
          if (ended) return ended;
        }
        return sent();
      },
    };
  },
});

function callsOf(message: Message, responders: readonly object[]): { path: string; body: object }[] {
  const { opens, acknowledges, closes } = dutyOf(message);
  const own = (action: string) => `/${encodeURIComponent(message.incident.uid)}/${action}?identifierType=alias`;
  const note = {
    source: "keywatch",
    user: cut(inertCell(message.transitions.at(-1)!.actor), NAME),
    note: cut(message.changes.join("\n"), NOTE),
  };
  if (closes) return [{ path: own("close"), body: note }];
  const calls: { path: string; body: object }[] = [];
  if (opens) calls.push({ path: "", body: alertOf(message, responders) });
  if (acknowledges) calls.push({ path: own("acknowledge"), body: note });
  // An open alert does not change its priority; what became worse stands in a note of it.
  if (calls.length === 0) calls.push({ path: own("notes"), body: note });
  return calls;
}

function alertOf(message: Message, responders: readonly object[]): object {
  const { incident, severity, title, label, facts, changes, why, steps, links } = message;
  const part = (name: string, lines: readonly string[]) => (lines.length === 0 ? [] : ["", name, ...lines]);
  const description = [
    ...[title, "", ...changes],
    ...part(
      "Facts",
      facts.map(([name, value]) => `${name}: ${value}`),
    ),
    ...part("Why", why),
    ...part(
      "Do now",
      steps.map((s, i) => `${i + 1}. ${s}`),
    ),
    ...part(
      "Links",
      links.map((l) => `${l.label}: ${l.url}`),
    ),
  ].join("\n");
  const tags = ["keywatch", incident.provider, severity, incident.environment, ...incident.tags];
  return {
    message: cut(`[${severity.toUpperCase()}] ${title}`, MESSAGE),
    alias: incident.uid,
    description: cut(description, DESCRIPTION),
    ...(responders.length > 0 ? { responders } : {}),
    // Opsgenie separates tags by commas.
    tags: [...new Set(tags.flatMap((t) => (t ? [cut(inertCell(t.replaceAll(",", " ")), TAG)] : [])))].slice(0, TAGS),
    details: { incident: label, ...Object.fromEntries(facts) },
    entity: cut(message.key, ENTITY),
    source: "keywatch",
    priority: PRIORITY[severity],
  };
}
