import { hasOpenssl, selfSigned } from "../certificates.ts";
import type { Harness } from "../receivers.ts";
import { syslogReceiver } from "../syslog_receiver.ts";

const base = {
  kind: "syslog",
  format: "ocsf",
  facility: "local0",
  app_name: "keywatch",
  max_bytes: 8_000,
  cert: null,
  key: null,
  send_resolved: true,
} as const;

const harness = (scheme: "tcp" | "tls"): Harness => ({
  name: `syslog over ${scheme}`,
  kind: "syslog",
  // Syslog knows no answers: only the connection can tell something.
  plays: ["ok", "hang", "drop"],
  async start() {
    const tls = scheme === "tls" ? selfSigned() : null;
    const server = await syslogReceiver(tls);
    const address = `${scheme}://127.0.0.1:${server.port}`;
    return {
      config: { ...base, address, ca: tls?.cert ?? null },
      secrets: tls ? [tls.key] : [],
      script: (...plays) => server.script(...plays.filter((p) => p === "hang" || p === "drop")),
      keys: () => server.lines.map((line) => /"uid":"(msg_[^"]+)"/.exec(line)?.[1] ?? "none"),
      received: () => server.lines,
      stop: server.stop,
    };
  },
});

export default [harness("tcp"), ...(hasOpenssl ? [harness("tls")] : [])];
