import type { VerbClass } from "../../schemas/activity.ts";

/** A rule of a host: calls whose `METHOD path` (ids replaced by `{id}`) matches are of this class, where the method alone says something else. */
export type HostRule = readonly [match: RegExp, verb: VerbClass];

export interface EgressHost {
  /** `api.stripe.com`, or `*.twilio.com` for all names below it. */
  host: string;
  /** Whose API it is; becomes the event's service. */
  service: string;
  rules: readonly HostRule[];
  /** Headers that carry the key, small letters, beside Authorization. */
  headers?: readonly string[];
}

/** Inference changes nothing at the provider, so it reads in spite of POST; keys and members are administration. */
const LLM: readonly HostRule[] = [
  [
    /^POST \/v\d+\w*\/(chat|responses|completions|embeddings|moderations|messages|rerank|classify|audio|images|tokenize|search|ocr|fim)\b/,
    "read",
  ],
  [/^POST \/v\d+\w*\/models\/[^/]+:(generateContent|streamGenerateContent|embedContent|countTokens)/, "read"],
  [/^(POST|PUT|PATCH|DELETE) \/v\d+\/(organizations?|admin|api_keys|projects|workspaces|invites|users)\b/, "admin"],
];

/**
 * egressHosts tells by the host whose API a proxied call went to. Hosts and paths are those of each provider's public API reference,
 * written down in November 2026; `egress_log.hosts` in keywatch.yaml adds more.
 */
export const egressHosts: readonly EgressHost[] = [
  {
    host: "api.stripe.com",
    service: "stripe",
    rules: [
      [
        /^(POST|DELETE) \/v\d+\/(accounts|webhook_endpoints|payouts|transfers|external_accounts|api_keys|apps\/secrets)\b/,
        "admin",
      ],
      [/^POST \/v\d+\/oauth/, "auth"],
    ],
  },
  { host: "files.stripe.com", service: "stripe", rules: [] },
  { host: "connect.stripe.com", service: "stripe", rules: [[/^POST \/oauth/, "auth"]] },
  {
    host: "*.twilio.com",
    service: "twilio",
    rules: [
      [/^(POST|DELETE) \/\d{4}-\d\d-\d\d\/Accounts(\.json|\/\{id\}(\.json|\/(Keys|SigningKeys)\b.*))$/, "admin"],
      [/^(POST|DELETE) \/v\d+\/(Keys|AuthTokens)\b/, "admin"],
    ],
  },
  {
    host: "api.sendgrid.com",
    service: "sendgrid",
    headers: [],
    rules: [[/^(POST|PUT|PATCH|DELETE) \/v3\/(api_keys|teammates|subusers|access_settings|sso)\b/, "admin"]],
  },
  { host: "api.openai.com", service: "openai", rules: LLM },
  { host: "*.openai.azure.com", service: "azure_openai", headers: ["api-key"], rules: [[/^POST \/openai\//, "read"]] },
  { host: "api.anthropic.com", service: "anthropic", headers: ["x-api-key"], rules: LLM },
  { host: "generativelanguage.googleapis.com", service: "gemini", headers: ["x-goog-api-key"], rules: LLM },
  { host: "api.mistral.ai", service: "mistral", rules: LLM },
  { host: "api.cohere.com", service: "cohere", rules: LLM },
  { host: "api.deepseek.com", service: "deepseek", rules: LLM },
  { host: "openrouter.ai", service: "openrouter", rules: [[/^POST \/api\/v1\/(chat|completions|embeddings)/, "read"]] },
  {
    host: "api.x.com",
    service: "x",
    rules: [
      [/^POST \/(2\/oauth2|oauth2?)\b/, "auth"],
      [/^(POST|PUT|DELETE) \/2\/(compliance|account_activity|webhooks)\b/, "admin"],
    ],
  },
  { host: "api.twitter.com", service: "x", rules: [[/^POST \/(2\/oauth2|oauth2?)\b/, "auth"]] },
  { host: "upload.x.com", service: "x", rules: [] },
  { host: "upload.twitter.com", service: "x", rules: [] },
  {
    host: "api.github.com",
    service: "github",
    rules: [
      [/^(POST|PUT|PATCH|DELETE) \/.*(keys|hooks|collaborators|members|secrets|rulesets|protection)\b/, "admin"],
      [/^POST \/graphql/, "unknown"],
    ],
  },
  {
    host: "slack.com",
    service: "slack",
    rules: [
      [/^POST \/api\/(\w+)\.(list|info|history|replies|get\w*|test|read|search)\b/, "read"],
      [/^POST \/api\/(admin|team|usergroups)\./, "admin"],
      [/^POST \/api\/oauth/, "auth"],
    ],
  },
  {
    host: "api.cloudflare.com",
    service: "cloudflare",
    headers: ["x-auth-key"],
    rules: [[/^(POST|PUT|PATCH|DELETE) \/client\/v4\/.*(tokens|members|roles|access|logpush)\b/, "admin"]],
  },
  {
    host: "api.datadoghq.com",
    service: "datadog",
    headers: ["dd-api-key"],
    rules: [[/^(POST|PUT|PATCH|DELETE) \/api\/v\d\/(api_key|application_key|users|roles)\b/, "admin"]],
  },
  { host: "api.mailgun.net", service: "mailgun", rules: [] },
  { host: "api.hubapi.com", service: "hubspot", rules: [[/^POST \/.*\/search$/, "read"]] },
  { host: "api.paypal.com", service: "paypal", rules: [[/^POST \/v1\/oauth2/, "auth"]] },
  { host: "api-m.paypal.com", service: "paypal", rules: [[/^POST \/v1\/oauth2/, "auth"]] },
  { host: "api.plaid.com", service: "plaid", rules: [[/^POST \/[\w/]+\/(get|sync|list)$/, "read"]] },
];

const exact = new Map<string, EgressHost>();
const below: [string, EgressHost][] = [];
for (const entry of egressHosts) {
  if (entry.host.startsWith("*")) below.push([entry.host.slice(1), entry]);
  else exact.set(entry.host, entry);
}

/** egressHost finds a host of the table, null where it is nobody's; a port and a closing dot do not matter. */
export function egressHost(host: string | null, extra: ReadonlyMap<string, EgressHost>): EgressHost | null {
  if (host === null) return null;
  const name = host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
  return extra.get(name) ?? exact.get(name) ?? below.find(([suffix]) => name.endsWith(suffix))?.[1] ?? null;
}
