import { type Harness, httpReceiver } from "../receivers.ts";

const password = "am-password-2468";

export default [
  {
    name: "alertmanager",
    kind: "alertmanager",
    plays: ["ok", "rate_limited", "server_error", "auth", "rejected", "hang", "drop", "redirect", "flood"],
    async start() {
      const server = await httpReceiver();
      return {
        config: {
          kind: "alertmanager",
          urls: [server.url],
          bearer_token: null,
          basic_auth: { username: "keywatch", password },
          labels: {},
          firing_for: 86_400_000,
          send_resolved: true,
        },
        secrets: [password, Buffer.from(`keywatch:${password}`).toString("base64")],
        script: server.script,
        // Alertmanager has no other key than the alert itself.
        keys: () => server.requests.map((r) => r.body),
        received: () => server.requests.map((r) => r.body),
        stop: server.stop,
      };
    },
  },
] satisfies Harness[];
