import { iso } from "../../schemas/duration.ts";
import { type Severity, severities } from "../../schemas/severity.ts";
import { defineChannel, type SendResult, sent } from "../channel.ts";
import { byStatus, httpPost, isAnswer } from "../http_post.ts";
import { isOver, promAlert, promLabels, severitiesFrom } from "../labels.ts";
import { reach } from "../reach.ts";
import type { Message } from "../template.ts";

const TIMEOUT_MS = 10_000;

/**
 * The alertmanager channel posts alerts to API v2 of every instance. Alertmanager knows an alert by its labels alone, so
 * those of the first message are kept as its receipt; a rise of the severity ends the alert of the lower one.
 */
export default defineChannel({
  kind: "alertmanager",
  title: "Prometheus Alertmanager (API v2)",
  open(config, { now }) {
    const { urls, bearer_token, basic_auth, firing_for } = config;
    const authorization =
      bearer_token !== null
        ? `Bearer ${bearer_token}`
        : basic_auth !== null
          ? `Basic ${Buffer.from(`${basic_auth.username}:${basic_auth.password}`).toString("base64")}`
          : null;
    const post = async (base: string, body: string, signal: AbortSignal): Promise<SendResult> => {
      const answer = await httpPost({
        url: `${base.replace(/\/+$/, "")}/api/v2/alerts`,
        headers: { "content-type": "application/json", ...(authorization === null ? {} : { authorization }) },
        body,
        timeoutMs: TIMEOUT_MS,
        signal,
        allowPrivate: true,
      });
      return isAnswer(answer) ? (byStatus(answer, now()) ?? sent()) : answer;
    };
    return {
      check: async (signal) => worst(await Promise.all(urls.map((url) => reach(url, true, signal)))),
      async send(message, signal) {
        const labels = labelsOf(message, config.labels);
        const body = JSON.stringify(alertsOf(message, labels, firing_for));
        const ended = worst(await Promise.all(urls.map((url) => post(url, body, signal))));
        return ended.kind === "ok" && message.root === null ? sent(JSON.stringify(labels)) : ended;
      },
    };
  },
});

/** worst of the instances: each has to have it, and posting it twice to one changes nothing there. */
const worst = (results: readonly SendResult[]): SendResult =>
  results.find((r) => r.kind === "retry") ?? results.find((r) => r.kind === "fail") ?? sent();

function alertsOf(message: Message, labels: Record<string, string>, firingForMs: number): object[] {
  const { incident, severity } = message;
  const from = severities.find((s) => s === labels.severity) ?? severity;
  const over = isOver(incident);
  const end = iso(Math.max(message.at, incident.opened_at));
  const alert = (of: Severity, endsAt: string) => ({ ...promAlert(message, { ...labels, severity: of }), endsAt });
  const lower = severitiesFrom(from, severity).filter((s) => s !== severity);
  return [
    ...lower.map((s) => alert(s, end)),
    alert(severity, over ? end : iso(Math.max(message.at, incident.opened_at) + firingForMs)),
  ];
}

/** labelsOf the first message, out of the receipt; a receipt that cannot be read is like none. */
function labelsOf(message: Message, added: Record<string, string>): Record<string, string> {
  const fresh = { ...promLabels(message.incident), ...added };
  if (message.root === null) return fresh;
  try {
    const kept: unknown = JSON.parse(message.root.receipt);
    if (kept === null || typeof kept !== "object" || Array.isArray(kept)) return fresh;
    return Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, String(value)]));
  } catch {
    return fresh;
  }
}
