import { z } from "zod";
import { duration } from "./duration.ts";
import { httpUrl } from "./http_url.ts";
import { template } from "./message_template.ts";
import { isZone } from "./zone.ts";

const heartbeat = z.strictObject({
  at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "write it like 09:00"),
  location: z.string().refine(isZone, { message: "no IANA time zone; write it like Europe/Berlin" }).default("UTC"),
});
export type Heartbeat = z.infer<typeof heartbeat>;

const channelBase = {
  send_resolved: z.boolean().default(true),
  /**
   * Immediate messages a day; what is over it goes into a digest. null: no limit. Left out: 20 where people read (slack,
   * email, teams), no limit where a tool or a file takes it.
   */
  budget: z.number().int().min(0).nullable().optional(),
  /** A message a day that says that keywatch lives; whoever misses it looks. */
  heartbeat: heartbeat.optional(),
  /** Own words for the messages of this channel. */
  template: template.optional(),
};
const consoleChannel = z.strictObject({ kind: z.literal("console"), ...channelBase });
const slackChannel = z
  .strictObject({
    kind: z.literal("slack"),
    webhook_url: httpUrl.nullable().default(null),
    bot_token: z.string().min(1).nullable().default(null),
    channel: z.string().min(1).nullable().default(null),
    /** Signing secret of the app; with it messages have buttons, and what they send back is believed. */
    signing_secret: z.string().min(16, "must be the app's signing secret").nullish(),
    /** The key's owner is asked "was this you?" instead, by the Slack id that the inventory gives for the owner. */
    ask_owner: z.boolean().optional(),
    /** Base of the Slack Web API, another one in tests. */
    api_url: httpUrl.default("https://slack.com/api"),
    ...channelBase,
  })
  .refine((c) => c.webhook_url !== null || (c.bot_token !== null && (c.channel !== null || c.ask_owner === true)), {
    message: "slack needs webhook_url, or bot_token and channel",
  })
  .refine((c) => c.ask_owner !== true || (c.bot_token !== null && typeof c.signing_secret === "string"), {
    message: "ask_owner needs bot_token, to write to the owner, and signing_secret, to believe the answer",
  });
const emailChannel = z
  .strictObject({
    kind: z.literal("email"),
    /** smtp://user:password@host:port or smtps://… */
    smtp_url: z.string().regex(/^smtps?:\/\//, "must begin with smtp:// or smtps://"),
    from: z.string().min(3),
    to: z.array(z.string().min(3)).default([]),
    /** The key's owner is asked "was this you?" instead of `to`, at the address that the inventory gives for the owner. */
    ask_owner: z.boolean().optional(),
    ...channelBase,
  })
  .refine((c) => c.to.length > 0 !== (c.ask_owner === true), {
    message: "email needs to, or ask_owner: true, and not both",
  });
const webhookChannel = z.strictObject({
  kind: z.literal("webhook"),
  url: httpUrl,
  /** Standard Webhooks secrets, `whsec_` + base64; several at once while rotating. */
  secrets: z.array(z.string().regex(/^whsec_[A-Za-z0-9+/]+=*$/, "must be whsec_ followed by base64")).min(1),
  /** What the body looks like; `keywatch` is our own, the others are what a receiver may understand already. */
  format: z.enum(["keywatch", "alertmanager", "ocsf", "cloudevents"]).default("keywatch"),
  allow_private_addresses: z.boolean().default(false),
  timeout: duration.prefault("10s"),
  ...channelBase,
});

const pagerdutyChannel = z.strictObject({
  kind: z.literal("pagerduty"),
  /** Integration key of an Events API v2 integration. */
  routing_key: z.string().regex(/^[A-Za-z0-9]{32}$/, "must be the 32 characters of an Events API v2 integration key"),
  /** Secrets of webhook subscriptions (v3); with them PagerDuty's own acknowledge and resolve are taken over. */
  webhook_secrets: z.array(z.string().min(16, "must be the secret of a webhook subscription")).optional(),
  /** https://events.eu.pagerduty.com for an account in the EU. */
  api_url: httpUrl.default("https://events.pagerduty.com"),
  ...channelBase,
});
const opsgenieChannel = z.strictObject({
  kind: z.literal("opsgenie"),
  /** Key of an API integration. */
  api_key: z.string().min(1),
  /** What the outgoing webhook sends as `Authorization: Bearer …`; with it, acknowledge and close there are taken over. */
  webhook_token: z.string().min(16, "a token needs at least 16 characters").nullish(),
  /** Jira Service Management; Opsgenie's own is https://api.opsgenie.com or https://api.eu.opsgenie.com. */
  api_url: httpUrl.default("https://api.atlassian.com/jsm/ops/integration"),
  /** Who is called, where the integration does not say it already. */
  responders: z
    .array(
      z
        .strictObject({
          type: z.enum(["team", "user", "escalation", "schedule"]),
          id: z.string().min(1).optional(),
          name: z.string().min(1).optional(),
          username: z.string().min(1).optional(),
        })
        .refine((r) => [r.id, r.name, r.username].filter((n) => n !== undefined).length === 1, {
          message: "a responder needs one of id, name, username",
        }),
    )
    .max(50)
    .default([]),
  ...channelBase,
});
const alertmanagerFields = z.strictObject({
  kind: z.literal("alertmanager"),
  /** Every instance of a cluster: Alertmanagers do not share alerts among themselves. */
  urls: z.array(httpUrl).min(1),
  bearer_token: z.string().min(1).nullable().default(null),
  basic_auth: z.strictObject({ username: z.string(), password: z.string() }).nullable().default(null),
  /** Labels added to every alert. */
  labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "no name of a label"), z.string()).default({}),
  /** An open incident ends there by itself after so long, should its end never arrive. */
  firing_for: duration.prefault("30d"),
  ...channelBase,
});
const alertmanagerChannel = alertmanagerFields.refine((c) => c.bearer_token === null || c.basic_auth === null, {
  message: "bearer_token or basic_auth, not both",
});
const teamsChannel = z.strictObject({
  kind: z.literal("teams"),
  /** Address of a workflow with the trigger "When a Teams webhook request is received". */
  webhook_url: httpUrl,
  ...channelBase,
});

