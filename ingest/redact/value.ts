import { rawHint } from "../fingerprint.ts";
import type { Json } from "../provider.ts";
import { decodePrintable } from "./encoded.ts";
import { isHex, isOpaque, looksRandom } from "./entropy.ts";
import { marker, type Sink, shapeKind } from "./match.ts";
import type { NameVerdict } from "./names.ts";

/** Values that stand under credential names and tell nothing: masks, settings, references to a secret kept elsewhere. */
const TELLING_NOTHING =
  /^(?:(?:on|off|yes|no|none|null|nil|true|false|optional|required|enabled|disabled|undefined|success|succeeded|failure|failed|n\/a|redacted|removed|filtered|hidden|masked|hidden_due_to_security_reasons|not available)|\[[a-z ]{3,20}\]|<[^<>]{0,40}>|\([a-z ]{3,20}\)|\$\{[^{}]{0,80}\}|\$[A-Za-z0-9_]{1,40}|%[A-Za-z_]{1,40}%|\{\{[^{}]{0,200}\}\}|[*•.…#-]+|[xX]{3,})$/i;
const REFERENCE =
  /^(?:arn:[a-z-]{2,12}:[a-z0-9-]{0,40}:[a-z0-9-]{0,20}:\d{0,12}:[A-Za-z0-9_+=,.@:/*-]{0,256}|projects\/[a-z0-9:.-]{1,60}\/secrets\/[\w-]{1,100}(?:\/versions\/\w{1,20})?)$/;
const SCHEME = /^(bearer|basic|token|apikey|api-key|negotiate|ntlm|sso-key|splunk|genie ?key|key|bot)[ :]+/i;

/** isTrivial tells values that are left as they are under any name. */
export function isTrivial(v: string): boolean {
  if (v.length === 0) return true;
  if (v.startsWith("[redacted:")) return v.length <= 64 && v.indexOf("]") === v.length - 1;
  return v.length <= 200 && TELLING_NOTHING.test(v);
}

/** isReference tells the address of a secret (ARN, resource path) from the secret. */
export const isReference = (v: string): boolean => v.length <= 512 && REFERENCE.test(v);

/**
 * redactNamed gives what may be shown of a value that stands under a credential name.
 * The kind is the vendor's where the form tells it; the scheme of an Authorization header stays.
 */
export function redactNamed(kind: string, v: string, sink: Sink): string {
  if (isTrivial(v) || isReference(v)) return v;
  const scheme = SCHEME.exec(v)?.[0] ?? "";
  const bare = v.slice(scheme.length);
  if (scheme !== "" && isTrivial(bare)) return v;
  const found = shapeKind(bare.trim()) ?? kind;
  sink.add(found, bare);
  if (kind === "cookie")
    for (const part of bare.split(";", 64)) note(found, part.slice(part.indexOf("=") + 1).trim(), sink);
  if (bare.length > MIN_PART)
    for (const part of bare.slice(0, 4096).split(/[\s"'\\,;{}[\]]+/, 64))
      if (isPart(part, bare)) note(found, part, sink);
  const encoded = /^[A-Za-z0-9+/_-]{16,4096}={0,2}$/.test(bare) ? decodePrintable(bare) : null;
  if (encoded !== null) note(found, encoded, sink);
  if (/^basic/i.test(scheme))
    note(
      found,
      Buffer.from(bare.slice(0, 4096), "base64")
        .toString("utf8")
        .replace(/^[^:]*:/, ""),
      sink,
    );
  return scheme + marker(found);
}

const MIN_PART = 12;
/** isPart tells words of a longer value (a list, JSON) that are secrets by themselves. */
const isPart = (part: string, whole: string): boolean =>
  part.length >= MIN_PART && part.length < whole.length && /\d/.test(part) && /[A-Za-z]/.test(part);

/** isSecretNumber tells a number that is the credential which its name, or one above it, announces. */
export const isSecretNumber = (v: number, verdict: NameVerdict): boolean =>
  Number.isInteger(v) && Math.abs(v) >= verdict.least;

const OTP = /^(?=.*\d)[A-Za-z0-9 -]{4,16}$/;
const DIGITS = /^(?:\d{6,10}|\d{3,4}[ -]\d{3,4})$/;

/** isOneTimeCode tells a code that stands below the name of what it proves (`{"otp":{"code":"…"}}`) from the code of an outcome. */
export function isOneTimeCode(above: NameVerdict, name: string, v: Json): boolean {
  if (above.kind !== "one_time_code" || !/^code$/i.test(name)) return false;
  const form = above.sort === "secret" ? OTP : DIGITS;
  return (typeof v === "string" || typeof v === "number") && form.test(`${v}`);
}

/** note adds a part of a secret to what is swept from the record, without counting it as another one. */
const note = (kind: string, part: string, sink: Sink): void => {
  if (part.length >= 8) sink.add(`${kind}~`, part);
};

const MARKED = /^\[redacted:[a-z0-9_]{1,64}\](?:#\d{1,9})?$/;
/** Signs that passwords have and names of fields have not. */
const NO_NAME = /[!%^&*=?~,;'"|\\<>]|.[$#]/;

/**
 * isSecretMember tells a secret that stands as the name of a field, where a name above is a credential's (`{"tokens":{"<token>":…}}`):
 * opaque, digits, or letters and digits in a mixture that no words make.
 */
export function isSecretMember(name: string): boolean {
  if (name.length < 6 || MARKED.test(name)) return false;
  if (isOpaque(name) || /^\d{6,}$/.test(name)) return true;
  if (name.length > 1024 || !/\d/.test(name) || !/[A-Za-z]/.test(name)) return false;
  if (NO_NAME.test(name)) return true;
  const pieces = name.length >= 12 && /^[A-Za-z0-9]+$/.test(name) ? (name.match(PIECES)?.length ?? 0) : 0;
  return pieces * MEAN_PIECE > name.length;
}

/** Words of a name and the numbers between them; in a drawn value they are short. */
const PIECES = /[A-Z]?[a-z]+|[A-Z]+|\d+/g;
const MEAN_PIECE = 2.8;

/**
 * redactWeak treats names that hold a secret now and then: only a drawn value goes. Digests and UUIDs are suspect where an issuer is named,
 * and in a query; any other name may well give one of those to a thing.
 */
export function redactWeak(verdict: NameVerdict, v: string, place: "field" | "query", sink: Sink): string | null {
  const drawn =
    isWeakSuspect(verdict, v) || (place === "query" && v.length >= 16 && verdict.kind !== "unknown_key" && isOpaque(v));
  return drawn && !isTrivial(v) && !isReference(v) ? redactNamed(verdict.kind, v, sink) : null;
}

/** isWeakSuspect tells a value that goes from a field whose name only suggests a secret. */
export const isWeakSuspect = (verdict: NameVerdict, v: string): boolean =>
  v.length >= 16 &&
  (looksRandom(v) || (verdict.kind === "signature" && isHex(v)) || (verdict.kind === "api_key" && isOpaque(v)));

/** redactKeyId turns a public id into its hint; what is no id of that form but drawn and long is a secret after all. */
export function redactKeyId(v: string, sink: Sink): string {
  if (isTrivial(v) || v.includes("…") || v.includes("...") || v.includes("***")) return v;
  if (v.length > 32 && !isReference(v)) return redactNamed("access_key", v, sink);
  return isReference(v) ? v : rawHint(v);
}

/** redactPage drops opaque paging state; it may embed credentials and tells nothing, so it goes without being reported. */
export const redactPage = (v: string): string =>
  v.length >= 24 && looksRandom(v.slice(0, 512)) ? marker("opaque_token") : v;
