import type { Incident } from "../schemas/incident.ts";

/** What is known of the key, ready for a command line; a value that is not plain stays a name in angle brackets. */
interface Known {
  incident: Incident;
  /** Last part of the principal: the user of an ARN, the account of a service. */
  name(fallback: string): string;
  principal(fallback: string): string;
  account(fallback: string): string;
  /** "the one that ends in MPLE", to find the id of the key in a list. */
  keyId(what: string): string;
  temporary: boolean;
}

type Steps = (known: Known) => string[];

/**
 * providerSteps says how a key is stopped at its provider: the one place where these commands stand, for every channel.
 * keywatch never keeps a whole key id, so a command names what to fill in; it never carries what a log could have slipped in.
 */
export function providerSteps(incident: Incident): string[] {
  const steps = STEPS[incident.provider];
  return (steps ?? elsewhere)(knownOf(incident));
}

/** knownProviders are those with steps of their own. */
export const knownProviders = (): string[] => Object.keys(STEPS);

/** Nothing that a shell reads, no option, and short enough to stay whole in every channel. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.@:/+=-]{0,79}$/;
const plain = (value: string | null | undefined, fallback: string): string =>
  value && PLAIN.test(value) ? value : `<${fallback}>`;

function knownOf(incident: Incident): Known {
  const { principal_uid, principal, account, key_hint } = incident;
  const last = principal_uid.split("/").at(-1);
  const tail = /…([A-Za-z0-9]{2,8})$/.exec(key_hint ?? "")?.[1];
  return {
    incident,
    name: (fallback) => plain(principal_uid.includes("/") ? last : principal, fallback),
    principal: (fallback) => plain(principal ?? principal_uid, fallback),
    account: (fallback) => plain(account, fallback),
    keyId: (what) => (tail === undefined ? `<${what}>` : `<${what} that ends in ${tail}>`),
    temporary: key_hint?.startsWith("ASIA") ?? false,
  };
}

const aws: Steps = ({ incident, name, keyId, temporary }) => {
  const { principal_uid: uid } = incident;
  if (temporary || /:(assumed-)?role\//.test(uid)) {
    const role = /:(?:assumed-)?role\/(?:.*\/)?([A-Za-z0-9_+=,.@-]{1,64})/.exec(
      uid.replace(/(:assumed-role\/[^/]+)\/.*/, "$1"),
    );
    const of = plain(role?.[1], "role");
    return [
      `Stop every session of the role: aws iam attach-role-policy --role-name ${of} --policy-arn arn:aws:iam::aws:policy/AWSDenyAll`,
      "Then find out how its credentials got out, and take the policy off again.",
    ];
  }
  const user = name("user");
  return [
    `Disable the key: aws iam update-access-key --user-name ${user} --access-key-id ${keyId("access key id")} --status Inactive`,
    `Rotate it: aws iam create-access-key --user-name ${user}, put the new one in place, then aws iam delete-access-key of the old one.`,
  ];
};

const gcp: Steps = ({ principal, keyId }) => {
  const account = principal("service account");
  return [
    `Disable the key: gcloud iam service-accounts keys disable ${keyId("key id")} --iam-account=${account}`,
    `Rotate it: gcloud iam service-accounts keys create key.json --iam-account=${account}, put it in place, then delete the old one.`,
  ];
};

const entra: Steps = ({ principal, keyId }) => {
  const app = principal("application id");
  return [
    `Stop the application: az ad sp update --id ${app} --set accountEnabled=false`,
    `Or delete the one credential: az ad app credential delete --id ${app} --key-id ${keyId("credential key id")}`,
  ];
};

const kubernetes: Steps = ({ incident }) => {
  const [, ns, name] =
    /^system:serviceaccount:([^:]+):([^:]+)$/.exec(incident.principal ?? incident.principal_uid) ?? [];
  return [
    `See what it may do: kubectl auth can-i --list --as=system:serviceaccount:${plain(ns, "namespace")}:${plain(name, "account")}`,
    `End all its tokens: kubectl -n ${plain(ns, "namespace")} delete serviceaccount ${plain(name, "account")}, then make it again for its pods.`,
  ];
};

const STEPS: Record<string, Steps> = {
  aws_cloudtrail: aws,
  gcp_audit: gcp,
  azure_activity: entra,
  azure_keyvault: entra,
  entra_signin: entra,
  kubernetes_audit: kubernetes,
  vault_audit: () => [
    "Revoke the token: vault token revoke -accessor <accessor of the token>",
    "What it had read may be known now: rotate those secrets, and revoke its leases with vault lease revoke -prefix <path>.",
  ],
  github_audit: ({ account }) => [
    `Revoke a fine-grained token: gh api -X POST /orgs/${account("organization")}/personal-access-tokens/<token id> -f action=revoke`,
    `A classic one: gh api -X DELETE /orgs/${account("organization")}/credential-authorizations/<credential id>; else its owner deletes it in Settings, Developer settings.`,
  ],
  google_workspace: ({ principal }) => [
    `Sign ${principal("user")} out and take away connected applications: Admin console, Directory, Users, the user, Security.`,
    "A service account of a project is disabled with: gcloud iam service-accounts disable <service account>",
  ],
  okta_system_log: ({ keyId }) => [
    `Revoke the API token: Admin console, Security, API, Tokens, ${keyId("token")}, Revoke.`,
    "End sessions of its user: DELETE /api/v1/users/<user id>/sessions?oauthTokens=true",
  ],
  slack_audit: () => [
    "Revoke the token: Slack's auth.revoke with the token itself, or remove the app: Administration, Manage apps.",
    "Sign the user out everywhere: Slack's admin.users.session.reset with the user's id.",
  ],
  cloudflare_audit: ({ keyId }) => [
    `Delete the token: My Profile (or the account), API Tokens, ${keyId("token")}, Delete; or DELETE /client/v4/user/tokens/<token id>.`,
    "Rotate it: the same place, Roll; the old value ends at once.",
  ],
  openai_audit: ({ keyId }) => [
    `Delete the key: Settings, API keys, ${keyId("key")}; or DELETE /v1/organization/projects/<project id>/api_keys/<key id> with an admin key.`,
    "Look at usage of the project since then, and set a budget.",
  ],
  anthropic_activity: ({ keyId }) => [
    `Disable the key: Console, API keys, ${keyId("key")}; or POST /v1/organizations/api_keys/<key id> {"status":"inactive"} with an admin key.`,
  ],
  stripe: ({ keyId }) => [
    `Roll the key: Dashboard, Developers, API keys, ${keyId("key")}, Roll key, expiration Now.`,
    "Look at payouts, refunds and new webhook endpoints since then.",
  ],
  twilio_monitor: ({ keyId }) => [
    `Delete the key: twilio api:core:keys:remove --sid ${keyId("key SID")}`,
    "If it was the account's auth token: promote the secondary one in the Console, Account, API keys and tokens.",
  ],
  gateway_log: ({ keyId }) => [
    `Take the key ${keyId("key")} from its consumer in your gateway, and give it a new one.`,
  ],
  egress_log: ({ keyId }) => [
    `Revoke the key ${keyId("key")} in the console of the service that was called, and block it in your proxy until then.`,
  ],
};

const elsewhere: Steps = ({ keyId }) => [`Revoke or rotate the key ${keyId("key")} where it was issued.`];
