import type { Json, JsonObject } from "../provider.ts";
import { looksRandom } from "./entropy.ts";
import { marker, type Sink } from "./match.ts";
import type { NameVerdict } from "./names.ts";
import { isSecretMember, isTrivial, redactKeyId, redactNamed, redactPage, redactWeak } from "./value.ts";

/** Deeper parts are not looked into; they are left out. */
export const MAX_DEPTH = 64;
export type Step = string | number;

/** Rebuilder is what the walk needs of the redactor; `path` is the way to the value at hand. */
export interface Rebuilder {
  names(name: string): NameVerdict;
  clean(s: string): string;
  sink: Sink;
  path: Step[];
}

/** pairKind gives the kind of secret that the value of a `{name, value}` object is, as its name says; null if none. */
export function pairKind(o: JsonObject, names: (name: string) => NameVerdict): NameVerdict | null {
  for (const name in o) {
    const said = o[name];
    if (typeof said !== "string" || said.length > 128 || names(name).part !== "name") continue;
    const verdict = names(said);
    if (verdict.sort !== "plain" && verdict.sort !== "safe" && !(verdict.sort === "weak" && verdict.kind === "key"))
      return verdict;
  }
  return null;
}

/** isCredentialNext: in flat header lists (`["Authorization", "Bearer …"]`) the text after such a name; lists of names stay. */
export function isCredentialNext(
  name: Json | undefined,
  value: string,
  names: (name: string) => NameVerdict,
): NameVerdict | null {
  if (typeof name !== "string" || !/^[A-Za-z][A-Za-z0-9_-]{2,63}$/.test(name)) return null;
  const verdict = names(name);
  if (verdict.sort !== "secret" || isTrivial(value)) return null;
  const drawn =
    looksRandom(value) || (value.length >= 8 && /\d/.test(value)) || /^(?:bearer|basic|token) |\w=/i.test(value);
  return drawn ? verdict : null;
}

/** rebuild gives a redacted copy of a parsed value. `under` is the credential name above it, null outside of one. */
export function rebuild(
  value: Json,
  at: Rebuilder,
  depth: number,
  verdict: NameVerdict,
  under: NameVerdict | null,
): Json {
  if (typeof value === "string") return leaf(value, at, verdict, under);
  if (value === null || typeof value !== "object") return value;
  if (depth >= MAX_DEPTH) return marker("too_deep");
  const inside = verdict.sort === "secret" ? verdict : under;
  return Array.isArray(value) ? list(value, at, depth, verdict, inside) : object(value, at, depth, inside);
}

function list(values: Json[], at: Rebuilder, depth: number, verdict: NameVerdict, under: NameVerdict | null): Json[] {
  return values.map((value, i) => {
    at.path.push(i);
    const next = typeof value === "string" ? isCredentialNext(values[i - 1], value, at.names) : null;
    const copy = rebuild(value, at, depth + 1, next ?? verdict, under);
    at.path.pop();
    return copy;
  });
}

function object(o: JsonObject, at: Rebuilder, depth: number, under: NameVerdict | null): JsonObject {
  const copy: JsonObject = {};
  const paired = pairKind(o, at.names);
  let doubles = 1;
  for (const name in o) {
    const own = at.names(name);
    const verdict =
      own.part === "value" && paired !== null
        ? paired
        : own.part === "secret_data" && o.kind === "Secret"
          ? { ...own, sort: "secret" as const, kind: "kubernetes_secret" }
          : own;
    const shown = memberName(name, at, under);
    at.path.push(shown);
    // Two fields whose names became the same marker stay two.
    setField(
      copy,
      Object.hasOwn(copy, shown) ? `${shown}#${++doubles}` : shown,
      rebuild(o[name]!, at, depth + 1, verdict, under),
    );
    at.path.pop();
  }
  return copy;
}

/** memberName gives what may be shown of a field's name: below a credential's name it may be the credential. */
function memberName(name: string, at: Rebuilder, under: NameVerdict | null): string {
  const shown = at.clean(name);
  return under !== null && isSecretMember(shown) ? redactNamed(under.kind, shown, at.sink) : shown;
}

/** setField sets a field of any name; `__proto__` stays a field. */
export function setField(o: JsonObject, name: string, value: Json): void {
  if (name === "__proto__")
    Object.defineProperty(o, name, { value, enumerable: true, writable: true, configurable: true });
  else o[name] = value;
}

function leaf(v: string, at: Rebuilder, verdict: NameVerdict, under: NameVerdict | null): string {
  if (v.length === 0) return v;
  const own = named(v, at, verdict);
  if (own !== null) return own;
  if (under === null || isTrivial(v)) return at.clean(v);
  if (verdict.sort === "key_id") return redactKeyId(v, at.sink);
  return verdict.sort === "safe" && !looksRandom(v) ? at.clean(v) : at.clean(redactNamed(under.kind, v, at.sink));
}

/** named gives what the leaf's own name makes of it; null where the name leaves it as it is. */
function named(v: string, at: Rebuilder, verdict: NameVerdict): string | null {
  switch (verdict.sort) {
    case "secret":
      return at.clean(redactNamed(verdict.kind, v, at.sink));
    case "weak":
      return redactWeak(verdict, v, "field", at.sink);
    case "page": {
      const shown = redactPage(v);
      return shown === v ? null : shown;
    }
    case "key_id": {
      const shown = redactKeyId(v, at.sink);
      return shown === v ? null : shown;
    }
    default:
      return null;
  }
}
