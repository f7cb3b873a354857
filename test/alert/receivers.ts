import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import type { ChannelConfig } from "../../schemas/config_channels.ts";

/** What a receiver does with the next message; when nothing is scripted it accepts. */
export type Play =
  | "ok"
  | "rate_limited"
  | "server_error"
  | "auth"
  | "rejected"
  | "hang"
  | "drop"
  | "redirect"
  | "flood"
  | "gone"
  | "late";
export const RETRY_AFTER_S = 7;

/** Harness makes a channel's receiver over a real socket; each channel of alert/channels/ has a file of them here. */
export interface Harness {
  name: string;
  kind: ChannelConfig["kind"];
  plays: readonly Play[];
  start(): Promise<Receiver>;
}

export interface Receiver {
  config: ChannelConfig;
  /** None of these may stand in anything that a person is shown. */
  secrets: readonly string[];
  script(...plays: Play[]): void;
  /** Idempotency keys in the order in which messages came, also of those that were refused. */
  keys(): string[];
  /** What came over the wire, a text each: bodies, mails, lines. */
  received(): string[];
  stop(): Promise<void>;
}

export interface Request {
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** httpReceiver answers by script and keeps what it was sent. */
export async function httpReceiver(accept: (request: Request) => string = () => "{}") {
  const requests: Request[] = [];
  const scripted: Play[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const seen = { path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString("utf8") };
      requests.push(seen);
      const play = scripted.shift() ?? "ok";
      if (play === "hang") return;
      if (play === "late") return void setTimeout(() => response.end(accept(seen)), 400);
      if (play === "drop") return void request.socket.destroy();
      if (play === "flood") {
        response.writeHead(200);
        const pour = () => {
          while (!response.destroyed && response.write("x".repeat(65_536)));
          response.once("drain", pour);
        };
        return pour();
      }
      const status = {
        ok: 200,
        rate_limited: 429,
        server_error: 503,
        auth: 401,
        rejected: 400,
        redirect: 302,
        gone: 410,
        late: 200,
      }[play];
      if (play === "rate_limited") response.setHeader("retry-after", String(RETRY_AFTER_S));
      if (play === "redirect") response.setHeader("location", "/elsewhere");
      // A receiver that echoes what it was sent: its words must not reach people.
      response.writeHead(status, { "content-type": "application/json" });
      response.end(play === "ok" ? accept(seen) : JSON.stringify({ echo: seen.headers, path: seen.path }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    script: (...plays: Play[]) => void scripted.push(...plays),
    /** What was scripted is forgotten: it accepts again. */
    unscript: () => void scripted.splice(0),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** smtpReceiver is a mail server that answers by script and keeps whole mails. */
export async function smtpReceiver(options: { user?: string; pass?: string } = {}) {
  const mails: string[] = [];
  const scripted: Play[] = [];
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    authOptional: options.user === undefined,
    allowInsecureAuth: true,
    // It echoes the password in its refusal, as careless servers do.
    onAuth(auth, _session, done) {
      if (scripted[0] !== "auth" && auth.username === options.user && auth.password === options.pass) {
        return done(null, { user: auth.username });
      }
      if (scripted[0] === "auth") scripted.shift();
      return done(Object.assign(new Error(`no such user/password ${auth.password}`), { responseCode: 535 }));
    },
    onMailFrom(_address, session, done) {
      const play = scripted[0];
      if (play === "server_error") {
        scripted.shift();
        return done(Object.assign(new Error("greylisted, come back later"), { responseCode: 451 }));
      }
      if (play === "drop") {
        scripted.shift();
        for (const connection of server.connections)
          (connection as { _socket?: { destroy(): void } })._socket?.destroy();
        return;
      }
      if (play === "hang") return void scripted.shift();
      void session;
      return done();
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        mails.push(Buffer.concat(chunks).toString("utf8"));
        if (scripted.shift() === "rejected") {
          return done(Object.assign(new Error(`refused ${options.pass ?? ""}`), { responseCode: 554 }));
        }
        return done();
      });
    },
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    script: (...plays: Play[]) => void scripted.push(...plays),
    stop: () =>
      new Promise<void>((resolve) => {
        for (const connection of server.connections)
          (connection as { _socket?: { destroy(): void } })._socket?.destroy();
        server.close(() => resolve());
      }),
  };
}

/** headersOf a mail as it came over the wire, unfolded, by lower-case name. */
export function headersOf(mail: string): Map<string, string> {
  const [head = ""] = mail.split("\r\n\r\n");
  const lines = head.replace(/\r\n[ \t]+/g, " ").split("\r\n");
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
}

/** The decoded text of a mail's parts, quoted-printable and base64 alike. */
export const decoded = (mail: string): string =>
  mail
    .split(/\r\n--[-_=.\w]+(?:--)?\r\n/)
    .map((part) => {
      const [head = "", ...body] = part.split("\r\n\r\n");
      const text = body.join("\r\n\r\n");
      if (/base64/i.test(head)) return Buffer.from(text, "base64").toString("utf8");
      const bytes = text
        .replace(/=\r\n/g, "")
        .replace(/=([0-9A-F]{2})/g, (_m, h: string) => String.fromCharCode(Number.parseInt(h, 16)));
      return /quoted-printable/i.test(head) ? Buffer.from(bytes, "latin1").toString("utf8") : text;
    })
    .join("\n");
