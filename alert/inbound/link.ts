import { createHmac } from "node:crypto";
import { DAY_MS } from "../../schemas/duration.ts";
import { sameText } from "./proof.ts";

/** What a link in a mail may do. `yes` and `no` are the answers of the key's owner. */
export const linkActions = ["acknowledge", "expected", "yes", "no"] as const;
export type LinkAction = (typeof linkActions)[number];

/** Link is what a signed address says: one action on one incident, by whom, until when. */
export interface Link {
  incident: string;
  action: LinkAction;
  /** Who got the mail; shown as the actor. */
  to: string;
  /** Number of the transition that the mail showed: what an answer is about. */
  n: number;
  /** ms. */
  expires: number;
}

/** How long a link works after what its mail tells of. */
export const LINK_MS = 7 * DAY_MS;

/**
 * LinkSigner makes and reads links. The address alone only shows a page; to act takes the form of that page, which holds a
 * second proof: a scanner that opens every address of a mail changes nothing, and neither does one that posts to it.
 */
export interface LinkSigner {
  sign(link: Link): string;
  /** Null when it was not made here, or was changed. It does not look at the clock. */
  read(token: string): Link | null;
  /** What the form of the page sends along. */
  confirmation(token: string): string;
  confirms(token: string, given: string): boolean;
}

/** createLinkSigner draws its keys from the installation's pepper, one for each purpose, so that neither tells of the other. */
export function createLinkSigner(pepper: Buffer): LinkSigner {
  const keyFor = (purpose: string) => createHmac("sha256", pepper).update(`keywatch ${purpose} v1`).digest();
  const [linkKey, formKey] = [keyFor("link"), keyFor("form")];
  const mac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest("base64url");
  return {
    sign({ incident, action, to, n, expires }) {
      const said = Buffer.from(JSON.stringify([incident, action, to, n, expires])).toString("base64url");
      return `${said}.${mac(linkKey, said)}`;
    },
    read(token) {
      const [said = "", proof = "", ...more] = token.split(".");
      if (!sameText(mac(linkKey, said), proof) || more.length > 0) return null;
      return linkOf(Buffer.from(said, "base64url").toString("utf8"));
    },
    confirmation: (token) => mac(formKey, token),
    confirms: (token, given) => sameText(mac(formKey, token), given),
  };
}

function linkOf(text: string): Link | null {
  try {
    const [incident, action, to, n, expires] = JSON.parse(text) as [string, LinkAction, string, number, number];
    return linkActions.includes(action) ? { incident, action, to, n, expires } : null;
  } catch {
    return null;
  }
}
