import type { AccessConfig, GenericMap } from "../schemas/config.ts";
import type { JsonObject, Provider } from "./provider.ts";
import anthropicActivity from "./providers/anthropic_activity.ts";
import awsCloudtrail from "./providers/aws_cloudtrail.ts";
import azureActivity from "./providers/azure_activity.ts";
import azureKeyvault from "./providers/azure_keyvault.ts";
import cloudflareAudit from "./providers/cloudflare_audit.ts";
import ecs from "./providers/ecs.ts";
import egressLog, { egressLog as egressLogOf } from "./providers/egress_log.ts";
import entraSignin from "./providers/entra_signin.ts";
import gatewayLog, { gatewayLog as gatewayLogOf } from "./providers/gateway_log.ts";
import gcpAudit from "./providers/gcp_audit.ts";
import generic, { genericProvider } from "./providers/generic.ts";
import githubAudit from "./providers/github_audit.ts";
import googleWorkspace from "./providers/google_workspace.ts";
import kubernetesAudit from "./providers/kubernetes_audit.ts";
import ocsf from "./providers/ocsf.ts";
import oktaSystemLog from "./providers/okta_system_log.ts";
import openaiAudit from "./providers/openai_audit.ts";
import slackAudit from "./providers/slack_audit.ts";
import stripe from "./providers/stripe.ts";
import twilioMonitor from "./providers/twilio_monitor.ts";
import vaultAudit from "./providers/vault_audit.ts";

/** builtIn is every provider that ships; a test walks ingest/providers/ and holds this list to it. */
export const builtIn: readonly Provider[] = [
  awsCloudtrail,
  gcpAudit,
  azureActivity,
  azureKeyvault,
  entraSignin,
  kubernetesAudit,
  vaultAudit,
  githubAudit,
  googleWorkspace,
  oktaSystemLog,
  slackAudit,
  cloudflareAudit,
  openaiAudit,
  anthropicActivity,
  stripe,
  twilioMonitor,
  gatewayLog,
  egressLog,
  ocsf,
  ecs,
  generic,
];

/** Ambiguous names the providers that claim one record; the mend is to name one of them for the source. */
export interface Ambiguous {
  ambiguous: string[];
}

export interface Registry {
  byId(id: string): Provider | null;
  /**
   * Says whose record this is; null where nobody claims it. `hint` is the provider of the record before, tried first: built-in
   * claims are disjoint (a test says so), so only the user's own maps can still disagree, and the answer is the same without it.
   */
  recognise(record: JsonObject, hint?: Provider | null): Provider | Ambiguous | null;
  /** What all providers allow to be kept of a text that could not be parsed. */
  torn(text: string): string;
  ids(): string[];
}

export interface RegistryOptions {
  /** Replaces the built-in list. */
  providers?: readonly Provider[];
  /** Field maps of the config by provider id. */
  generic?: Record<string, GenericMap>;
  gateway_log?: AccessConfig | undefined;
  egress_log?: AccessConfig | undefined;
  /** Providers of the operator's own (loadProviders). */
  more?: readonly Provider[];
}

/** createRegistry throws when a field map takes the id of another provider. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const shipped = options.providers ?? configured(options);
  const mapped = Object.entries(options.generic ?? {}).map(([id, map]) => genericProvider(id, map));
  const own = [...(options.more ?? []), ...mapped];
  const all = [...shipped, ...own];
  const byId = new Map<string, Provider>();
  for (const provider of all) {
    if (byId.has(provider.id))
      throw new Error(
        `${mapped.includes(provider) ? "generic." : ""}${provider.id}: a provider has this name already; choose another`,
      );
    byId.set(provider.id, provider);
  }
  const disjoint = new Set(options.providers === undefined ? builtIn : []);
  // What the operator describes may claim anything, so it is always asked.
  const asked = [...shipped.filter((provider) => !disjoint.has(provider)), ...own];
  return {
    byId: (id) => byId.get(id) ?? null,
    recognise: (record, hint = null) =>
      hint !== null && disjoint.has(hint) && hint.claims(record)
        ? claimant(record, asked, hint)
        : claimant(record, all, null),
    torn: (text) => all.reduce((left, provider) => provider.torn?.(left) ?? left, text),
    ids: () => [...byId.keys()],
  };
}

/** configured puts the operator's access log maps in the place of the plain ones; they stay disjoint, for they share the host table. */
function configured({ gateway_log, egress_log }: RegistryOptions): readonly Provider[] {
  if (gateway_log === undefined && egress_log === undefined) return builtIn;
  return builtIn.map((provider) =>
    provider === gatewayLog
      ? gatewayLogOf(gateway_log, egress_log)
      : provider === egressLog
        ? egressLogOf(egress_log)
        : provider,
  );
}

export const isAmbiguous = (answer: Provider | Ambiguous | null): answer is Ambiguous =>
  answer !== null && "ambiguous" in answer;

function claimant(
  record: JsonObject,
  candidates: readonly Provider[],
  known: Provider | null,
): Provider | Ambiguous | null {
  let found = known;
  let ids: string[] | null = null;
  for (const provider of candidates) {
    if (!provider.claims(record)) continue;
    if (found === null) found = provider;
    else ids = [...(ids ?? [found.id]), provider.id];
  }
  return ids === null ? found : { ambiguous: ids };
}
