import { type Harness, httpReceiver } from "../receivers.ts";

export default [
  {
    name: "teams",
    kind: "teams",
    plays: ["ok", "rate_limited", "server_error", "auth", "rejected", "hang", "drop", "redirect", "flood"],
    async start() {
      const server = await httpReceiver(() => "");
      return {
        config: {
          kind: "teams",
          webhook_url: `${server.url}/workflows/flow-4711/triggers/manual/paths/invoke?sp=x&sig=signature-abcdef`,
          send_resolved: true,
        },
        secrets: ["flow-4711", "signature-abcdef"],
        script: server.script,
        // A workflow has no idempotency: the same content is all that a retry can promise.
        keys: () => server.requests.map((r) => r.body),
        received: () => server.requests.map((r) => r.body),
        stop: server.stop,
      };
    },
  },
] satisfies Harness[];
