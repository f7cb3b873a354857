import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const COOKIE = "keywatch_session";
export const SESSION_MS = 12 * 3_600_000;
/** What the audit log says of a session that was ended; its target is the id. */
export const SIGNED_OUT = "signed out";

export interface Sessions {
  /** Gives the value of a cookie for the token of that name. */
  open(name: string): string;
  /** Name of the token behind a cookie; null where it is none of ours, over, or its token is gone. */
  holderOf(cookie: string): string | null;
  csrfOf(cookie: string): string;
  /** By what a session is known when it ends; null as above. */
  idOf(cookie: string): string | null;
}

/**
 * createSessions makes cookies that carry themselves: the name of the token and an end, sealed by a key drawn from the token. So every
 * process behind one address knows them, a restart ends none, and taking the token out of the config ends all of its sessions. Only those
 * that were signed out before their end have to be remembered.
 */
export function createSessions(
  tokens: readonly { name: string; hash: Buffer }[],
  now: () => number,
  isEnded: (id: string) => boolean,
): Sessions {
  const seal = (token: { hash: Buffer }, text: string): string =>
    createHmac("sha256", token.hash).update(`keywatch session ${text}`).digest("base64url");

  function read(cookie: string): { name: string; hash: Buffer; id: string } | null {
    const [body = "", mac = ""] = cookie.split(".");
    const claim = claimOf(body);
    const token = tokens.find((t) => t.name === claim?.name);
    if (claim === null || token === undefined) return null;
    const [given, wanted] = [Buffer.from(mac), Buffer.from(seal(token, body))];
    const genuine = given.length === wanted.length && timingSafeEqual(given, wanted);
    return genuine && now() < claim.end && !isEnded(claim.nonce) ? { ...token, id: claim.nonce } : null;
  }

  return {
    open(name) {
      const token = tokens.find((t) => t.name === name)!;
      const claim = { name, end: now() + SESSION_MS, nonce: randomBytes(9).toString("base64url") };
      const body = Buffer.from(JSON.stringify(claim)).toString("base64url");
      return `${body}.${seal(token, body)}`;
    },
    holderOf: (cookie) => read(cookie)?.name ?? null,
    idOf: (cookie) => read(cookie)?.id ?? null,
    csrfOf(cookie) {
      const token = read(cookie);
      return token === null ? randomBytes(24).toString("base64url") : seal(token, `csrf ${cookie}`);
    },
  };
}

function claimOf(body: string): { name: string; end: number; nonce: string } | null {
  try {
    const claim = JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
    const { name, end, nonce } = claim;
    return typeof name === "string" && typeof end === "number" && typeof nonce === "string"
      ? { name, end, nonce }
      : null;
  } catch {
    return null;
  }
}
