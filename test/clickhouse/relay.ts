import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { gunzipSync } from "node:zlib";

/** Faults are what a relay does instead of, or before, asking the server; they may be set at any time. */
export interface Faults {
  /** Answers this status instead of asking, as a proxy or a server in trouble does. */
  status: number | null;
  /** Waits so long before it asks, ms. */
  delayMs: number;
  /** Ends every connection without an answer. */
  gone: boolean;
  /** Asks, and then ends the connection without passing the answer on: the sender cannot know. */
  swallow: boolean;
}

export const noFaults = (): Faults => ({ status: null, delayMs: 0, gone: false, swallow: false });

/** Sent: which servers get the request, and what they get; a body of null goes on as it came. */
export type Route = (text: () => string, path: string) => { to: string[]; body: string | null };

/**
 * startRelay passes HTTP requests on to servers and the worst answer back, unless a fault is set. Both relays keep
 * resets from the server: clickhouse-local (26.7) ends when a connection to it is reset, which a ClickHouse server does not.
 */
export async function startRelay(route: Route): Promise<{ url: string; faults: Faults; server: Server }> {
  const faults = noFaults();
  const server = createServer((req, res) => {
    void answer(req).then(
      (a) => (a === null ? req.socket.destroy() : res.writeHead(a.status, a.headers).end(a.body)),
      () => req.socket.destroy(),
    );
  });
  async function answer(req: IncomingMessage): Promise<Answer | null> {
    if (faults.gone) return null;
    const body = await bodyOf(req);
    if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
    if (faults.gone) return null;
    if (faults.status !== null)
      return { status: faults.status, headers: {}, body: Buffer.from("the server is in trouble") };
    const zipped = req.headers["content-encoding"] === "gzip";
    const sent = route(() => (zipped ? gunzipSync(body) : body).toString("utf8"), req.url ?? "/");
    const {
      "content-length": _,
      host: __,
      "transfer-encoding": ___,
      "content-encoding": encoding,
      ...rest
    } = req.headers;
    const changed = sent.body === null ? null : Buffer.from(sent.body);
    const headers = { ...rest, ...(changed === null && encoding ? { "content-encoding": encoding } : {}) };
    const answers = await Promise.all(
      sent.to.map((url) => ask(new URL(req.url ?? "/", url), req.method ?? "POST", headers, changed ?? body)),
    );
    return faults.swallow ? null : (answers.find((a) => a.status !== 200) ?? answers[0]!);
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, faults, server };
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

function ask(url: URL, method: string, headers: Record<string, unknown>, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = { ...(headers as Record<string, string>), "content-length": String(body.length) };
    const asked = request(url, { method, headers: length }, (answer) => {
      bodyOf(answer).then((text) => {
        const {
          "transfer-encoding": _,
          "content-length": __,
          connection: ___,
          "keep-alive": ____,
          ...kept
        } = answer.headers;
        resolve({ status: answer.statusCode!, headers: kept as Record<string, string>, body: text });
      }, reject);
    });
    asked.on("error", reject).end(body);
  });
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** startTcpRelay passes bytes on to a port of this machine; a reset on one side is a plain end on the other. */
export async function startTcpRelay(port: number): Promise<{ port: number; close(): void }> {
  const open = new Set<Socket>();
  const relay = createTcpServer({ allowHalfOpen: false }, (from) => {
    const to = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      open.add(one);
      one.on("data", (bytes) => void other.write(bytes));
      one
        .on("error", () => undefined)
        .on("close", () => {
          open.delete(one);
          other.end();
        });
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return {
    port: (relay.address() as { port: number }).port,
    close() {
      relay.close();
      for (const socket of open) socket.destroy();
    },
  };
}
