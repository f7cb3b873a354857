import { NetworkSet } from "../../schemas/network.ts";
import type { DetectEvent } from "../detection.ts";
import { fieldOf, type RuleValue } from "./fields.ts";

/** Test says whether an event is meant. */
export type Test = (event: DetectEvent) => boolean;

export const modifiers = ["contains", "startswith", "endswith", "re", "cidr", "gt", "gte", "lt", "lte", "all"] as const;
export type Modifier = (typeof modifiers)[number];

/** Longer texts are no operation, no name and no address; a regular expression of the operator's must not be led astray by them. */
const MAX_TEXT = 1_000;

type ValueTest = (value: RuleValue) => boolean;

/**
 * itemTest makes the test of one line of a selection, `operation|startswith: [Delete, Put]`: any of the values will do, with `all`
 * each of them. Texts are compared as Sigma does: without regard to case, `*` and `?` stand for anything. Throws a sentence.
 */
export function itemTest(field: string, wanted: readonly Modifier[], values: readonly RuleValue[]): Test {
  const kind = wanted.find((m) => m !== "all");
  const tests = values.map((value) => valueTest(kind, value));
  const every = wanted.includes("all");
  return (event) => {
    const actual = fieldOf(event, field);
    const holds = (test: ValueTest): boolean => actual.length > 0 && actual.some(test);
    return every ? tests.every(holds) : tests.some(holds);
  };
}

function valueTest(kind: Modifier | undefined, wanted: RuleValue): ValueTest {
  if (kind === undefined) return typeof wanted === "string" ? textTest(wanted, "", "") : (value) => value === wanted;
  if (kind === "contains") return textTest(String(wanted), "*", "*");
  if (kind === "startswith") return textTest(String(wanted), "", "*");
  if (kind === "endswith") return textTest(String(wanted), "*", "");
  if (kind === "re") {
    const regex = new RegExp(String(wanted), "s");
    return (value) => typeof value === "string" && regex.test(value.slice(0, MAX_TEXT));
  }
  if (kind === "cidr") {
    const networks = new NetworkSet([String(wanted)]);
    return (value) => typeof value === "string" && networks.has(value);
  }
  const bound = Number(wanted);
  if (Number.isNaN(bound)) throw new Error(`"${String(wanted)}" is no number`);
  const compare: Record<string, (n: number) => boolean> = {
    gt: (n) => n > bound,
    gte: (n) => n >= bound,
    lt: (n) => n < bound,
    lte: (n) => n <= bound,
  };
  return (value) => typeof value === "number" && compare[kind]!(value);
}

/** textTest compares whole texts; wildcards inside of the pattern count everywhere. */
function textTest(pattern: string, before: string, after: string): ValueTest {
  const whole = `${before}${pattern}${after}`;
  if (!/[*?]/.test(whole)) {
    const wanted = whole.toLowerCase();
    return (value) => typeof value === "string" && value.toLowerCase() === wanted;
  }
  const text = whole
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  const regex = new RegExp(`^${text}$`, "is");
  return (value) => typeof value === "string" && regex.test(value.slice(0, MAX_TEXT));
}
