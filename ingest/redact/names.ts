import { rememberingNames } from "../recent.ts";

/**
 * NameVerdict is what a field name alone says of its value.
 * `secret`: any text below it goes. `weak`: only a drawn value goes. `page`: opaque state of paging or retries, goes unreported.
 * `key_id`: a public id, shown as hint. `safe`: the name says that it is not the credential (tokenType, secretArn).
 */
export interface NameVerdict {
  sort: "plain" | "safe" | "secret" | "weak" | "page" | "key_id";
  kind: string;
  /** Half of a `{name, value}` pair, or the data of a Kubernetes Secret. */
  part: "none" | "name" | "value" | "secret_data";
  /** Whether the name itself may stay; null until somebody asked. */
  clean: boolean | null;
  /** Values of this field that createInspector found clean, each in the place that it gives them: most come again. */
  lately: string[];
  /** The smallest number that may be the credential itself; a smaller one counts something, and below `max_tokens` any does. */
  least: number;
}

/** Places of `lately`. */
export const LATELY = 16;

export const newVerdict = (
  sort: NameVerdict["sort"],
  kind: string,
  least: number,
  part: NameVerdict["part"] = "none",
): NameVerdict => ({ sort, kind, part, clean: null, lately: new Array<string>(LATELY).fill(""), least });

/** PLAIN is the verdict above a whole record. */
export const PLAIN = newVerdict("plain", "", 0);

const MAX_NAME = 96;
/** What stands below these as `code` proves who somebody is. */
const PROOFS = /^(?:[2t]fa|mfa|hotp|verification|(?:two|multi)factor(?:auth(?:entication)?)?)$/;

/** createNames gives the judge of field names; `extra` are names that the operator adds, spelled in any way. */
export function createNames(extra: readonly string[]): (name: string) => NameVerdict {
  const added = new Set(extra.map((name) => wordsOf(name).join("")));
  return rememberingNames((name) => judge(name, added));
}

const set = (words: string): Set<string> => new Set(words.split(" "));

/** Nouns that are the credential itself when they end a name. */
const NOUNS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    password: "password passwd pwd pass pw passphrase passcode passwort pswd userpass",
    secret: "secret clientsecret secretstring",
    token: "token accesstoken authtoken jwt bearer samlresponse assertion csrf xsrf",
    api_key: "apikey authkey xapikey accesskeysecret",
    secret_key: "secretkey secretaccesskey signingkey encryptionkey",
    private_key: "privatekey keymaterial privkey",
    authorization: "authorization proxyauthorization auth xauth basicauth",
    cookie: "cookie setcookie",
    credential: "credential cred kubeconfig dockerconfigjson dockercfg",
    seed_phrase: "mnemonic seedphrase recoveryphrase",
    connection_string: "connectionstring connstring connstr dsn",
    one_time_code: "otp totp authcode",
  }).flatMap(([kind, words]) => words.split(" ").map((word) => [word, kind] as const)),
);
/** Endings that make a run-together word (`mydbpassword`) a credential. */
const ENDINGS =
  /(password|passwd|passphrase|passcode|secret|token|apikey|secretkey|secretaccesskey|privatekey|authorization|cookie|credential|connectionstring)s?$/;
