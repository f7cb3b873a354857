import type { FastifyRequest } from "fastify";
import { Refused } from "../backend.ts";
import { mount } from "../endpoint.ts";
import { sessionEndpoints as e } from "../endpoints.ts";
import { COOKIE, SESSION_MS, SIGNED_OUT } from "../session.ts";
import type { Surface } from "../surface.ts";

const MINUTE_MS = 60_000;
const MAX_FAILURES = 20;

/** sessionRoutes sign a browser in and out: the token goes in once, and what stays in the browser is a cookie that no script can read. */
export function sessionRoutes(surface: Surface): void {
  const { backend, guard, ended } = surface;
  let failures: number[] = [];

  const answer = (request: FastifyRequest) => {
    const who = guard.caller(request);
    return who === null
      ? { login: "required" as const, name: null, roles: [], csrf: null }
      : {
          login: who.by === "local" ? ("open" as const) : ("done" as const),
          name: who.name,
          roles: who.roles,
          csrf: who.by === "token" ? null : guard.csrf(request),
        };
  };
  const cookie = (request: FastifyRequest, value: string, ms: number): string =>
    `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${ms / 1000}${request.headers.origin?.startsWith("https:") ? "; Secure" : ""}`;

  mount(surface, e.show, ({ request }) => answer(request));
  mount(surface, e.open, async ({ body, request, reply }) => {
    const now = backend.now();
    failures = failures.filter((at) => at > now - MINUTE_MS);
    if (failures.length >= MAX_FAILURES) throw new Refused(429, "Too many wrong tokens; try again in a minute.");
    const opened = guard.login(body.token);
    if (opened === null) {
      failures.push(now);
      await backend.note({ actor: "unknown", via: "page", action: "sign-in refused", target: "", detail: "" });
      throw new Refused(401, "This is no token of this keywatch.");
    }
    const { name, roles } = opened.caller;
    await backend.note({ actor: name, via: "page", action: "signed in", target: "", detail: "" });
    reply.header("set-cookie", cookie(request, opened.cookie, SESSION_MS));
    request.headers.cookie = `${COOKIE}=${opened.cookie}`;
    return { login: "done", name, roles, csrf: guard.csrf(request) };
  });
  mount(surface, e.close, async ({ request, reply }) => {
    const who = guard.caller(request);
    if (who?.by === "session") {
      guard.allow(request, "ingest");
      const session = guard.sessionOf(request) ?? "";
      await backend.note({ actor: who.name, via: "page", action: SIGNED_OUT, target: session, detail: "" });
      ended.add(session);
    }
    reply.header("set-cookie", cookie(request, "", 0));
    request.headers.cookie = "";
    return answer(request);
  });
}
