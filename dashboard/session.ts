import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const COOKIE = "keywatch_session";
export const SESSION_MS = 12 * 3_600_000;

export interface Sessions {
  /** Gives the value of a cookie for the token of that name. */
  open(name: string): string;
  /** Name of the token behind a cookie; null where it is none of ours, over, or its token is gone. */
  holderOf(cookie: string): string | null;
  csrfOf(cookie: string): string;
}

/**
 * createSessions makes cookies that carry themselves: the name of the token and an end, sealed by a key drawn from the token. So every
 * process behind one address knows them, a restart ends none, and taking the token out of the config ends all of its sessions.
 */
export function createSessions(tokens: readonly { name: string; hash: Buffer }[], now: () => number): Sessions {
  const seal = (token: { hash: Buffer }, text: string): string =>
    createHmac("sha256", token.hash).update(`keywatch session ${text}`).digest("base64url");

  function read(cookie: string): { name: string; hash: Buffer } | null {
    const [body = "", mac = ""] = cookie.split(".");
    const claim = claimOf(body);
    const token = tokens.find((t) => t.name === claim?.name);
    if (claim === null || token === undefined) return null;
    const [given, wanted] = [Buffer.from(mac), Buffer.from(seal(token, body))];
    return given.length === wanted.length && timingSafeEqual(given, wanted) && now() < claim.end ? token : null;
  }

  return {
    open(name) {
      const token = tokens.find((t) => t.name === name)!;
      const claim = { name, end: now() + SESSION_MS, nonce: randomBytes(9).toString("base64url") };
      const body = Buffer.from(JSON.stringify(claim)).toString("base64url");
      return `${body}.${seal(token, body)}`;
    },
    holderOf: (cookie) => read(cookie)?.name ?? null,
    csrfOf(cookie) {
      const token = read(cookie);
      return token === null ? randomBytes(24).toString("base64url") : seal(token, `csrf ${cookie}`);
    },
  };
}

function claimOf(body: string): { name: string; end: number } | null {
  try {
    const claim = JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
    return typeof claim.name === "string" && typeof claim.end === "number"
      ? { name: claim.name, end: claim.end }
      : null;
  } catch {
    return null;
  }
}