/** `<word> key` that is a secret, and that is one only with a drawn value; any other key names a thing. */
const SECRET_KEYS = set(
  "api secret private auth storage shared signing encryption subscription webhook hmac customer account decryption crypt",
);
const WEAK_KEYS = set(
  "app application client service master license ssh server admin consumer function integration personal deploy team user host project",
);
/** Issuers and kinds of which a key is drawn, if the field holds the key and not its name: digests and UUIDs count as drawn here. */
const VENDOR_KEYS = set(
  "openai anthropic claude gemini mistral groq cohere huggingface deepseek openrouter perplexity replicate rapidapi functions stripe paypal twilio sendgrid mailgun mailchimp postmark datadog dd newrelic sentry segment mixpanel amplitude algolia pinecone supabase firebase fcm maps mapbox cloudflare cf heroku github gitlab slack okta azure aws google gcp openweather shodan virustotal pagerduty opsgenie telegram zendesk intercom hubspot sas session",
);
/** `<word> key` that names a thing, however drawn it looks (`s` is what wordsOf leaves of S3). */
const HARMLESS_KEYS = set(
  "public pub kms partition cache object row sort range hash idempotency foreign routing s index document translation i18n tag registry column field map bucket file path condition context lock queue dedup dedupe deduplication aggregation group grouping correlation trace cluster shard unique natural surrogate composite candidate lookup label annotation metric series dimension entity item record issue project component config configuration setting property attribute header parameter param sub variable state event message topic node reference ref source destination target prefix next last start marker fingerprint artifact",
);
/** Words after which a token is paging state, and those that mark an idempotency token. */
const PAGING = set("next page continuation sync delta resume starting start cursor pagination previous prev");
const IDEMPOTENCY = set("request idempotency creation caller");
/** Trailing words that say nothing: what stands before them is the head. */
const NEUTRAL = set(
  "v value values string binary text data raw plain plaintext clear encoded base64 b64 header headers json new old current previous prod dev test live staging primary secondary default content blob env",
);
/** Trailing words that turn a credential's name into something about it. */
const SAFE = set(
  "id ids uid uuid name names arn arns type types count counts version versions length len size expiry expires expiration expire ttl date time timestamp at on last used updated created modified changed rotation rotated reset required policy policies status state enabled disabled allowed expired method methods provider issuer audience aud scope scopes usage uri url endpoint region algorithm alg format spec set ring manager info context details mode attempts failures report event action age days hours source path prefix hint identifier issued owner user users username email label description limit quota remaining kind class flag flags accessor display entity role roles group groups principal account tenant subject sub jti kid iss iat exp typ permission permissions resource reason result code message strategy service stage stages hash md5 sha256 fingerprint hashed first rule index key_id public certificate thumbprint",
);
/** Words of names whose number measures, whatever else stands there. */
const MEASURES = set(
  "max min num total number duration lifetime before after nbf uses seconds minutes ms port size length bytes",
);
/** A code has four digits or more; below a credential's name and in plurals a number of so few may well count something. */
const LEAST = 1_000;
const LEAST_BELOW = 100_000;
const HASHED = set("hashed hash sha256 masked fingerprint redacted");
const PAIR_NAMES = set(
  "name key header headername field fieldname parameterkey parametername paramname displayname attributename variable variablename param option optionname k target settingname",
);
const PAIR_VALUES = set(
  "value values valuestring parametervalue paramvalue stringvalue newvalue oldvalue content defaultvalue headervalue attributevalue optionvalue settingvalue v currentvalue previousvalue",
);
const SECRET_DATA = set("data stringdata binarydata");

/** Session cookies in one word: PHPSESSID, JSESSIONID, ssid. */
const SESSION_ID = /^(?:[a-z]{0,8}sess(?:ion)?id|ssid)$/;

const SPLIT = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+/;

function wordsOf(name: string): string[] {
  const words = name.slice(-MAX_NAME).split(SPLIT);
  return words.map((word) => word.toLowerCase().replace(/(?<=[a-z])\d{1,3}$/, "")).filter((word) => word !== "");
}

const nounOf = (word: string | undefined): string | undefined => {
  if (word === undefined) return undefined;
  const exact = NOUNS.get(word) ?? (word.endsWith("s") ? NOUNS.get(word.slice(0, -1)) : undefined);
  if (exact !== undefined) return exact;
  const ending = ENDINGS.exec(word)?.[1];
  return ending === undefined ? undefined : NOUNS.get(ending);
};

function judge(name: string, added: ReadonlySet<string>): NameVerdict {
  // A name that was cleaned before says no more: judged by what is left of it, a second cleaning would differ from the first.
  if (name.includes("[redacted:")) return newVerdict("plain", "", LEAST_BELOW);
  const words = wordsOf(name);
  const joined = words.join("");
  const part = PAIR_NAMES.has(joined)
    ? "name"
    : PAIR_VALUES.has(joined)
      ? "value"
      : SECRET_DATA.has(joined)
        ? "secret_data"
        : "none";
  if (added.has(joined)) return newVerdict("secret", "named_field", 0, part);
  const { sort, kind } = judgeWords(words, joined, name);
  return newVerdict(sort, kind, leastOf(sort, kind, words), part);
}

