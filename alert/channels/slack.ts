import type { ChannelConfig } from "../../schemas/config_channels.ts";
import { ownerAddress } from "../answers.ts";
import { defineChannel, fail, retry, type SendResult, sent } from "../channel.ts";
import { type Answer, byStatus, httpPost, isAnswer } from "../http_post.ts";
import { reach } from "../reach.ts";
import { retryAfterMs } from "../retry.ts";
import { slackMessage } from "../slack_blocks.ts";
import type { Message } from "../template.ts";

type SlackConfig = Extract<ChannelConfig, { kind: "slack" }>;
const TIMEOUT_MS = 10_000;

/**
 * The slack channel posts through a bot token, one message per incident with what happens later in its thread, or through
 * an incoming webhook, which knows no threads.
 */
export default defineChannel({
  kind: "slack",
  title: "Slack",
  open(config, { now, ownerOf }) {
    const { bot_token: token, channel, webhook_url: webhook, ask_owner } = config;
    const buttons = !config.signing_secret ? "none" : ask_owner ? "owner" : "crew";
    if (token === null || (channel === null && !ask_owner)) {
      return {
        send: (message, signal) => postWebhook(webhook!, slackMessage(message, buttons), message, signal, now),
        check: (signal) => reach(webhook!, true, signal),
      };
    }
    const call = (method: string, body: object, signal: AbortSignal) =>
      callSlack(config, token, method, body, signal, now);
    return {
      async check(signal) {
        const said = await call("auth.test", {}, signal);
        return "kind" in said ? said : sent();
      },
      async send(message, signal) {
        const root = readReceipt(message.root?.receipt);
        const content = slackMessage(message, buttons);
        if (root === null) {
          const place = ask_owner ? await ownerAddress(message, "slack", ownerOf) : [channel];
          if (!Array.isArray(place)) return place;
          const posted = await call(
            "chat.postMessage",
            { channel: place[0], ...content.whole, ...content.envelope },
            signal,
          );
          return "kind" in posted
            ? posted
            : sent(JSON.stringify({ channel: posted.channel ?? place[0], ts: posted.ts }));
        }
        // The update comes first: doing it twice changes nothing, while a thread message twice would be seen twice.
        const updated = await call("chat.update", { channel: root.channel, ts: root.ts, ...content.whole }, signal);
        if ("kind" in updated && !isLost(updated)) return updated;
        const thread = { channel: root.channel, thread_ts: root.ts, reply_broadcast: message.kind === "escalated" };
        const posted = await call("chat.postMessage", { ...thread, ...content.change, ...content.envelope }, signal);
        return "kind" in posted ? posted : sent();
      },
    };
  },
});

interface Posted {
  ts: string;
  channel?: string;
}

/** postWebhook sends the whole incident each time, led by what changed: a webhook cannot answer in a thread. */
async function postWebhook(
  url: string,
  { whole, change }: ReturnType<typeof slackMessage>,
  message: Message,
  signal: AbortSignal,
  now: () => number,
): Promise<SendResult> {
  const body = message.root === null ? whole : { text: change.text, blocks: [...change.blocks, ...whole.blocks] };
  const answer = await post(url, {}, body, signal);
  if (!isAnswer(answer)) return answer;
  return byStatus(answer, now()) ?? sent();
}

/** callSlack calls one Web API method. Slack answers 200 to most faults and names them in `error`. */
async function callSlack(
  config: SlackConfig,
  token: string,
  method: string,
  body: object,
  signal: AbortSignal,
  now: () => number,
): Promise<Posted | SendResult> {
  const url = `${config.api_url.replace(/\/+$/, "")}/${method}`;
  const answer = await post(url, { authorization: `Bearer ${token}` }, body, signal);
  if (!isAnswer(answer)) return answer;
  const refused = byStatus(answer, now());
  if (refused) return refused;
  const said = parse(answer.body);
  if (said?.ok === true)
    return { ts: String(said.ts ?? ""), ...(typeof said.channel === "string" ? { channel: said.channel } : {}) };
  const error =
    typeof said?.error === "string" && /^[a-z_]{1,60}$/.test(said.error) ? said.error : "an unreadable answer";
  if (error === "msg_blocks_too_long" && "blocks" in body) {
    const { blocks: _blocks, ...plain } = body;
    return callSlack(config, token, method, plain, signal, now);
  }
  return byError(error, method, answer, now());
}

function byError(error: string, method: string, answer: Answer, now: number): SendResult {
  const detail = `Slack said ${error} to ${method}.`;
  if (error === "ratelimited" || error === "rate_limited") {
    return retry("rate_limited", detail, retryAfterMs(answer.headers["retry-after"], now));
  }
  if (AUTH.has(error)) return fail("auth", `${detail} Check bot_token and its scopes (chat:write).`);
  if (TRANSIENT.has(error)) return retry("server_error", detail);
  if (error === "channel_not_found" || error === "not_in_channel") {
    return fail("rejected", `${detail} Check the channel's id, and invite the bot to it.`);
  }
  return fail("rejected", detail);
}

const AUTH = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "no_permission",
  "missing_scope",
  "org_login_required",
  "ekm_access_denied",
  "not_allowed_token_type",
]);
const TRANSIENT = new Set([
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
  "an unreadable answer",
]);

/** isLost tells that the first message cannot be changed any more; the thread still can take what is new. */
const isLost = (result: SendResult): boolean =>
  result.kind === "fail" && /message_not_found|cant_update_message|edit_window_closed/.test(result.detail);

const post = (url: string, headers: Record<string, string>, body: object, signal: AbortSignal) =>
  httpPost({
    url,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
    timeoutMs: TIMEOUT_MS,
    signal,
    allowPrivate: true,
  });

function readReceipt(receipt: string | undefined): { channel: string; ts: string } | null {
  const read = receipt === undefined ? null : parse(receipt);
  return typeof read?.channel === "string" && typeof read.ts === "string"
    ? { channel: read.channel, ts: read.ts }
    : null;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
