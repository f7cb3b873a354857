import type { Json, JsonObject } from "../provider.ts";
import { credentialNext, type Next } from "./commands.ts";
import { looksRandom } from "./entropy.ts";
import type { Inspector } from "./inspect.ts";
import { marker, opensPrivateKey, type Sink } from "./match.ts";
import { type NameVerdict, newVerdict } from "./names.ts";
import {
  isOneTimeCode,
  isSecretMember,
  isSecretNumber,
  isTrivial,
  redactKeyId,
  redactNamed,
  redactPage,
  redactWeak,
} from "./value.ts";

/** Deeper parts are not looked into; they are left out. */
export const MAX_DEPTH = 64;
export type Step = string | number;

/** Rebuilder is what the walk needs of the redactor; `path` is the way to the value at hand. */
export interface Rebuilder {
  names(name: string): NameVerdict;
  clean(s: string): string;
  sink: Sink;
  path: Step[];
  /** Where there is one, what it finds clean is taken over as it is. */
  inspector?: Inspector;
}

/** pairKind gives the kind of secret that the value of a `{name, value}` object is, as its name says; null if none. */
export function pairKind(o: JsonObject, names: (name: string) => NameVerdict): NameVerdict | null {
  for (const name in o) {
    const said = o[name];
    if (typeof said !== "string" || said.length > 128 || names(name).part !== "name") continue;
    const verdict = names(said);
    // {"name":"key"} names the name of a thing; {"name":"STRIPE_KEY"} a key.
    if (verdict.sort !== "plain" && verdict.sort !== "safe" && !/^keys?$/i.test(said)) return verdict;
  }
  return null;
}

/**
 * rebuild gives a redacted copy of a parsed value; parts of it that stay as they are may be the same objects. `under` is the credential
 * name above it, null outside of one.
 */
export function rebuild(
  value: Json,
  at: Rebuilder,
  depth: number,
  verdict: NameVerdict,
  under: NameVerdict | null,
): Json {
  if (typeof value === "string") return leaf(value, at, verdict, under);
  if (typeof value === "number") return number(value, at, verdict, under);
  if (value === null || typeof value !== "object") return value;
  if (depth >= MAX_DEPTH) return marker("too_deep");
  const inside = verdict.sort === "secret" ? verdict : under;
  return Array.isArray(value) ? list(value, at, depth, verdict, inside) : object(value, at, depth, verdict, inside);
}

function list(values: Json[], at: Rebuilder, depth: number, verdict: NameVerdict, under: NameVerdict | null): Json[] {
  let inKey = false;
  const stays = staying(at, (i: number, inspector) => inspector.element(values, i, verdict, under !== null, depth));
  return values.map((value, i) => {
    if (!inKey && stays(i)) return value;
    at.path.push(i);
    const copy =
      typeof value !== "string"
        ? rebuild(value, at, depth + 1, verdict, under)
        : inKey
          ? keyLine(value, at)
          : item(value, at, credentialNext(values[i - 1], value, at.names), verdict, under);
    if (typeof value === "string") inKey = inKey ? !value.includes("-----END") : opensPrivateKey(value);
    at.path.pop();
    return copy;
  });
}

/**
 * staying tells of the steps of one level, each asked once and in order, whether what stands there stays as it is. What the inspector saw
 * before it stopped is known; behind that it is asked again.
 */
function staying<S extends Step>(at: Rebuilder, ask: (step: S, inspector: Inspector) => boolean): (step: S) => boolean {
  const { inspector } = at;
  if (inspector === undefined) return () => false;
  let stop = inspector.stopped.pop();
  return (step) => {
    if (stop !== undefined) {
      if (step !== stop) return true;
      stop = undefined;
      return false;
    }
    inspector.stopped.length = 0;
    return ask(step, inspector);
  };
}

function item(v: string, at: Rebuilder, next: Next | null, verdict: NameVerdict, under: NameVerdict | null): string {
  if (next === null || under !== null) return leaf(v, at, next?.verdict ?? verdict, under);
  return v.slice(0, next.from) + leaf(v.slice(next.from), at, next.verdict, null);
}

/** keyLine takes out a line of a private key that is given as a list of lines. */
function keyLine(v: string, at: Rebuilder): string {
  if (isTrivial(v)) return v;
  at.sink.add("private_key~", v);
  return marker("private_key");
}

const CODE = newVerdict("secret", "one_time_code", 0);

function object(
  o: JsonObject,
  at: Rebuilder,
  depth: number,
  above: NameVerdict,
  under: NameVerdict | null,
): JsonObject {
  let copy = o;
  let renamed = false;
  let doubles = 1;
  const stays = staying(at, (name: string, inspector) => inspector.member(o, name, above, under !== null, depth));
  for (const name in o) {
    let shown = name;
    let value: Json = o[name]!;
    const changes = !stays(name);
    if (changes) {
      shown = memberName(name, at, under);
      at.path.push(shown);
      value = rebuild(value, at, depth + 1, memberVerdict(o, name, under === null ? name : shown, above, at), under);
      at.path.pop();
    }
    if (!renamed && shown !== name) {
      copy = membersBefore(copy, name);
      renamed = true;
    }
    // Two fields whose names became the same marker stay two.
    if (renamed) setField(copy, Object.hasOwn(copy, shown) ? `${shown}#${++doubles}` : shown, value);
    else if (changes) {
      if (copy === o) copy = { ...o };
      setField(copy, name, value);
    }
  }
  return copy;
}

/** memberVerdict says what the name of a member makes of its value; `shown` is what was left of a name that was drawn: it says nothing. */
function memberVerdict(o: JsonObject, name: string, shown: string, above: NameVerdict, at: Rebuilder): NameVerdict {
  const own = at.names(shown);
  const paired = own.part === "value" ? pairKind(o, at.names) : null;
  if (paired !== null) return paired;
  if (own.part === "secret_data" && o.kind === "Secret") return { ...own, sort: "secret", kind: "kubernetes_secret" };
  return isOneTimeCode(above, name, o[name]!) ? CODE : own;
}

function membersBefore(o: JsonObject, end: string): JsonObject {
  const out: JsonObject = {};
  for (const name in o) {
    if (name === end) break;
    setField(out, name, o[name]!);
  }
  return out;
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

function number(v: number, at: Rebuilder, verdict: NameVerdict, under: NameVerdict | null): Json {
  const named = verdict.sort === "secret" ? verdict : under;
  return named !== null && isSecretNumber(v, verdict) ? redactNamed(named.kind, `${v}`, at.sink) : v;
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
