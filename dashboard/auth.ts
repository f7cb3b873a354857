import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Config } from "../schemas/config.ts";
import { Refused } from "./backend.ts";

export type Role = "ingest" | "read" | "admin";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** guard refuses requests without a token of the role; without configured tokens only this machine may ask (the config sees to it). */
export function guard(http: Config["http"]): (request: FastifyRequest, role: Role) => string {
  const tokens = http.tokens.map((t) => ({ name: t.name, hash: digest(t.token), roles: t.roles as readonly Role[] }));
  return (request, role) => {
    refuseForeignPages(request, tokens.length > 0);
    if (tokens.length === 0) return "local";
    const [scheme = "", given = ""] = (request.headers.authorization ?? "").split(" ");
    const hash = digest(given);
    let found: (typeof tokens)[number] | null = null;
    // Every token is compared, so that the time tells nothing.
    for (const token of tokens) if (timingSafeEqual(hash, token.hash)) found = token;
    if (scheme.toLowerCase() !== "bearer" || given === "" || found === null) {
      throw new Refused(401, "Send a token of this keywatch as `Authorization: Bearer <token>`.");
    }
    if (!found.roles.includes(role) && !found.roles.includes("admin")) {
      throw new Refused(403, `The token "${found.name}" has no role "${role}".`);
    }
    return found.name;
  };
}

/** A page of somebody else's in a browser on this machine must not reach us: neither by name (DNS rebinding) nor by form. */
function refuseForeignPages(request: FastifyRequest, hasTokens: boolean): void {
  const { origin } = request.headers;
  if (
    origin !== undefined &&
    origin !== `http://${request.headers.host}` &&
    origin !== `https://${request.headers.host}`
  ) {
    throw new Refused(403, "Requests from pages of another origin are refused.");
  }
  if (!hasTokens && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(request.headers.host ?? "")) {
    throw new Refused(403, "Without tokens only requests to localhost are answered.");
  }
}
