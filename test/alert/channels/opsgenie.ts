import { type Harness, httpReceiver } from "../receivers.ts";

const apiKey = "genie-key-4711-0815";

export default [
  {
    name: "opsgenie",
    kind: "opsgenie",
    plays: ["ok", "rate_limited", "server_error", "auth", "rejected", "hang", "drop", "redirect", "flood"],
    async start() {
      const server = await httpReceiver(() => JSON.stringify({ result: "Request will be processed", took: 0.1 }));
      return {
        config: {
          kind: "opsgenie",
          api_key: apiKey,
          webhook_token: "genie-webhook-token-7171",
          api_url: server.url,
          responders: [],
          send_resolved: true,
        },
        secrets: [apiKey, "genie-webhook-token-7171"],
        script: server.script,
        keys: () =>
          server.requests.map(({ path, body }) => `${path} ${(JSON.parse(body) as { alias?: string }).alias ?? ""}`),
        received: () => server.requests.map((r) => r.body),
        stop: server.stop,
      };
    },
  },
] satisfies Harness[];
