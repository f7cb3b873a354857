import { iso } from "../../schemas/duration.ts";
import type { Severity } from "../../schemas/severity.ts";
import { defineChannel, sent } from "../channel.ts";
import { cut, inertCell } from "../clean.ts";
import { dutyOf } from "../duty.ts";
import { byStatus, httpPost, isAnswer } from "../http_post.ts";
import { isEcho } from "../inbound/origin.ts";
import { reach } from "../reach.ts";
import type { Message } from "../template.ts";

const TIMEOUT_MS = 10_000;
/** PagerDuty's limits: summary 1,024, dedup_key 255, the whole event 512 KB; ours stays below 64 KB. */
const SUMMARY = 1_024;
const NAME = 250;
const MAX_CHANGES = 20;

const SEVERITY: Record<Severity, string> = {
  informational: "info",
  low: "info",
  medium: "warning",
  high: "error",
  critical: "critical",
};

/**
 * The pagerduty channel speaks Events API v2. The incident's uid is the dedup_key, so that a repeated trigger is the same
 * alert, and what acknowledges and resolves reaches the one that was triggered. What PagerDuty itself told is not told back.
 */
export default defineChannel({
  kind: "pagerduty",
  title: "PagerDuty (Events API v2)",
  open({ routing_key, api_url, webhook_secrets }, { now }) {
    const url = `${api_url.replace(/\/+$/, "")}/v2/enqueue`;
    return {
      check: (signal) => reach(url, true, signal),
      async send(message, signal) {
        if (isEcho(message.transitions, "pagerduty", webhook_secrets ?? [])) return sent();
        for (const event of eventsOf(message)) {
          const answer = await httpPost({
            url,
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ routing_key, ...event }),
            timeoutMs: TIMEOUT_MS,
            signal,
            allowPrivate: true,
          });
          if (!isAnswer(answer)) return answer;
          const refused = byStatus(answer, now());
          if (refused) return refused;
        }
        return sent();
      },
    };
  },
});

/** eventsOf gives one event, or two where an incident is acknowledged already when PagerDuty first hears of it. */
function eventsOf(message: Message): object[] {
  const { opens, rises, acknowledges, closes } = dutyOf(message);
  const dedup_key = message.incident.uid;
  if (closes) return [{ event_action: "resolve", dedup_key }];
  const acknowledged = message.incident.status === "acknowledged";
  const events: object[] = [];
  // A trigger for an open alert is added to its log; for one that is over it would open another.
  if (opens || rises || !acknowledged) events.push({ event_action: "trigger", dedup_key, ...triggerOf(message) });
  if (acknowledges || events.length === 0) events.push({ event_action: "acknowledge", dedup_key });
  return events;
}

const name = (text: string): string => cut(inertCell(text), NAME);

function triggerOf(message: Message): object {
  const { incident, severity, title, label, links, facts, changes, why, steps } = message;
  const [page] = links;
  return {
    client: "keywatch",
    ...(page ? { client_url: page.url, links: links.map((l) => ({ href: l.url, text: l.label })) } : {}),
    payload: {
      summary: cut(`[${severity.toUpperCase()}] ${title} (${label})`, SUMMARY),
      source: name(incident.account === null ? incident.provider : `${incident.provider} ${incident.account}`),
      severity: SEVERITY[severity],
      timestamp: iso(message.at),
      component: name(message.key),
      group: name(incident.owner ?? incident.environment ?? incident.provider),
      class: name(incident.detections[0] ?? "keywatch"),
      custom_details: {
        incident: label,
        ...Object.fromEntries(facts),
        what: changes.slice(-MAX_CHANGES),
        why,
        do_now: steps,
      },
    },
  };
}
