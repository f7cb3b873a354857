import { createHash } from "node:crypto";

/** originOf names the channel that a tool's webhook belongs to, by its secret. It tells nothing of the secret. */
export const originOf = (secret: string): string =>
  createHash("sha256").update(`keywatch origin\n${secret}`).digest("hex").slice(0, 8);

/** What a webhook is from when several channels share its secret: each of them is told again, which changes nothing there. */
export const SHARED = "shared";

/** viaOf reads out of a command id by which way it came: `slack`, `link`, `pagerduty.1a2b3c4d`; "" for our own and the command line. */
export const viaOf = (commandId: string): string =>
  /^(slack|link|(?:pagerduty|opsgenie)\.[0-9a-z]+)_/.exec(commandId)?.[1] ?? "";

/** isEcho tells that a message tells a tool only what it has told us. */
export const isEcho = (
  transitions: readonly { via: string }[],
  tool: "pagerduty" | "opsgenie",
  secrets: readonly string[],
): boolean => {
  const own = new Set(secrets.map((secret) => `${tool}.${originOf(secret)}`));
  return transitions.length > 0 && transitions.every(({ via }) => own.has(via));
};
