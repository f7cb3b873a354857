import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Config } from "../schemas/config.ts";
import { Refused } from "./backend.ts";
import type { EndedSessions } from "./ended_sessions.ts";
import { COOKIE, createSessions } from "./session.ts";

export type Role = "ingest" | "read" | "admin";

/** Caller is who asks, and by what. `local` needs no token: without configured ones only this machine may ask (the config sees to it). */
export interface Caller {
  name: string;
  roles: readonly Role[];
  by: "local" | "token" | "session";
}

export interface Guard {
  /** Refuses a request without the role, and gives the name of who asks. */
  allow(request: FastifyRequest, role: Role): string;
  /** Who asks; null where nobody is known. */
  caller(request: FastifyRequest): Caller | null;
  /** What a browser sends with a change as x-keywatch-csrf. */
  csrf(request: FastifyRequest): string;
  /** Refuses requests that a page of somebody else made. */
  refuseForeign(request: FastifyRequest): void;
  /** The cookie of a new session for a token; null for a token that is none. */
  login(token: string): { cookie: string; caller: Caller } | null;
  /** The session of a request, by its id; null where it has none. */
  sessionOf(request: FastifyRequest): string | null;
}

export const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
const equal = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

export function createGuard(http: Config["http"], now: () => number, ended: EndedSessions): Guard {
  const tokens = http.tokens.map((t) => ({ name: t.name, hash: digest(t.token), roles: t.roles as readonly Role[] }));
  const sessions = createSessions(tokens, now, ended.has);
  const localCsrf = randomBytes(24).toString("base64url");

  /** Every token is compared, so that the time tells nothing. */
  function holder(given: string): (typeof tokens)[number] | null {
    const hash = digest(given);
    let found: (typeof tokens)[number] | null = null;
    for (const token of tokens) if (timingSafeEqual(hash, token.hash)) found = token;
    return given === "" ? null : found;
  }

  function caller(request: FastifyRequest): Caller | null {
    if (tokens.length === 0) return { name: "local", roles: ["ingest", "read", "admin"], by: "local" };
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const [scheme = "", given = ""] = authorization.split(" ");
      const found = scheme.toLowerCase() === "bearer" ? holder(given) : null;
      return found && { name: found.name, roles: found.roles, by: "token" };
    }
    const name = sessions.holderOf(cookieOf(request));
    const found = tokens.find((t) => t.name === name);
    return found ? { name: found.name, roles: found.roles, by: "session" } : null;
  }

  const csrf = (request: FastifyRequest): string =>
    tokens.length === 0 ? localCsrf : sessions.csrfOf(cookieOf(request));

  return {
    caller,
    csrf,
    sessionOf: (request) => sessions.idOf(cookieOf(request)),
    refuseForeign: (request) => refuseForeignPages(request, tokens.length > 0),
    login(token) {
      const found = holder(token);
      return (
        found && { cookie: sessions.open(found.name), caller: { name: found.name, roles: found.roles, by: "session" } }
      );
    },
    allow(request, role) {
      refuseForeignPages(request, tokens.length > 0);
      const who = caller(request);
      if (who === null) {
        throw new Refused(401, "Send a token of this keywatch as `Authorization: Bearer <token>`.");
      }
      if (!who.roles.includes(role) && !who.roles.includes("admin")) {
        throw new Refused(403, `The token "${who.name}" has no role "${role}".`);
      }
      // What a browser adds by itself (a cookie, being on this machine) is no proof that its user meant it.
      if (changes(request) && (who.by === "session" || (who.by === "local" && isBrowser(request)))) {
        const given = request.headers["x-keywatch-csrf"];
        if (!isBrowser(request) || typeof given !== "string" || !equal(given, csrf(request))) {
          throw new Refused(
            403,
            "Changes from a browser need the header x-keywatch-csrf, which GET /v1/session gives.",
          );
        }
      }
      return who.name;
    },
  };
}

const changes = (request: FastifyRequest): boolean => request.method !== "GET" && request.method !== "HEAD";
const isBrowser = ({ headers }: FastifyRequest): boolean =>
  headers.origin !== undefined || headers["sec-fetch-site"] !== undefined;

function cookieOf(request: FastifyRequest): string {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [name = "", value = ""] = part.trim().split("=");
    if (name === COOKIE) return value;
  }
  return "";
}

/** A page of somebody else's in a browser on this machine must not reach us: neither by name (DNS rebinding) nor by form. */
function refuseForeignPages(request: FastifyRequest, hasTokens: boolean): void {
  const { origin, host } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (
    (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) ||
    (site !== undefined && site !== "same-origin" && site !== "none")
  ) {
    throw new Refused(403, "Requests from pages of another origin are refused.");
  }
  if (!hasTokens && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host ?? "")) {
    throw new Refused(403, "Without tokens only requests to localhost are answered.");
  }
}

const TOKEN_NAMES = /[?&;](token|access_token|auth_token|api_key|apikey|bearer|session)=/i;

/** refuseTokensInUrls keeps tokens out of addresses, which histories, proxies and logs keep. */
export function refuseTokensInUrls(http: Config["http"]): (url: string) => void {
  const hashes = http.tokens.map((t) => digest(t.token));
  return (url) => {
    let found = TOKEN_NAMES.test(url);
    if (hashes.length > 0)
      for (const part of url.split(/[/?&=;#]/)) {
        const hash = digest(decoded(part));
        for (const token of hashes) if (timingSafeEqual(hash, token)) found = true;
      }
    if (found)
      throw new Refused(
        400,
        "A token does not belong in an address, which histories and logs keep. Send it as `Authorization: Bearer <token>`, and replace this one.",
      );
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
