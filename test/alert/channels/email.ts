import { type Harness, headersOf, smtpReceiver } from "../receivers.ts";

export default [
  {
    name: "email",
    kind: "email",
    plays: ["ok", "server_error", "auth", "rejected", "hang", "drop"],
    async start() {
      const pass = "smtp pass/word-4711";
      const server = await smtpReceiver({ user: "mailer", pass });
      return {
        config: {
          kind: "email",
          smtp_url: `smtp://mailer:${encodeURIComponent(pass)}@127.0.0.1:${server.port}`,
          from: "keywatch <alerts@example.com>",
          to: ["user@example.com"],
          send_resolved: true,
        },
        secrets: [pass, encodeURIComponent(pass), Buffer.from(pass).toString("base64")],
        script: server.script,
        keys: () => server.mails.map((mail) => headersOf(mail).get("message-id") ?? ""),
        received: () => server.mails,
        stop: server.stop,
      };
    },
  },
] satisfies Harness[];
