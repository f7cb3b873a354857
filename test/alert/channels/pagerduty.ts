import { type Harness, httpReceiver } from "../receivers.ts";

const routingKey = "R0123456789ABCDEFGHIJKLMNOPQRSTU";

export default [
  {
    name: "pagerduty",
    kind: "pagerduty",
    plays: ["ok", "rate_limited", "server_error", "auth", "rejected", "hang", "drop", "redirect", "flood"],
    async start() {
      const server = await httpReceiver(() => JSON.stringify({ status: "success", message: "Event processed" }));
      return {
        config: {
          kind: "pagerduty",
          routing_key: routingKey,
          webhook_secrets: ["pd-webhook-secret-6161"],
          api_url: server.url,
          send_resolved: true,
        },
        secrets: [routingKey, "pd-webhook-secret-6161"],
        script: server.script,
        keys: () => server.requests.map(({ body }) => keyOf(JSON.parse(body) as Record<string, string>)),
        received: () => server.requests.map((r) => r.body),
        stop: server.stop,
      };
    },
  },
] satisfies Harness[];

/** PagerDuty knows an event by what it does to which alert. */
const keyOf = ({ event_action, dedup_key }: Record<string, string>) => `${event_action} ${dedup_key}`;
