/**
 * Shape is the form in which a vendor's keys can be recognised without a name beside them.
 * Written from the vendors' public documentation of their key formats.
 */
export interface Shape {
  kind: string;
  /** Literals one of which every such key holds; a shape is only tried where one was seen. */
  at: readonly string[];
  /** Pattern without capture groups or nested quantifiers, so that its work is linear. */
  form: string;
  /** The literal stands inside the key, not at its beginning. */
  inner?: true;
  /** What the matched text must hold beside its form: a digit; a digit, a small and a capital letter. */
  guard?: "digit" | "mixed";
  /** A public id that goes with a secret: shown as hint, not reported. */
  public?: true;
  /** Narrower pattern for the first look, where the literals are too common. */
  gate?: string;
  /** The form can read far and still fail: such attempts are counted and bounded. */
  open?: true;
}

const W = "[A-Za-z0-9]";
const T = "[A-Za-z0-9_-]";
const B = "[A-Za-z0-9+/]";
const X = "[0-9a-f]";
const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

const prefix = (kind: string, at: string, rest: string, more: Partial<Shape> = {}): Shape => {
  const literals = at.split(" ");
  const head = literals.map((l) => l.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|");
  return { kind, at: literals, form: `(?:${head})${rest}`, ...more };
};
const inner = (kind: string, at: string, form: string, more: Partial<Shape> = {}): Shape => ({
  kind,
  at: at.split(" "),
  form,
  inner: true,
  ...more,
});

/** shapes in order of trial: of several that begin with one literal the narrow one stands first. */
export const shapes: readonly Shape[] = [
  // Clouds
  prefix("aws_access_key_id", "AKIA ASIA ABIA ACCA", "[A-Z0-9]{16}(?![A-Za-z0-9])", { public: true }),
  prefix("aws_session_token", "IQoJb3JpZ2lu FwoGZXIvYXdz FQoGZXIvYXdz", `[A-Za-z0-9+/=%]{20,}`),
  prefix("aws_bedrock_key", "ABSK", `${B}{90,}={0,2}`),
  prefix("aws_bedrock_key", "bedrock-api-key-", `[A-Za-z0-9+/=]{20,}`),
  prefix("google_api_key", "AIza", `${T}{30,}`),
  prefix("google_oauth_token", "ya29.", "[A-Za-z0-9_.-]{20,}"),
  prefix("google_oauth_secret", "GOCSPX-", `${T}{20,}`),
  prefix("google_refresh_token", "1//0", `${T}{30,}`),
  inner("azure_client_secret", "Q~", "(?<![A-Za-z0-9_~.])[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{28,40}", {
    gate: "[0-9]Q~",
  }),
  inner("azure_storage_key", "+ASt", `(?<![A-Za-z0-9+/])${B}{70,80}\\+ASt${B}{4,10}={0,2}`),
  inner("azure_service_key", "JQQJ99", `(?<![A-Za-z0-9])${W}{40,60}JQQJ99${W}{20,40}`),
  inner("azure_devops_token", "AZDO", `(?<![A-Za-z0-9])${W}{70,80}AZDO${W}{4}`),
  prefix("alibaba_access_key_id", "LTAI", `${W}{12,24}(?![A-Za-z0-9])`, { public: true, guard: "mixed" }),
  prefix("tencent_secret_id", "AKID", `${W}{32}(?![A-Za-z0-9])`, { public: true }),
  prefix("yandex_token", "AQVN t1.9eu y0_Ag", "[A-Za-z0-9_.=-]{30,}"),
  prefix("digitalocean_token", "dop_v1_ doo_v1_ dor_v1_", `${X}{40,}`),
  prefix("ibm_api_key", "ApiKey-", `${UUID}`),
  prefix("oci_private_key", "ocid1.credential.", "[A-Za-z0-9_.-]{20,}"),
  prefix("scalingo_token", "tk-us- tk-eu-", `${T}{20,}`),
  prefix("heroku_key", "HRKU-", `${T}{30,}`),
  prefix("fly_token", "fo1_", `${T}{30,}`),
  prefix("fly_token", "fm1a_ fm1r_ fm2_", "[A-Za-z0-9+/_,=-]{60,}"),
  prefix("render_key", "rnd_", `${W}{24,128}`, { guard: "digit" }),
  prefix("vercel_token", "vcp_ vck_ vca_", `${W}{24,}`),
  prefix("netlify_token", "nfp_", `${W}{30,}`),
  prefix("cloudflare_origin_key", "v1.0-", `${X}{24}-${X}{100,}`),
  prefix("cloudflare_token", "cfut_ cfat_ cfk_", `${W}{30,}`),
  prefix("supabase_key", "sbp_ sb_secret_", `${T}{20,}`),
  prefix("planetscale_key", "pscale_tkn_ pscale_pw_ pscale_oauth_", "[A-Za-z0-9_.=-]{24,}"),
  prefix("neon_key", "napi_", `${W}{30,}`),
  prefix("clickhouse_cloud_key", "4b1d", `${W}{38}(?![A-Za-z0-9])`, { guard: "mixed" }),
  prefix("mongodb_atlas_key", "mdb_sa_sk_", `${T}{30,}`),
  prefix("tailscale_key", "tskey-", "[A-Za-z0-9-]{16,256}", { guard: "digit" }),
  // Code, builds, packages
  prefix("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9_]{30,}"),
  prefix("github_token", "github_pat_", "[A-Za-z0-9_]{30,}"),
  prefix(
    "gitlab_token",
    "glpat- glptt- gldt- glrt- glcbt- glagent- gloas- glsoat- glft- glimt- glffct-",
    "[A-Za-z0-9_.-]{20,}",
  ),
  prefix("gitlab_runner_token", "GR1348941", `${T}{20,}`),
  prefix("npm_token", "npm_", `${W}{30,}`),
  prefix("pypi_token", "pypi-", `${T}{40,}`),
  prefix("rubygems_key", "rubygems_", `${X}{40,}`),
  prefix("crates_token", "cioA cioB cioC cioD cioE", `${W}{28,64}`, { guard: "digit" }),
  prefix("nuget_key", "oy2", "[a-z0-9]{43}(?![a-z0-9])"),
  prefix("clojars_token", "CLOJARS_", `${W}{40,}`),
  prefix("docker_token", "dckr_pat_ dckr_oat_", `${T}{20,}`),
  prefix("artifactory_key", "AKCp", `${W}{50,}`),
  prefix("artifactory_token", "cmVmd", `${W}{50,}`),
  prefix("buildkite_token", "bkua_ bkct_", `${W}{30,}`),
  prefix("circleci_token", "CCIPAT_ CCIPRJ_", `${T}{30,}`),
  prefix("octopus_key", "API-", "[A-Z0-9]{26}(?![A-Za-z0-9])", { guard: "digit" }),
  inner("terraform_token", ".atlasv1.", `(?<![A-Za-z0-9])${W}{14}\\.atlasv1\\.[A-Za-z0-9_=-]{40,}`),
  prefix("pulumi_token", "pul-", `${X}{40}`),
  prefix("vault_token", "hvs. hvb. hvr.", `${T}{20,}`),
  prefix("vault_token", "s. b.", `${W}{24}(?![A-Za-z0-9])`, { guard: "mixed", gate: "[sb]\\.[A-Za-z0-9]{24}" }),
  prefix("doppler_token", "dp.pt. dp.st. dp.sa. dp.ct. dp.scim. dp.audit.", "[A-Za-z0-9_.-]{30,}"),
  prefix("databricks_token", "dapi", `${X}{32}(?:-[0-9])?`),
  prefix("infracost_key", "ico-", `${W}{32}(?![A-Za-z0-9])`),
  prefix("harness_key", "pat. sat.", `${T}{20,24}\\.${W}{24}\\.${W}{20}`, { gate: "[ps]at\\.[A-Za-z0-9_-]{20}" }),
  prefix("sonar_token", "squ_ sqp_ sqa_", `${W}{30,}`),
  prefix("sourcegraph_token", "sgp_", "[A-Za-z0-9_]{38,}"),
  prefix("snyk_token", "snyk_", "[A-Za-z0-9_.-]{30,}"),
  prefix("bitbucket_token", "ATBB", `${W}{24,}={0,1}[A-Za-z0-9]{0,8}`, { guard: "digit" }),
  prefix("atlassian_token", "ATATT3 ATCTT3", "[A-Za-z0-9_=-]{50,}"),
  prefix("linear_key", "lin_api_ lin_oauth_", `${W}{30,}`),
  prefix("figma_token", "figd_ figu_", `${T}{30,}`),
  prefix("openshift_token", "sha256~", `${T}{40,}`),
  prefix("launchdarkly_key", "sdk- api- mob-", UUID, { gate: "(?:sdk|api|mob)-[0-9a-fA-F]{8}-" }),
  prefix("onepassword_token", "ops_eyJ", "[A-Za-z0-9+/=_-]{50,}"),
  prefix("onepassword_key", "A3-", "[A-Z0-9]{6}-[A-Z0-9]{6}-?[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"),
  prefix("age_key", "AGE-SECRET-KEY-1", "[A-Z0-9]{40,}"),
  // Messages and people
  prefix(
    "slack_token",
    "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xoxc- xoxd- xoxe.xoxp- xoxe.xoxb- xapp-",
    "[A-Za-z0-9%_-]{10,}",
  ),
  prefix("slack_webhook", "hooks.slack.com/", "[a-z]{4,12}/[A-Za-z0-9/_-]{20,}"),
  // The path alone, as access logs have it.
  inner("slack_webhook", "/services/T", `/services/T${W}{7,14}/B${W}{7,14}/${W}{20,64}`),
  inner("discord_webhook", "/api/webhooks/", "/api/webhooks/[0-9]{10,20}/[A-Za-z0-9_-]{20,}"),
  inner("teams_webhook", "/webhookb2/", "/webhookb2/[A-Za-z0-9@/-]{40,}"),
  inner(
    "discord_bot_token",
    ".G .X .Y .Z",
    "(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{23,28}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,}",
    { gate: "\\.[GXYZ][A-Za-z0-9_-]{5}\\.[A-Za-z0-9_-]{27}" },
  ),
  inner("telegram_bot_token", ":AA", "(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{32,34}"),
  prefix("sendgrid_key", "SG.", `${T}{16,32}\\.${T}{30,}`),
  prefix("mailgun_key", "key-", `${X}{32}(?![A-Za-z0-9])`, { gate: "key-[0-9a-f]{32}" }),
  inner(
    "mailchimp_key",
    "-us1 -us2 -us3 -us4 -us5 -us6 -us7 -us8 -us9",
    `(?<![A-Za-z0-9])${X}{32}-us[1-9][0-9]?(?![A-Za-z0-9])`,
  ),
  prefix("brevo_key", "xkeysib- xsmtpsib-", "[A-Za-z0-9-]{40,}"),
  prefix("resend_key", "re_", `${W}{8}_${W}{20,}`, { gate: "re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20}" }),
  prefix("twilio_key_sid", "SK", `${X}{32}(?![A-Za-z0-9])`, { public: true, gate: "SK[0-9a-f]{32}" }),
  prefix("facebook_token", "EAA", "[A-Za-z0-9]{80,}"),
  inner("facebook_app_token", "|", "(?<![0-9])[0-9]{15,16}\\|[A-Za-z0-9_-]{26,40}", {
    gate: "[0-9]\\|[A-Za-z0-9_-]{26}",
  }),
  prefix("twitter_bearer", "AAAAAAAAAAAAAAAAAAAA", "[A-Za-z0-9%]{30,512}", { guard: "mixed" }),
  prefix("dropbox_token", "sl.", "[A-Za-z0-9_.-]{59,}", { guard: "mixed", gate: "sl\\.[A-Za-z0-9_.-]{59}" }),
  prefix("notion_token", "ntn_", `${W}{36,}`),
  prefix("notion_token", "secret_", `${W}{43}(?![A-Za-z0-9])`, { guard: "mixed" }),
  prefix("airtable_token", "pat", `${W}{14}\\.${X}{64}`, { gate: "pat[A-Za-z0-9]{14}\\." }),
  prefix("typeform_token", "tfp_", `[A-Za-z0-9_.=-]{40,}`),
  prefix("postman_key", "PMAK-", `${X}{24}-${X}{30,}`),
  prefix("hubspot_token", "pat-na1- pat-na2- pat-eu1-", UUID),
  prefix("intercom_token", "dG9rO", "[A-Za-z0-9+/=]{40,}"),
  prefix("zoho_token", "1000.", `${X}{32}\\.${X}{32}`, { gate: "1000\\.[0-9a-f]{32}" }),
  prefix("asana_token", "1/ 2/", "[0-9]{14,18}[:/][A-Za-z0-9:/]{20,60}", { gate: "[12]/[0-9]{14}" }),
  prefix("salesforce_session", "00D", `${W}{12,15}![A-Za-z0-9_.]{40,}`, { gate: "00D[A-Za-z0-9]{12,15}!" }),
  prefix("okta_token", "00", `${T}{40}(?![A-Za-z0-9_-])`, { guard: "mixed", gate: "00[A-Za-z0-9_-]{40}" }),
  // Money and shops
  prefix("stripe_secret_key", "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", `${W}{10,}`),
  prefix("webhook_secret", "whsec_", "[A-Za-z0-9+/=]{20,}"),
  prefix("square_token", "sq0atp- sq0csp- sq0idp-", `${T}{20,}`),
  prefix("square_token", "EAAA", `${T}{60}`),
  prefix("shopify_token", "shpat_ shpca_ shppa_ shpss_", "[0-9a-fA-F]{32}"),
  prefix("shippo_token", "shippo_live_ shippo_test_", `${X}{30,}`),
  prefix("paypal_token", "access_token$", "[a-z]{7,10}\\$[a-z0-9]{16}\\$[0-9a-f]{32}"),
  prefix("plaid_token", "access-sandbox- access-production- access-development-", UUID),
  prefix("flutterwave_key", "FLWSECK-", `[A-Za-z0-9-]{12,}`),
  prefix("flutterwave_key", "FLWSECK_TEST", `-[A-Za-z0-9-]{12,}`),
  prefix("duffel_token", "duffel_live_ duffel_test_", `[A-Za-z0-9_=-]{40,}`),
  prefix("easypost_key", "EZAK EZTK", `${W}{50,}`),
  prefix("lob_key", "live_ test_", `${X}{35}(?![A-Za-z0-9])`, { gate: "(?:live|test)_[0-9a-f]{35}" }),
  // Observability
  prefix("grafana_token", "glsa_", `${W}{30,}_?[A-Fa-f0-9]{0,8}`),
  prefix("grafana_token", "glc_", "[A-Za-z0-9+/=]{30,}"),
  prefix("newrelic_key", "NRAK- NRII- NRIQ- NRRA- NRJS-", `${T}{16,}`),
  prefix("sentry_token", "sntrys_ sntryu_", "[A-Za-z0-9+/=_-]{40,}"),
  prefix("dynatrace_token", "dt0c01. dt0s01. dt0s02.", "[A-Z0-9]{8,24}\\.[A-Z0-9]{60,}"),
  prefix("posthog_key", "phx_", `${W}{30,}`),
  prefix("datadog_token", "ddapp_ ddpat_", `${T}{20,}`),
  prefix("langsmith_key", "lsv2_pt_ lsv2_sk_", "[A-Za-z0-9_]{30,}"),
  prefix("prefect_key", "pnu_ pnb_", `${W}{30,}`),
  prefix("readme_key", "rdme_", "[a-z0-9]{60,}"),
  prefix("frameio_token", "fio-u-", `[A-Za-z0-9_=-]{50,}`),
  prefix("adobe_secret", "p8e-", `${T}{30,}`),
  prefix("intra42_secret", "s-s4t2ud- s-s4t2af-", `${X}{50,}`),
  inner("maxmind_key", "_mmk", `(?<![A-Za-z0-9])${W}{6}_${W}{29}_mmk`),
  inner("mapbox_token", "sk.eyJ", "sk\\.eyJ[A-Za-z0-9_-]{20,}\\.[A-Za-z0-9_-]{10,}"),
  // Models
  prefix("anthropic_key", "sk-ant-", `${T}{20,}`),
  prefix("openai_key", "sk-proj- sk-svcacct- sk-admin- sk-None-", `${T}{20,}`),
  prefix("langfuse_key", "sk-lf-", UUID),
  prefix("openrouter_key", "sk-or-v1-", `${X}{40,}`),
  prefix("secret_key", "sk-", `${W}{32,}`, { guard: "digit", gate: "sk-[A-Za-z0-9]{32}" }),
  prefix("openai_session", "sess-", `${W}{36,}`),
  prefix("huggingface_token", "hf_ api_org_", `[A-Za-z0-9]{30,}`),
  prefix("replicate_token", "r8_", `${W}{30,}`),
  prefix("groq_key", "gsk_", `${W}{40,}`),
  prefix("xai_key", "xai-", `${W}{40,}`),
  prefix("perplexity_key", "pplx-", `${W}{40,}`),
  prefix("pinecone_key", "pcsk_", "[A-Za-z0-9_]{40,}"),
  prefix("together_key", "tgp_v1_", `${T}{30,}`),
  prefix("nvidia_key", "nvapi-", `${T}{40,}`),
  // Any issuer
  prefix("jwt", "eyJ", "[A-Za-z0-9_=+/-]{8,2048}\\.e[wy][A-Za-z0-9_=+/-]{6,}\\.[A-Za-z0-9_=+/-]*", { open: true }),
  prefix("grafana_token", "eyJrIjoi", "[A-Za-z0-9]{60,}={0,2}"),
];
