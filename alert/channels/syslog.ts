import { createSocket } from "node:dgram";
import { isIP, connect as plainConnect, type Socket } from "node:net";
import { hostname } from "node:os";
import { connect as tlsConnect } from "node:tls";
import { type ChannelConfig, facilities } from "../../schemas/config_channels.ts";
import { iso } from "../../schemas/duration.ts";
import type { Severity } from "../../schemas/severity.ts";
import { type Channel, defineChannel, fail, retry, type SendResult, sent } from "../channel.ts";
import { siemLine } from "../siem.ts";
import type { Message } from "../template.ts";

type SyslogConfig = Extract<ChannelConfig, { kind: "syslog" }>;
const TIMEOUT_MS = 10_000;
/** Syslog answers nothing. A receiver that is well closes when we do; one that keeps the line open has it all the same. */
const CLOSE_MS = 2_000;
const PORTS = { udp: 514, tcp: 601, tls: 6514 };

/** Severities of syslog: 2 critical, 3 error, 4 warning, 5 notice, 6 informational. */
const SEVERITY: Record<Severity, number> = { critical: 2, high: 3, medium: 4, low: 5, informational: 6 };

/**
 * The syslog channel sends RFC 5424 with a JSON document as its text: a datagram each over UDP (RFC 5426), counted octets
 * over TCP and TLS (RFC 6587, 5425). Syslog confirms nothing: over UDP a message may get lost and nobody knows.
 */
export default defineChannel({
  kind: "syslog",
  title: "Syslog (RFC 5424)",
  open(config): Channel {
    const { scheme, host, port } = placeOf(config.address);
    const name = `${host}:${port}`;
    const connect = () => (scheme === "tls" ? secure(config, host, port) : plainConnect({ host, port }));
    return {
      // A datagram cannot ask whether somebody listens.
      check: async (signal) => (scheme === "udp" ? sent() : await over(connect(), scheme, name, null, signal)),
      async send(message, signal) {
        if (signal.aborted) return retry("timeout", "The message was given up.");
        const line = syslogLine(message, config);
        if (scheme === "udp") return await datagram(line, host, port, signal);
        return await over(connect(), scheme, name, `${line.length} ${line}`, signal);
      },
    };
  },
});

/** syslogLine is one message of RFC 5424. All of it is ASCII, so its length in characters is its length in octets. */
export function syslogLine(
  message: Message,
  config: Pick<SyslogConfig, "facility" | "app_name" | "format" | "max_bytes">,
  host: string = hostname(),
): string {
  const priority = facilities[config.facility] * 8 + SEVERITY[message.severity];
  const from = host.replace(/[^!-~]/g, "").slice(0, 255) || "-";
  const head = `<${priority}>1 ${iso(message.at)} ${from} ${config.app_name} - incident.${message.kind} - `;
  return head + siemLine(message, config.format, config.max_bytes - head.length);
}

function placeOf(address: string): { scheme: keyof typeof PORTS; host: string; port: number } {
  const [, scheme = "tcp", bracketed, plain = "", port] =
    /^(udp|tcp|tls):\/\/(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(address) ?? [];
  const known = scheme as keyof typeof PORTS;
  return { scheme: known, host: bracketed ?? plain, port: Number(port ?? PORTS[known]) };
}

const secure = ({ ca, cert, key }: SyslogConfig, host: string, port: number): Socket =>
  tlsConnect({
    ...{ host, port, minVersion: "TLSv1.2" },
    ...(ca === null ? {} : { ca }),
    ...(cert === null || key === null ? {} : { cert, key }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });

/** over writes the frame and closes; null only looks whether the receiver is there. */
function over(
  socket: Socket,
  scheme: "tcp" | "tls",
  name: string,
  frame: string | null,
  signal: AbortSignal,
): Promise<SendResult> {
  return new Promise((resolve) => {
    const end = (result: SendResult) => {
      clearTimeout(late);
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(result);
    };
    const giveUp = () => end(retry("timeout", `The call to ${name} was given up.`));
    let late = setTimeout(() => end(retry("timeout", `${name} did not answer in time.`)), TIMEOUT_MS);
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once(scheme === "tls" ? "secureConnect" : "connect", () => {
      if (frame === null) return end(sent());
      socket.end(frame, "latin1", () => {
        clearTimeout(late);
        late = setTimeout(() => end(sent()), CLOSE_MS);
      });
      // Only who reads sees that the other side has closed.
      socket.resume();
      socket.once("end", () => end(sent()));
    });
    socket.once("error", (error: NodeJS.ErrnoException) => end(endOf(error, name)));
    socket.once("close", () => end(retry("unreachable", `${name} closed the connection.`)));
  });
}

function datagram(line: string, host: string, port: number, signal: AbortSignal): Promise<SendResult> {
  const name = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
    const end = (result: SendResult) => {
      signal.removeEventListener("abort", giveUp);
      socket.close();
      resolve(result);
    };
    const giveUp = () => end(retry("timeout", `The message to ${name} was given up.`));
    signal.addEventListener("abort", giveUp, { once: true });
    socket.send(Buffer.from(line, "latin1"), port, host, (error) => end(error ? endOf(error, name) : sent()));
  });
}

function endOf({ code = "" }: NodeJS.ErrnoException, name: string): SendResult {
  const named = /^[A-Z0-9_]+$/.test(code) ? ` (${code})` : "";
  if (code === "EMSGSIZE")
    return fail("rejected", `The message is too long for a datagram to ${name}. Lower max_bytes.`);
  if (TRUST.test(code)) return fail("auth", `The certificate of ${name} is not trusted${named}. Check ca.`);
  if (/^ERR_SSL_.*(ALERT|CERTIFICATE)/.test(code))
    return fail("auth", `${name} refused our certificate${named}. Check cert and key.`);
  return retry("unreachable", `${name} could not be reached${named}.`);
}

const TRUST = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA/;
