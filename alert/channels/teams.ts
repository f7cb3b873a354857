import { type Channel, defineChannel, fail, retry, sent } from "../channel.ts";
import { type Answer, byStatus, httpPost, isAnswer } from "../http_post.ts";
import { reach } from "../reach.ts";
import { teamsMessage } from "../teams_card.ts";

const TIMEOUT_MS = 15_000;

/**
 * The teams channel posts an adaptive card to a workflow of Microsoft Teams. A workflow knows neither threads nor
 * idempotency keys: each change is a card of its own, and a kill inside the send may repeat one.
 */
export default defineChannel({
  kind: "teams",
  title: "Microsoft Teams (workflow)",
  open({ webhook_url: url }, { now }): Channel {
    return {
      check: (signal) => reach(url, true, signal),
      async send(message, signal) {
        const answer = await httpPost({
          url,
          headers: { "content-type": "application/json; charset=utf-8" },
          body: teamsMessage(message),
          timeoutMs: TIMEOUT_MS,
          signal,
          allowPrivate: true,
        });
        if (!isAnswer(answer)) return answer;
        return byStatus(answer, now()) ?? behind(answer) ?? sent();
      },
    };
  },
});

/** behind reads the fault that an older webhook answers with 200: what stands behind it said another status. */
function behind({ host, body }: Answer) {
  const status = Number(/endpoint returned HTTP error (\d{3})/.exec(body.slice(0, 1_000))?.[1] ?? 0);
  if (status === 0) return null;
  if (status === 429) return retry("rate_limited", `${host} accepted the card, but Teams asks for a pause (429).`);
  if (status >= 500) return retry("server_error", `${host} accepted the card, but Teams answered ${status}.`);
  return fail("rejected", `${host} accepted the card, but Teams refused it (${status}).`);
}
