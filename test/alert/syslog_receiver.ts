import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Play } from "./receivers.ts";

/** syslogReceiver listens for counted octets (RFC 6587), over TLS where it has a certificate, and keeps whole messages. */
export async function syslogReceiver(tls: { key: string; cert: string; ca?: string } | null = null) {
  const lines: string[] = [];
  const scripted: Play[] = [];
  const sockets = new Set<Socket>();
  /** The connections beneath, also those that carry TLS. */
  const raw = new Map<number | undefined, Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    let unread = Buffer.alloc(0);
    const play = scripted.shift() ?? "ok";
    if (play === "hang") return void socket.pause();
    socket.on("data", (chunk: Buffer) => {
      if (play === "drop") return void raw.get(socket.remotePort)?.resetAndDestroy();
      unread = Buffer.concat([unread, chunk]);
      for (;;) {
        const count = /^([1-9]\d{0,8}) /.exec(unread.subarray(0, 12).toString("latin1"));
        if (!count) break;
        const from = count[0].length;
        const to = from + Number(count[1]);
        if (unread.length < to) break;
        lines.push(unread.subarray(from, to).toString("utf8"));
        unread = unread.subarray(to);
      }
      if (play === "late") socket.pause();
    });
  };
  const options = { allowHalfOpen: false };
  const server = tls
    ? createTlsServer(
        { ...options, ...tls, ...(tls.ca ? { requestCert: true, rejectUnauthorized: true } : {}) },
        accept,
      )
    : createServer(options, accept);
  server.on("tlsClientError", () => {});
  server.prependListener("connection", (socket: Socket) => void raw.set(socket.remotePort, socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    lines,
    script: (...plays: Play[]) => void scripted.push(...plays),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
