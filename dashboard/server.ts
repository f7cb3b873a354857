import type { Readable } from "node:stream";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Config } from "../schemas/config.ts";
import { incidentLine } from "../schemas/wire.ts";
import { guard } from "./auth.ts";
import { type Backend, Refused } from "./backend.ts";
import { incidentPage, overviewPage } from "./page/html.ts";

const LINGER_MS = 2_000;
const BAD_PATH = "The path of this request cannot be read, or is too long.";

/** createServer makes the HTTP side: pushes, a small JSON API and the page. It listens nowhere yet. */
export function createServer(http: Config["http"], backend: Backend, onError: (error: Error) => void): FastifyInstance {
  const allow = guard(http);
  const server = Fastify({
    bodyLimit: http.max_body,
    requestTimeout: http.timeout,
    // Node looks for slow clients every 30 s of its own; headers count into the time of the request.
    http: { connectionsCheckingInterval: Math.min(30_000, http.timeout / 2), headersTimeout: http.timeout },
    // A push may wait for the store longer than its sender may take to send it.
    connectionTimeout: http.timeout * 10,
    routerOptions: { maxParamLength: 200 },
    // Fastify's own sentence repeats the path, and a path may hold a token that slipped into it.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) =>
      void reply.code(error.statusCode ?? 400).send({ error: BAD_PATH }),
  });
  let inFlight = 0;

  // Bodies are read by the backend, within its bounds; nothing is parsed before the token was checked.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  server.addHook("onSend", async (_request, reply) => {
    reply.headers({
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
  });
  server.addHook("onResponse", async (request) => lingerAndClose(request));
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) =>
    // Who went away in the middle of a body, or was cut off for being slow, hears no answer, and nothing is wrong here.
    !(error instanceof Refused) && request.raw.destroyed && !request.raw.complete
      ? reply.code(408).send({ error: "The request did not come to its end." })
      : answerError(error, reply, onError),
  );
  server.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .send({ error: "There is nothing here. POST /v1/ingest/<provider>, GET /v1/incidents, GET / for the page." }),
  );

  server.post<{ Params: { provider: string } }>("/v1/ingest/:provider", async (request, reply) => {
    allow(request, "ingest");
    if (inFlight >= http.max_in_flight) {
      reply.header("retry-after", "1");
      throw new Refused(429, `${http.max_in_flight} pushes are under way; send this one again in a second.`);
    }
    const length = Number(request.headers["content-length"] ?? 0);
    if (length > http.max_body)
      throw new Refused(
        413,
        `The body has ${length} bytes; ${http.max_body} are allowed (http.max_body). Send it in parts.`,
      );
    inFlight++;
    try {
      const key = request.headers["idempotency-key"];
      const pushed = await backend.push(request.params.provider, (request.body as Readable | null) ?? request.raw, {
        idempotencyKey: typeof key === "string" ? key : null,
      });
      const unread = pushed.records > 0 && pushed.dead_letters === pushed.records;
      return await reply
        .code(unread ? 400 : 200)
        .send(unread ? { error: "No record could be read; they are kept as dead letters.", ...pushed } : pushed);
    } finally {
      inFlight--;
    }
  });

  server.get("/healthz", async () => ({ ok: true }));
  server.get("/readyz", async (_request, reply) => {
    const faults = await backend.faults();
    return reply.code(faults.length === 0 ? 200 : 503).send({ ready: faults.length === 0, faults });
  });
  server.get("/metrics", async (request, reply) => {
    allow(request, "read");
    const { text, contentType } = await backend.metrics();
    return reply.type(contentType).send(text);
  });
  server.get("/v1/status", async (request) => {
    allow(request, "read");
    return backend.status();
  });
  server.get<{ Querystring: { all?: string; limit?: string } }>("/v1/incidents", async (request) => {
    allow(request, "read");
    const limit = Math.min(1000, Math.max(1, Number(request.query.limit ?? 100) || 100));
    return { incidents: (await backend.incidents({ open: request.query.all !== "1", limit })).map(incidentLine) };
  });
  server.get<{ Params: { id: string } }>("/v1/incidents/:id", async (request) => {
    allow(request, "read");
    const found = await backend.incident(request.params.id);
    if (!found) throw new Refused(404, "There is no such incident.");
    return { ...incidentLine(found.incident), transitions: found.transitions.map(({ state: _, ...t }) => t) };
  });
  server.get("/", async (request, reply) => {
    allow(request, "read");
    const [status, incidents] = await Promise.all([backend.status(), backend.incidents({ open: false, limit: 200 })]);
    return reply.type("text/html; charset=utf-8").send(overviewPage(status, incidents));
  });
  server.get<{ Params: { id: string } }>("/incidents/:id", async (request, reply) => {
    allow(request, "read");
    const found = await backend.incident(request.params.id);
    if (!found) throw new Refused(404, "There is no such incident.");
    return reply.type("text/html; charset=utf-8").send(incidentPage(found.incident, found.transitions));
  });
  return server;
}

/** A client that sends on after it was refused has a moment to read the answer; a close at once could take the answer with it. */
function lingerAndClose({ raw }: FastifyRequest): void {
  if (raw.complete || raw.socket.destroyed) return;
  setTimeout(() => {
    if (!raw.complete) raw.socket.destroy();
  }, LINGER_MS).unref();
}

function answerError(
  error: Error & { statusCode?: number },
  reply: FastifyReply,
  onError: (error: Error) => void,
): FastifyReply {
  const status = error instanceof Refused ? error.status : (error.statusCode ?? 500);
  if (status === 401) reply.header("www-authenticate", "Bearer");
  if (error instanceof Refused && status < 500) return reply.code(status).send({ error: error.message });
  if (status < 500) return reply.code(status).send({ error: "This request cannot be read as HTTP asks for." });
  onError(error);
  reply.header("retry-after", "5");
  return reply
    .code(503)
    .send({ error: "The rows could not be stored now; nothing of this request was acknowledged. Send it again." });
}