const siemFormat = z.enum(["ocsf", "ecs"]).default("ocsf");
export const facilities = {
  ...{ user: 1, auth: 4, authpriv: 10, audit: 13, local0: 16, local1: 17, local2: 18, local3: 19, local4: 20 },
  ...{ local5: 21, local6: 22, local7: 23 },
} as const;
const pem = z.string().regex(/-----BEGIN /, "must be PEM; write file:<path> to read it from a file");
const syslogChannel = z
  .strictObject({
    kind: z.literal("syslog"),
    /** udp://host:514, tcp://host:601 or tls://host:6514. */
    address: z.string().regex(/^(udp|tcp|tls):\/\/(\[[0-9a-fA-F:.]+\]|[^\s:/@?#]+)(:\d{1,5})?$/, {
      error: "write it like tls://siem.example.com:6514; udp:// and tcp:// are the others",
    }),
    format: siemFormat,
    facility: z.enum(Object.keys(facilities) as [keyof typeof facilities]).default("local0"),
    app_name: z
      .string()
      .regex(/^[!-~]{1,48}$/, "at most 48 letters, digits and signs, no blanks")
      .default("keywatch"),
    /** Details are left out of a longer message; receivers cut or drop what is longer than they take. */
    max_bytes: z.number().int().min(2_048).max(60_000).default(8_000),
    /** Who signed the receiver's certificate; null: a public authority. */
    ca: pem.nullable().default(null),
    /** Own certificate and key, where the receiver asks for one. */
    cert: pem.nullable().default(null),
    key: pem.nullable().default(null),
    ...channelBase,
  })
  .refine((c) => (c.cert === null) === (c.key === null), { message: "cert and key go together" })
  .refine((c) => c.address.startsWith("tls:") || (c.ca === null && c.cert === null), {
    message: "ca, cert and key are of use with tls:// only",
  });
const fileChannel = z.strictObject({
  kind: z.literal("file"),
  /** One JSON object a line is added to it; "-" is standard output. Relative to the config. */
  path: z.string().min(1),
  format: siemFormat,
  ...channelBase,
});

export const channelConfig = z.discriminatedUnion("kind", [
  consoleChannel,
  slackChannel,
  emailChannel,
  webhookChannel,
  pagerdutyChannel,
  opsgenieChannel,
  alertmanagerChannel,
  teamsChannel,
  syslogChannel,
  fileChannel,
]);
export type ChannelConfig = z.infer<typeof channelConfig>;

interface LooseReceivers {
  receivers?: { name?: unknown; channels?: { kind?: unknown; ask_owner?: unknown }[] }[] | undefined;
  alert?: { external_url?: unknown } | undefined;
}

/** channelFaults finds what a channel needs of the rest of the config. */
export function channelFaults(c: LooseReceivers, fault: (path: (string | number)[], message: string) => void): void {
  for (const [i, receiver] of (Array.isArray(c.receivers) ? c.receivers : []).entries()) {
    for (const [j, channel] of (Array.isArray(receiver?.channels) ? receiver.channels : []).entries()) {
      if (channel?.kind !== "email" || channel.ask_owner !== true || c.alert?.external_url) continue;
      fault(
        ["receivers", i, "channels", j, "ask_owner"],
        "the owner answers by a link, so alert.external_url is needed",
      );
    }
  }
}