function leastOf(sort: NameVerdict["sort"], kind: string, words: readonly string[]): number {
  const last = words.at(-1) ?? "";
  const counts = last.endsWith("s") && last !== "pass";
  if ((kind === "token" && counts) || words.some((word) => MEASURES.has(word))) return Infinity;
  if (sort === "secret") return counts || last === "pass" ? LEAST_BELOW : LEAST;
  return sort === "plain" || sort === "weak" ? LEAST_BELOW : Infinity;
}

function judgeWords(all: string[], joined: string, name: string): Pick<NameVerdict, "sort" | "kind"> {
  if (/^(?:aws)?accesskey(?:id)?$/.test(joined)) return { sort: "key_id", kind: "access_key" };
  const words = [...all];
  while (words.length > 1 && NEUTRAL.has(words.at(-1)!) && !joined.endsWith("connectionstring")) words.pop();
  const last = words.at(-1) ?? "";
  const before = words.at(-2) ?? "";
  if (last === "hash" && nounOf(before) === "password") return { sort: "secret", kind: "password" };
  if (SAFE.has(last)) return codeOrSafe(last, before);
  const kind = joined.endsWith("connectionstring") ? "connection_string" : (nounOf(last) ?? nounOf(joined));
  if (last === "key" || last === "keys") return judgeKey(words, before);
  if (kind === undefined) return judgeOther(words, last);
  if (kind === "token" && words.some((word) => HASHED.has(word))) return { sort: "safe", kind };
  if (kind === "token" && (PAGING.has(before) || PAGING.has(last.replace(/tokens?$/, ""))))
    return { sort: "page", kind: "page_token" };
  // AWS calls its idempotency tokens clientToken; Vault's client_token is a credential.
  if (kind === "token" && (IDEMPOTENCY.has(before) || /^[cC]lientToken$/.test(name))) return { sort: "page", kind };
  if (kind === "credential" && before === "amz") return { sort: "plain", kind: "" };
  return { sort: "secret", kind };
}

function codeOrSafe(last: string, before: string): Pick<NameVerdict, "sort" | "kind"> {
  const oneTime = last === "code" && /^(?:auth|authorization|oauth|mfa|otp|totp|verification)$/.test(before);
  return oneTime ? { sort: "secret", kind: "one_time_code" } : { sort: "safe", kind: "" };
}

function judgeKey(words: string[], before: string): Pick<NameVerdict, "sort" | "kind"> {
  if (before === "public" || before === "kms" || before === "pub") return { sort: "safe", kind: "" };
  if (before === "access")
    return words.includes("secret") ? { sort: "secret", kind: "secret_key" } : { sort: "key_id", kind: "access_key" };
  if (SECRET_KEYS.has(before))
    return { sort: "secret", kind: before === "private" ? "private_key" : before === "api" ? "api_key" : "secret_key" };
  if (WEAK_KEYS.has(before) || words.length === 1) return { sort: "weak", kind: "key" };
  if (HARMLESS_KEYS.has(before)) return { sort: "plain", kind: "" };
  return { sort: "weak", kind: VENDOR_KEYS.has(before) ? "api_key" : "unknown_key" };
}

/** judgeOther weighs names whose head is no credential: signatures, and credentials with an unknown tail. */
function judgeOther(words: string[], last: string): Pick<NameVerdict, "sort" | "kind"> {
  if (last === "sig" || last === "sas" || (last === "signature" && !words.includes("result")))
    return { sort: "weak", kind: "signature" };
  if (last === "session" || last === "sid" || last === "seed" || last === "verifier" || last === "plaintext")
    return { sort: "weak", kind: last };
  if (SESSION_ID.test(last)) return { sort: "weak", kind: "session" };
  if (PROOFS.test(words.join(""))) return { sort: "plain", kind: "one_time_code" };
  const inside = words
    .slice(0, -1)
    .map(nounOf)
    .find((kind) => kind !== undefined && kind !== "authorization");
  return inside === undefined ? { sort: "plain", kind: "" } : { sort: "weak", kind: inside };
}
