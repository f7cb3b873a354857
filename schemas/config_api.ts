import { z } from "zod";
import { duration } from "./duration.ts";
import { httpUrl } from "./http_url.ts";

/** Providers whose log is asked for over their API, by what each needs beside a token. */
export const API_NEEDS = {
  github_audit: ["organization"],
  okta_system_log: ["url"],
  openai_audit: [],
  twilio_monitor: ["account"],
  slack_audit: [],
  cloudflare_audit: ["account"],
} as const satisfies Record<string, readonly ("organization" | "account" | "url")[]>;
export type ApiProvider = keyof typeof API_NEEDS;

/** apiSource asks a provider's API for what is new, again and again. */
export const apiSource = z.strictObject({
  kind: z.literal("api"),
  provider: z.enum(Object.keys(API_NEEDS) as [ApiProvider, ...ApiProvider[]]),
  /** A token that may read the audit log and nothing else; for Twilio the auth token or an API key's secret. */
  token: z.string().min(1),
  /** Another address than the provider's own: Okta's is the organisation's, GitHub Enterprise Server has one. */
  url: httpUrl.optional(),
  /** GitHub. */
  organization: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, "the organisation's name in its address")
    .optional(),
  /** Twilio's account SID, Cloudflare's account id. */
  account: z.string().regex(/^\w+$/, "the account's id").optional(),
  /** Twilio: SID of the API key whose secret `token` is; left out, `token` is the account's own. */
  key: z.string().regex(/^\w+$/, "the key's SID").optional(),
  interval: duration.prefault("60s"),
  /** How far back the first look goes. */
  since: duration.prefault("24h"),
});
export type ApiSource = z.infer<typeof apiSource>;

/** apiFaults finds what a provider needs and a source does not say; sources may be wrong elsewhere. */
export function apiFaults(
  sources: readonly ({ kind?: unknown; provider?: unknown; url?: unknown } | undefined)[],
  fault: (path: (string | number)[], message: string) => void,
): void {
  for (const [i, source] of sources.entries()) {
    if (source?.kind !== "api" || typeof source.provider !== "string") continue;
    if (
      typeof source.url === "string" &&
      /^http:/i.test(source.url) &&
      !/^http:\/\/(127\.|localhost[:/]|\[::1\])/i.test(source.url)
    )
      fault(["sources", i, "url"], "a token may not go over plain HTTP; write https");
    for (const name of API_NEEDS[source.provider as ApiProvider] ?? [])
      if (!(name in source)) fault(["sources", i], `${source.provider} needs ${name}`);
  }
}
