const MAX_LENGTH = 512;
const MAX_FAMILY = 64;
const GENERATION = 16_384;

/** Programs that call themselves something less telling first; the first match wins. */
const known: [RegExp, string][] = [
  [/\bterraform\b|\bAPN\/1\.0 HashiCorp\b/i, "Terraform"],
  [/\bpulumi\b/i, "Pulumi"],
  [/\bansible\b/i, "Ansible"],
  [/\bcloudformation\.amazonaws\.com\b/i, "cloudformation.amazonaws.com"],
  [/^aws-cli\//i, "aws-cli"],
  [/^aws-cdk|\baws-cdk\b/i, "aws-cdk"],
  [/^Boto3\//i, "Boto3"],
  [/^Botocore\//i, "Botocore"],
  [/^AWS Internal\b|^aws-internal\b/i, "AWS Internal"],
  [/^\[?S3Console\b/i, "S3Console"],
  [/^\[?AWSCloudTrail\b/i, "AWSCloudTrail"],
  [/\bPostmanRuntime\//i, "PostmanRuntime"],
  [/\bkubectl\b/i, "kubectl"],
  [/\bgoogle-cloud-sdk\b|^gcloud\b/i, "gcloud"],
  [/\bAzureCLI\b|\bAZURECLI\b|^az\//i, "azure-cli"],
  [/\bAzurePowershell\b|\bPSAzure\b/i, "azure-powershell"],
];

/** Browsers, the ones that pretend to be others first. */
const browsers: [RegExp, string][] = [
  [/\bHeadlessChrome\//, "browser:headless-chrome"],
  [/\bEdgA?\/|\bEdge\/|\bEdgiOS\//, "browser:edge"],
  [/\bOPR\/|\bOpera\b/, "browser:opera"],
  [/\bFirefox\/|\bFxiOS\//, "browser:firefox"],
  [/\bChrome\/|\bCriOS\/|\bChromium\//, "browser:chrome"],
  [/\bSafari\//, "browser:safari"],
  [/\bMSIE\b|\bTrident\//, "browser:ie"],
];

let young = new Map<string, string | null>();
let old = new Map<string, string | null>();

/**
 * userAgentFamily gives the program without its version: `aws-cli`, `Boto3`, `curl`, `browser:chrome`, `console.amazonaws.com`. Versions change with
 * every update and would make each a new program. Null for nothing. Results are remembered, two generations of 16,384 texts.
 */
export function userAgentFamily(text: string | null): string | null {
  if (text === null) return null;
  const cut = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
  let family = young.get(cut);
  if (family !== undefined) return family;
  family = old.get(cut);
  if (family === undefined) family = familyOf(cut);
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  young.set(cut, family);
  return family;
}

function familyOf(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[(.*)\]$/s, "$1")
    .trim();
  if (bare === "" || bare === "-") return null;
  for (const [pattern, family] of known) if (pattern.test(bare)) return family;
  if (/^Mozilla\/|^Opera\//.test(bare)) {
    for (const [pattern, family] of browsers) if (pattern.test(bare)) return family;
    const bot = /\b([A-Za-z][A-Za-z-]{1,30}[Bb]ot)\b/.exec(bare);
    return bot ? `bot:${bot[1]!.toLowerCase()}` : "browser:other";
  }
  // A host or service name is its own family.
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(bare) && !/^\d+(\.\d+)*$/.test(bare))
    return bare.toLowerCase().slice(0, MAX_FAMILY);
  // The first product token of RFC 9110: a name, then / or space and the version.
  const product = /^[^/(;,]+/.exec(bare)?.[0] ?? bare;
  const name = product.replace(/[ _-]?v?\d+(\.\d+)+.*$/, "").trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return (name === "" ? product.trim() : name).replace(/[\u0000-\u001f\u007f]/g, "").slice(0, MAX_FAMILY) || null;
}
