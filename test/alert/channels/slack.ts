import { type Harness, httpReceiver } from "../receivers.ts";

const base = { kind: "slack", send_resolved: true } as const;
const plays = ["ok", "rate_limited", "server_error", "auth", "rejected", "hang", "drop", "redirect", "flood"] as const;

export default [
  {
    name: "slack bot",
    kind: "slack",
    plays: plays.filter((p) => p !== "flood"),
    async start() {
      let ts = 0;
      const server = await httpReceiver(() => JSON.stringify({ ok: true, channel: "C01", ts: `17.${ts++}` }));
      return {
        config: {
          ...base,
          bot_token: "xoxb-test-token-1234",
          signing_secret: "signing-secret-5151",
          channel: "C01",
          webhook_url: null,
          api_url: `${server.url}/api`,
        },
        secrets: ["xoxb-test-token-1234", "signing-secret-5151"],
        script: server.script,
        keys: () => server.requests.map((r) => (JSON.parse(r.body) as Metadata).metadata?.event_payload.id ?? "update"),
        received: () => server.requests.map((r) => r.body),
        stop: server.stop,
      };
    },
  },
  {
    name: "slack webhook",
    kind: "slack",
    plays,
    async start() {
      const server = await httpReceiver(() => "ok");
      return {
        config: {
          ...base,
          webhook_url: `${server.url}/services/T0/B0/hook-token-777`,
          bot_token: null,
          channel: null,
          api_url: server.url,
        },
        secrets: ["hook-token-777"],
        script: server.script,
        // An incoming webhook has no idempotency: the same content is all that a retry can promise.
        keys: () => server.requests.map((r) => r.body),
        received: () => server.requests.map((r) => r.body),
        stop: server.stop,
      };
    },
  },
] satisfies Harness[];

interface Metadata {
  metadata?: { event_payload: { id: string } };
}
