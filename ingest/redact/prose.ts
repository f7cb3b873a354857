import { isHex, isUuid, looksDense, looksRandom } from "./entropy.ts";
import { marker, type Sink } from "./match.ts";
import { isReference, isTrivial, redactNamed } from "./value.ts";

/** Words after which a secret may stand with no sign between: "invalid API key provided: …", "--password …", "Bearer …". */
const LEAD =
  /(?<![A-Za-z0-9])(password|passwd|passphrase|pwd|secret|token|bearer|basic|jwt|cookie|credentials?|(?:api|access|secret|private|auth|account|signing|encryption)[ _-]?key|(?:invalid|incorrect|bad|wrong|expired|revoked|rejected|unknown|leaked|exposed) key)s?["'`:=]{0,3}[ \t]+/gi;
const CURL_USER = /(?<![A-Za-z0-9-])(?:-u|--user|--proxy-user)[ =]["']?([^\s"':@]{1,128}):([^\s"'@]{1,256})/g;
/** Words that name what follows as an id, not as the credential. */
const NAMES_AN_ID =
  /^(?:id|ids|arn|name|named|request|hash|version|digest|sha|sha1|sha256|md5|fingerprint|user|account|role|etag|uuid|marker|commit|revision|for|by|resource)$/i;
const ID_LEAD =
  /(?:id|identifier|etag|hash|digest|sha-?\d*|request|version|marker|commit|revision|fingerprint|checksum|upload|arn|failure message|continuation)["'`]?[:=#]?\s*["'(]?$/i;
const WORD = /\S{1,8192}/y;
const LOOK_WORDS = 5;

/** cleanProse finds secrets that stand in sentences: near a credential word by weak signs, anywhere by strong ones. */
export function cleanProse(s: string, sink: Sink): string {
  if (!/\s/.test(s)) return s;
  return cleanDense(cleanLeads(cleanCurl(s, sink), sink));
}

function cleanCurl(s: string, sink: Sink): string {
  if (!s.includes("-u")) return s;
  return s.replace(CURL_USER, (all, _user: string, password: string) =>
    isTrivial(password) || password.startsWith("$") || password.startsWith("[redacted")
      ? all
      : all.slice(0, all.length - password.length) + redactNamed("password", password, sink),
  );
}

function cleanLeads(s: string, sink: Sink): string {
  let out = "";
  let kept = 0;
  LEAD.lastIndex = 0;
  for (let lead = LEAD.exec(s); lead !== null; lead = LEAD.exec(s)) {
    const word = lead[1]!.toLowerCase();
    const found = wordAfter(s, LEAD.lastIndex, word);
    if (found === null) continue;
    out += s.slice(kept, found.from) + redactNamed(kindOf(word), s.slice(found.from, found.to), sink);
    kept = found.to;
    LEAD.lastIndex = found.to;
  }
  return kept === 0 ? s : out + s.slice(kept);
}

const kindOf = (word: string): string =>
  /^pass|^pwd/.test(word)
    ? "password"
    : word === "bearer" || word === "basic"
      ? "authorization"
      : word
          .replace(/^(?:invalid|incorrect|bad|wrong|expired|revoked|rejected|unknown|leaked|exposed) key$/, "key")
          .replace(/[ -]/g, "_");

function wordAfter(s: string, from: number, lead: string): { from: number; to: number } | null {
  let at = from;
  for (let n = 0; n < LOOK_WORDS; n++) {
    while (s[at] === " " || s[at] === "\t") at++;
    WORD.lastIndex = at;
    const raw = WORD.exec(s)?.[0];
    if (raw === undefined) return null;
    const start = at + (/^["'`(<[]*/.exec(raw)?.[0].length ?? 0);
    const bare = s.slice(start, at + raw.length).replace(/["'`)>\],;:.!?]{1,8}$/, "");
    if (NAMES_AN_ID.test(bare)) return null;
    if (isSecretWord(bare, lead, n)) return { from: start, to: start + bare.length };
    if (/[.!?;]$/.test(raw) && n > 0) return null;
    at += raw.length;
  }
  return null;
}

function isSecretWord(word: string, lead: string, distance: number): boolean {
  if (
    word.length < 6 ||
    word.length > 8192 ||
    isTrivial(word) ||
    isReference(word) ||
    word.startsWith("[redacted") ||
    word.includes("://")
  )
    return false;
  const mixed = /\d/.test(word) && /[A-Za-z]/.test(word);
  if (/^(?:pass|pwd|bearer|basic)/.test(lead))
    return distance <= 2 && (mixed || (lead === "basic" && word.length > 15)) && !/^[\d.:TZ-]+$/.test(word);
  if (word.length < 16) return false;
  return (
    looksRandom(word) ||
    isUuid(word) ||
    (isHex(word) && word.length >= 32) ||
    (mixed && word.length >= 32 && /^[\w~+/=.|-]+$/.test(word))
  );
}

/** cleanDense removes drawn words that nothing announces. They are not reported: such a word may be an id of some kind. */
function cleanDense(s: string): string {
  // Certificates and public keys are drawn too, and public.
  if (s.includes("-----BEGIN ")) return s;
  return s.replace(
    /(?<![A-Za-z0-9+/=_~:.@#[\]-])[A-Za-z0-9+/=_~-]{20,512}(?![A-Za-z0-9+/=_~:@…-])/g,
    (word, at: number) =>
      looksDense(word) && !ID_LEAD.test(s.slice(Math.max(0, at - 24), at)) ? marker("random_text") : word,
  );
}
