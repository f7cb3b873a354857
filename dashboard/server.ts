import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Config } from "../schemas/config.ts";
import { createGuard, refuseTokensInUrls } from "./auth.ts";
import { type Backend, Refused } from "./backend.ts";
import { createEndedSessions } from "./ended_sessions.ts";
import { registerClickhouse } from "./routes/clickhouse.ts";
import { exploreRoutes } from "./routes/explore.ts";
import { incidentRoutes } from "./routes/incidents.ts";
import { ingestRoute } from "./routes/ingest.ts";
import { linkRoutes } from "./routes/links.ts";
import { operationsRoutes } from "./routes/operations.ts";
import { pageRoutes } from "./routes/page.ts";
import { pagerdutyRoutes } from "./routes/pagerduty.ts";
import { sessionRoutes } from "./routes/session.ts";
import { silenceRoutes } from "./routes/silences.ts";
import { slackRoutes } from "./routes/slack.ts";
import { streamRoute } from "./routes/stream.ts";
import { COOKIE } from "./session.ts";
import type { Surface } from "./surface.ts";

const LINGER_MS = 2_000;
/** Nothing of ours needs another host, a frame, an inline script or a string that becomes HTML. */
const HARMLESS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};
const BAD_PATH = "The path of this request cannot be read, or is too long.";

/** createServer makes the HTTP side; each surface registers itself from a file of routes/. It listens nowhere yet. */
export function createServer(http: Config["http"], backend: Backend, onError: (error: Error) => void): FastifyInstance {
  const server = Fastify({
    bodyLimit: http.max_body,
    requestTimeout: http.timeout,
    // Node looks for slow clients every 30 s of its own; headers count into the time of the request.
    http: { connectionsCheckingInterval: Math.min(30_000, http.timeout / 2), headersTimeout: http.timeout },
    // A push may wait for the store longer than its sender may take to send it.
    connectionTimeout: http.timeout * 10,
    routerOptions: { maxParamLength: 600 },
    // Fastify's own sentence repeats the path, and a path may hold a token that slipped into it.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) =>
      void reply.code(error.statusCode ?? 400).send({ error: BAD_PATH }),
  });

  // Bodies are read by the backend, within its bounds; nothing is parsed before the token was checked.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  const refuseTokens = refuseTokensInUrls(http);
  server.addHook("onRequest", async (request) => refuseTokens(request.raw.url ?? ""));
  server.addHook("onSend", async (_request, reply) => {
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    reply.headers(HARMLESS);
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

  const ended = createEndedSessions(backend.endedSessions, backend.now);
  server.addHook("onRequest", async ({ headers }) => {
    if (http.tokens.length > 0 && headers.cookie?.includes(COOKIE)) await ended.refresh();
  });
  const guard = createGuard(http, backend.now, ended);
  const surface: Surface = { server, http, backend, guard, ended, allow: guard.allow };
  ingestRoute(surface);
  operationsRoutes(surface);
  sessionRoutes(surface);
  incidentRoutes(surface);
  exploreRoutes(surface);
  silenceRoutes(surface);
  streamRoute(surface);
  pageRoutes(surface);
  slackRoutes(surface);
  pagerdutyRoutes(surface);
  linkRoutes(surface);
  registerClickhouse(surface, onError);
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
  if (status === 503) reply.header("retry-after", "5");
  if (error instanceof Refused) return reply.code(status).send({ error: error.message });
  if (status < 500) return reply.code(status).send({ error: "This request cannot be read as HTTP asks for." });
  onError(error);
  reply.header("retry-after", "5");
  const reads = reply.request.method === "GET";
  return reply.code(503).send({
    error: reads
      ? "This could not be answered now. Ask again in a moment; the log says why."
      : "The rows could not be stored now; nothing of this request was acknowledged. Send it again.",
  });
}
