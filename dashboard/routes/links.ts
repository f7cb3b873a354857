import type { FastifyReply } from "fastify";
import { rawBody } from "../inbound.ts";
import { answeredPage, askPage } from "../page/answer.ts";
import type { Surface } from "../surface.ts";

/**
 * linkRoutes are what the addresses in mails open. Reading one changes nothing, however often a scanner does it; only the
 * form of the page it shows does.
 */
export function linkRoutes({ server, backend: { inbound } }: Surface): void {
  if (!inbound) return;
  // A scope of its own: its headers are set after those of the whole server.
  server.register(async (scope) => {
    scope.addHook("onSend", async (_request, reply) => {
      reply.headers({
        "content-security-policy":
          "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        "x-robots-tag": "noindex",
      });
    });
    scope.get<{ Querystring: { t?: string } }>("/answer", async (request, reply) => {
      const token = tokenOf(request.query.t);
      const view = await inbound.link.view(token);
      if (view.kind !== "ask") return page(reply, view.kind === "expired" ? 410 : 404, answeredPage(view));
      return page(reply, 200, askPage(view, token));
    });
    scope.post("/answer", async (request, reply) => {
      const form = new URLSearchParams(await rawBody(request));
      const done = await inbound.link.act(tokenOf(form.get("t")), form.get("c") ?? "");
      return page(reply, STATUS[done.kind], answeredPage(done));
    });
  });
}

const STATUS = { done: 200, same: 200, refused: 409, unknown: 404, expired: 410, unconfirmed: 403 };

/** What is longer than any token of ours is none. */
const tokenOf = (given: unknown): string => (typeof given === "string" && given.length <= 1_000 ? given : "");

const page = (reply: FastifyReply, status: number, html: string): FastifyReply =>
  reply.code(status).type("text/html; charset=utf-8").send(html);
