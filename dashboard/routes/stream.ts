import type { ServerResponse } from "node:http";
import type { ChangeRow } from "../../schemas/queries/page.ts";
import { type Backend, Refused } from "../backend.ts";
import type { Surface } from "../surface.ts";

const MAX_CLIENTS = 64;
const LOOK_MS = 1_000;
const HEARTBEAT_MS = 15_000;
/** Then it ends, and the browser comes again with its last id: so nobody listens longer than their session lives. */
const LIFE_MS = 3_600_000;
/** A transition may be stored a moment after one with a later time. */
const OVERLAP_MS = 5_000;
const MAX_CHANGES = 500;
/** Bytes that may wait for a slow reader; then it is cut off and comes again. */
const MAX_WAITING = 256 * 1024;

/**
 * streamRoute sends what changes as server-sent events: `incident` for each transition, `activity` when rows arrived, `reset` when more
 * happened than can be told. The id is the time of the transition, so a reader that comes again misses nothing; it may hear one twice.
 */
export function streamRoute({ server, backend, allow }: Surface): void {
  const feed = createFeed(backend);
  server.addHook("preClose", async () => feed.close());
  server.get("/v1/stream", async (request, reply) => {
    allow(request, "read");
    if (feed.size() >= MAX_CLIENTS) {
      reply.header("retry-after", "30");
      throw new Refused(429, `${MAX_CLIENTS} pages listen already; this one asks again later.`);
    }
    const last = Number(request.headers["last-event-id"] ?? Number.NaN);
    const missed = Number.isFinite(last) ? await backend.changes(last - OVERLAP_MS, MAX_CHANGES) : [];
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-accel-buffering": "no",
    });
    raw.write(`retry: 2000\nid: ${Number.isFinite(last) ? last : backend.now()}\nevent: hello\ndata: {}\n\n`);
    if (missed.length >= MAX_CHANGES) raw.write("event: reset\ndata: {}\n\n");
    else for (const change of missed) raw.write(frame(change));
    feed.add(raw);
  });
}

const frame = (change: ChangeRow): string => `id: ${change.at}\nevent: incident\ndata: ${JSON.stringify(change)}\n\n`;

function createFeed(backend: Backend) {
  const clients = new Map<ServerResponse, number>();
  let timer: NodeJS.Timeout | null = null;
  let busy = false;
  let since = 0;
  let told = new Map<string, number>();
  let events = -1;
  let beat = 0;

  function drop(client: ServerResponse): void {
    clients.delete(client);
    client.end();
    if (clients.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  }

  function send(text: string): void {
    for (const client of clients.keys()) {
      client.write(text);
      if (client.writableLength > MAX_WAITING) {
        drop(client);
        client.destroy();
      }
    }
  }

  async function look(): Promise<void> {
    const now = backend.now();
    const changes = await backend.changes(since - OVERLAP_MS, MAX_CHANGES);
    for (const change of changes) {
      const name = `${change.incident_uid} ${change.n}`;
      if (told.has(name)) continue;
      told.set(name, change.at);
      since = Math.max(since, change.at);
      send(frame(change));
    }
    told = new Map([...told].filter(([, at]) => at >= since - OVERLAP_MS));
    const count = await backend.eventCount();
    if (count !== events) send(`event: activity\ndata: ${JSON.stringify({ events: count })}\n\n`);
    events = count;
    if (now - beat >= HEARTBEAT_MS) {
      beat = now;
      send(": still here\n\n");
    }
    for (const [client, end] of clients) if (now > end) drop(client);
  }

  async function begin(): Promise<void> {
    since = backend.now();
    // What is known already is no news.
    for (const c of await backend.changes(since - OVERLAP_MS, MAX_CHANGES)) told.set(`${c.incident_uid} ${c.n}`, c.at);
  }

  return {
    size: () => clients.size,
    add(client: ServerResponse): void {
      clients.set(client, backend.now() + LIFE_MS);
      client.on("close", () => drop(client));
      if (timer !== null) return;
      const ready = begin().catch(() => undefined);
      timer = setInterval(() => {
        if (busy) return;
        busy = true;
        ready
          .then(look)
          // The store does not answer: the next look tells what was missed.
          .catch(() => undefined)
          .finally(() => {
            busy = false;
          });
      }, LOOK_MS);
    },
    close(): void {
      for (const client of [...clients.keys()]) drop(client);
    },
  };
}
