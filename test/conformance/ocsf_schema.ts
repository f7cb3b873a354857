import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Attribute as the dictionary, the class or object, and its profiles describe it together. */
interface Attribute {
  type: string;
  requirement?: string;
  is_array?: boolean;
  enum?: Record<string, unknown>;
  profile?: string | null;
  sibling?: string;
  "@deprecated"?: unknown;
}
interface Definition {
  extends?: string;
  attributes?: Record<string, Partial<Attribute>> & { $include?: string[] };
  constraints?: Record<string, string[]>;
}
interface ClassFile extends Definition {
  uid: number;
  category?: string;
}
interface Scalar {
  type?: string;
  regex?: string;
  max_len?: number;
  range?: [number, number];
}
interface Whole {
  attributes: Map<string, Attribute>;
  constraints: Record<string, string[]>;
}

export type OcsfCheck = (event: unknown) => string[];

/**
 * ocsfCheck reads the OCSF schema as its repository keeps it (dictionary, objects, profiles, one class) and gives a judge of events: required
 * attributes, names, types, enums with their siblings, constraints, deprecated attributes, and profiles that are used but not named.
 */
export function ocsfCheck(root: string, classFile: string): OcsfCheck {
  const read = <T>(path: string): T => JSON.parse(readFileSync(join(root, path), "utf8")) as T;
  const dictionary = read<{ attributes: Record<string, Attribute>; types: { attributes: Record<string, Scalar> } }>(
    "dictionary.json",
  );
  const scalars = dictionary.types.attributes;
  const known = new Map<string, Whole>();
  const uids = uidsOf(classFile);

  /** Category and class are numbers that the schema's compiler makes out of the folder's numbers. */
  function uidsOf(path: string): { category_uid: number; class_uid: number } {
    const own = read<ClassFile>(path);
    const category = own.category ?? read<ClassFile>(parentOf(path, own.extends!)).category!;
    const { uid } = read<{ attributes: Record<string, { uid: number }> }>("categories.json").attributes[category]!;
    return { category_uid: uid, class_uid: uid * 1000 + own.uid };
  }

  function whole(path: string): Whole {
    const found = known.get(path) ?? made(path);
    known.set(path, found);
    return found;
  }

  function made(path: string): Whole {
    const own = read<Definition>(path);
    const parent = own.extends === undefined ? null : whole(parentOf(path, own.extends));
    const attributes = new Map(parent?.attributes ?? []);
    const { $include = [], ...named } = own.attributes ?? {};
    for (const file of $include) {
      const profile = read<Definition & { name: string }>(file);
      for (const [name, a] of Object.entries(profile.attributes ?? {}))
        if (name !== "$include") merge(attributes, name, { ...a, profile: profile.name });
    }
    for (const [name, a] of Object.entries(named)) merge(attributes, name, a as Partial<Attribute>);
    return { attributes, constraints: { ...parent?.constraints, ...own.constraints } };
  }

  function merge(into: Map<string, Attribute>, name: string, more: Partial<Attribute>): void {
    const base = into.get(name) ?? dictionary.attributes[name];
    if (base === undefined) throw new Error(`${name} is not in the dictionary`);
    into.set(name, { ...base, ...more, ...(base.enum || more.enum ? { enum: { ...base.enum, ...more.enum } } : {}) });
  }

  function judge(value: unknown, path: string, at: string, profiles: ReadonlySet<string>, faults: string[]): void {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return void faults.push(`${at}: no object`);
    const { attributes, constraints } = whole(path);
    const has = (name: string): boolean => Object.hasOwn(value, name);
    for (const [name, a] of attributes) {
      const counts = a.profile == null || profiles.has(a.profile);
      if (counts && a.requirement === "required" && !has(name)) faults.push(`${at}.${name}: required`);
    }
    for (const [rule, names] of Object.entries(constraints)) {
      const n = names.filter(has).length;
      if (rule === "at_least_one" ? n < 1 : n !== 1) faults.push(`${at}: ${rule} of ${names.join(", ")}`);
    }
    for (const [name, held] of Object.entries(value)) {
      const a = attributes.get(name);
      if (a === undefined) faults.push(`${at}.${name}: no such attribute`);
      else attribute(held, a, name, `${at}.${name}`, value as Record<string, unknown>, profiles, faults);
    }
  }

  function attribute(
    held: unknown,
    a: Attribute,
    name: string,
    at: string,
    owner: Record<string, unknown>,
    profiles: ReadonlySet<string>,
    faults: string[],
  ): void {
    if (a["@deprecated"] !== undefined) faults.push(`${at}: deprecated`);
    if (a.profile != null && !profiles.has(a.profile))
      faults.push(`${at}: of profile ${a.profile}, which is not named`);
    if (a.is_array !== Array.isArray(held) && !(a.is_array === undefined && !Array.isArray(held)))
      return void faults.push(`${at}: ${a.is_array ? "a list is due" : "a list"}`);
    for (const one of a.is_array ? (held as unknown[]) : [held]) {
      if (a.type in scalars) scalar(one, a.type, at, faults);
      else if (a.type !== "object") judge(one, `objects/${a.type}.json`, at, profiles, faults);
      const numbered = name === "category_uid" || name === "class_uid";
      if (numbered && one !== uids[name]) faults.push(`${at}: ${one} is not ${uids[name]}`);
      if (a.enum && !numbered && typeof one !== "object" && !Object.hasOwn(a.enum, String(one)))
        faults.push(`${at}: ${one} is no value`);
    }
    // "Other" says nothing by itself: its sibling tells what.
    if (a.enum && held === 99 && a.sibling && !Object.hasOwn(owner, a.sibling))
      faults.push(`${at}: 99 without ${a.sibling}`);
    if (at === "event.type_uid" && held !== Number(owner.class_uid) * 100 + Number(owner.activity_id))
      faults.push(`${at}: is not class_uid * 100 + activity_id`);
  }

  function scalar(held: unknown, type: string, at: string, faults: string[]): void {
    const { regex, max_len, range, type: base } = scalars[type]!;
    const kind = base ?? type;
    const right =
      kind === "string_t"
        ? typeof held === "string"
        : kind === "boolean_t"
          ? typeof held === "boolean"
          : kind === "integer_t" || kind === "long_t" || kind === "timestamp_t"
            ? Number.isSafeInteger(held)
            : kind === "float_t"
              ? typeof held === "number"
              : true;
    if (!right) faults.push(`${at}: no ${type}`);
    if (typeof held === "string" && regex !== undefined && !new RegExp(regex).test(held))
      faults.push(`${at}: no ${type}`);
    if (typeof held === "string" && max_len !== undefined && held.length > max_len) faults.push(`${at}: too long`);
    if (typeof held === "number" && range && (held < range[0] || held > range[1])) faults.push(`${at}: out of range`);
  }

  return (event) => {
    const faults: string[] = [];
    const named = (event as { metadata?: { profiles?: string[] } }).metadata?.profiles ?? [];
    judge(event, classFile, "event", new Set(named), faults);
    return faults;
  };
}

const parentOf = (path: string, name: string): string =>
  path.startsWith("objects/")
    ? `objects/${name}.json`
    : name === "base_event"
      ? "events/base_event.json"
      : path.replace(/[^/]+$/, `${name}.json`);
