import { type Harness, httpReceiver } from "../receivers.ts";

const secret = `whsec_${Buffer.from("test-signing-key-that-is-long-enough").toString("base64")}`;

export default [
  {
    name: "webhook",
    kind: "webhook",
    plays: ["ok", "rate_limited", "server_error", "auth", "rejected", "hang", "drop", "redirect", "flood"],
    async start() {
      const server = await httpReceiver();
      return {
        config: {
          kind: "webhook",
          url: `${server.url}/in/path-token-9876?key=query-token-5432`,
          secrets: [secret],
          format: "keywatch",
          allow_private_addresses: true,
          timeout: 5_000,
          send_resolved: true,
        },
        secrets: [secret, secret.slice(6), "path-token-9876", "query-token-5432"],
        script: server.script,
        keys: () => server.requests.map((r) => String(r.headers["webhook-id"])),
        received: () => server.requests.map((r) => r.body),
        stop: server.stop,
      };
    },
  },
] satisfies Harness[];
