import { codeAt } from "../../schemas/code_at.ts";
import type { Json } from "../provider.ts";
import { decodePercent } from "./encoded.ts";
import { looksRandom } from "./entropy.ts";
import type { Sink } from "./match.ts";
import { type NameVerdict, newVerdict } from "./names.ts";
import { isTrivial, redactNamed } from "./value.ts";

/** Next is the credential in a text that follows its name in a list: what stands from `from` on. */
export interface Next {
  verdict: NameVerdict;
  from: number;
}

const DASH = 45;
const HEADER = /^[A-Za-z][A-Za-z0-9_-]{2,63}$/;
const FLAG = /^--?[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
/** curl and its like take a name and a password after these. */
const USER_FLAG = /^(?:-[uU]|--user|--proxy-user)$/;
const USER = /^[^\s"':@]{1,128}:(?!\/\/)/;
const USER_PASSWORD = newVerdict("secret", "password", 0);
/** `1000:1000` is a user and a group. */
const GROUP = /^\d{1,6}$/;

/**
 * credentialNext tells a credential by the text before it: in flat header lists (`["Authorization", "Bearer …"]`) a value that looks like
 * one, for lists of names stay; in a command line any value after a flag (`["--password", "…"]`).
 */
export function credentialNext(
  name: Json | undefined,
  value: string,
  names: (name: string) => NameVerdict,
): Next | null {
  if (typeof name !== "string" || name.length < 2) return null;
  if (codeAt(name, 0) === DASH) return flagged(name, value, names);
  if (!HEADER.test(name)) return null;
  const verdict = names(name);
  if (verdict.sort !== "secret" || isTrivial(value)) return null;
  const drawn =
    looksRandom(value) || (value.length >= 8 && /\d/.test(value)) || /^(?:bearer|basic|token) |\w=/i.test(value);
  return drawn ? { verdict, from: 0 } : null;
}

function flagged(flag: string, value: string, names: (name: string) => NameVerdict): Next | null {
  if (!FLAG.test(flag)) return null;
  if (USER_FLAG.test(flag)) {
    const from = USER.exec(value)?.[0].length ?? 0;
    const password = value.slice(from);
    const none = from === 0 || isTrivial(password) || password.startsWith("$") || GROUP.test(password);
    return none ? null : { verdict: USER_PASSWORD, from };
  }
  const verdict = names(flag.replace(/^--?/, ""));
  if (verdict.sort !== "secret" && verdict.sort !== "weak") return null;
  if (isTrivial(value)) return null;
  const surely = verdict.sort === "secret" && !FLAG.test(value);
  return surely || looksRandom(value) ? { verdict, from: 0 } : null;
}

/** Kubernetes asks for a command by one parameter a word: `?command=--password&command=…`. */
const REPEATED = /([?&](command|cmd|args?)=)(-[^&\s"'<>#]{1,64})(&\2=)([^&\s"'<>#]{1,4096})/gi;

/** cleanCommand removes the credentials of a command line that stands in a query. */
export function cleanCommand(s: string, names: (name: string) => NameVerdict, sink: Sink): string {
  if (!s.includes("=-")) return s;
  return s.replace(REPEATED, (all, head: string, _name, flag: string, joint: string, written: string) => {
    const value = decodePercent(written);
    const next = credentialNext(decodePercent(flag), value, names);
    if (next === null) return all;
    const secret = redactNamed(next.verdict.kind, value.slice(next.from), sink);
    return head + flag + joint + value.slice(0, next.from) + secret;
  });
}
