import { createHmac } from "node:crypto";
import { defineChannel, fail, type SendResult, sent } from "../channel.ts";
import { byStatus, httpPost, isAnswer } from "../http_post.ts";
import { reach } from "../reach.ts";
import { webhookBody } from "../webhook_body.ts";

/**
 * The webhook channel speaks Standard Webhooks 1.0.0, whatever the format of the body: every secret signs, so that the
 * receiver can change them one at a time.
 */
export default defineChannel({
  kind: "webhook",
  title: "Webhook (Standard Webhooks)",
  open(config, { now }) {
    let gone: SendResult | null = null;
    return {
      check: (signal) => reach(config.url, config.allow_private_addresses, signal),
      async send(message, signal) {
        if (gone) return gone;
        const at = Math.floor(now() / 1000);
        const body = JSON.stringify(webhookBody(config.format, message));
        const answer = await httpPost({
          url: config.url,
          headers: {
            "content-type": config.format === "cloudevents" ? "application/cloudevents+json" : "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": String(at),
            "webhook-signature": signatures(config.secrets, message.id, at, body),
          },
          body,
          timeoutMs: config.timeout,
          signal,
          allowPrivate: config.allow_private_addresses,
        });
        if (!isAnswer(answer)) return answer;
        if (answer.status === 410) {
          const detail = `${answer.host} is gone for good (410): nothing more is sent there. Take it out of the config or change its url.`;
          gone = fail("rejected", detail);
          return gone;
        }
        return byStatus(answer, now()) ?? sent();
      },
    };
  },
});

/** signatures of `id.timestamp.body`, one for each secret, separated by blanks. */
export const signatures = (secrets: readonly string[], id: string, at: number, body: string): string =>
  secrets
    .map((secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"))
    .map((key) => `v1,${createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64")}`)
    .join(" ");
