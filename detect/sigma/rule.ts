import { z } from "zod";
import { DAY_MS, duration, MINUTE_MS } from "../../schemas/duration.ts";
import { isCidr } from "../../schemas/network.ts";
import { severities } from "../../schemas/severity.ts";
import { conditionTest } from "./condition.ts";
import { ruleFields } from "./fields.ts";
import { itemTest, type Modifier, modifiers, type Test } from "./selection.ts";

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** selection is lines that must all hold; each is `field|modifier: value` or a list of values of which any will do. */
const selection = z.record(z.string(), z.union([scalar, z.array(scalar).min(1)])).transform((lines, ctx): Test => {
  const tests: Test[] = [];
  for (const [name, value] of Object.entries(lines)) {
    const [field = "", ...wanted] = name.split("|");
    const fault = (message: string) => ctx.addIssue({ code: "custom", path: [name], message });
    if (!ruleFields.includes(field)) {
      fault(`there is no field "${field}"; there are ${ruleFields.join(", ")}`);
      continue;
    }
    const odd = wanted.find((m) => !modifiers.includes(m as Modifier));
    if (odd !== undefined) {
      fault(`there is no modifier "${odd}"; there are ${modifiers.join(", ")}`);
      continue;
    }
    const values = Array.isArray(value) ? value : [value];
    const bad = wanted.includes("cidr") ? values.find((v) => typeof v !== "string" || !isCidr(v)) : undefined;
    if (bad !== undefined) {
      fault(`"${String(bad)}" is no network; write it like 203.0.113.0/24`);
      continue;
    }
    try {
      tests.push(itemTest(field, wanted as Modifier[], values));
    } catch (error) {
      fault((error as Error).message);
    }
  }
  if (Object.keys(lines).length === 0)
    ctx.addIssue({ code: "custom", message: "an empty selection would mean every event" });
  return (event) => tests.every((test) => test(event));
});

/** A list of selections means any of them. */
const selections = z
  .union([selection, z.array(selection).min(1)])
  .transform((some): Test => (Array.isArray(some) ? (event) => some.some((test) => test(event)) : some));

const groupField = z
  .string()
  .refine((name) => ruleFields.includes(name) && name !== "resources" && name !== "secrets", {
    error: (issue) => `"${String(issue.input)}" is no field to group by; there are ${ruleFields.join(", ")}`,
  });

const timespan = duration.refine((ms) => ms >= MINUTE_MS && ms <= DAY_MS, "a timespan lies between 1m and 24h");
const amount = z.number().int().min(1).max(1_000);
/** Beside the subject, which always groups: whose habits are learned is whose calls belong together. */
const groupBy = z.array(groupField).max(4).default([]);

const correlation = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("event_count"),
    "group-by": groupBy,
    timespan,
    condition: z.strictObject({ gte: amount }),
  }),
  z.strictObject({
    type: z.literal("value_count"),
    "group-by": groupBy,
    timespan,
    condition: z.strictObject({
      gte: amount,
      field: z.string().refine((name) => ruleFields.includes(name), {
        error: (issue) => `there is no field "${String(issue.input)}"`,
      }),
    }),
  }),
  z.strictObject({
    type: z.literal("temporal_ordered"),
    "group-by": groupBy,
    timespan,
    /** Names of selections, in the order in which they must happen. */
    rules: z.array(z.string()).min(2).max(8),
  }),
]);
export type Correlation = z.infer<typeof correlation>;

/**
 * rule is one file of the operator's in the words of Sigma: selections over the fields of an ApiActivity, and how many of them,
 * how many different, or in which order make a finding. `cases` are for `keywatch detections test`.
 */
export const rule = z
  .strictObject({
    title: z.string().min(1).max(200),
    /** Equals the file name. */
    id: z.string().regex(/^[a-z][a-z0-9_]{2,63}$/, "small letters, digits and _"),
    description: z.string().optional(),
    version: z.number().int().min(1).default(1),
    status: z.enum(["stable", "test", "experimental", "deprecated", "unsupported"]).optional(),
    author: z.string().optional(),
    level: z.enum(severities),
    weight: z.number().gt(0).max(1).default(0.5),
    tags: z.array(z.string()).default([]),
    falsepositives: z.array(z.string()).default([]),
    runbook: z.array(z.string()).default([]),
    detection: z.looseObject({ condition: z.string().optional() }),
    correlation: correlation.optional(),
    cases: z.array(z.unknown()).default([]),
  })
  .transform(({ detection: { condition, ...named }, ...r }, ctx) => {
    const tests = new Map<string, Test>();
    const fields = new Set<string>();
    for (const [name, lines] of Object.entries(named)) {
      const parsed = selections.safeParse(lines);
      if (parsed.success) tests.set(name, parsed.data);
      else
        for (const issue of parsed.error.issues)
          ctx.addIssue({ code: "custom", path: ["detection", name, ...pathOf(issue)], message: messageOf(issue) });
      for (const line of [lines].flat())
        for (const key of Object.keys((line ?? {}) as object)) fields.add(key.split("|")[0]!);
    }
    const fault = (path: string[], message: string) => ctx.addIssue({ code: "custom", path, message });
    if (Object.keys(named).length === 0)
      fault(["detection"], "name at least one selection, such as `selection: { operation: DeleteBucket }`");
    const ordered = r.correlation?.type === "temporal_ordered" ? r.correlation.rules : null;
    for (const name of ordered ?? [])
      if (!(name in named))
        fault(["correlation", "rules"], `there is no selection "${name}"; there are ${Object.keys(named).join(", ")}`);
    if (ordered !== null && condition !== undefined)
      fault(
        ["detection", "condition"],
        "an ordered sequence names its selections under correlation.rules; leave the condition out",
      );
    let matches: Test = () => false;
    if (ordered === null && tests.size > 0) {
      try {
        matches = conditionTest(condition ?? [...tests.keys()].join(" and "), tests);
      } catch (error) {
        fault(["detection", "condition"], (error as Error).message);
      }
    }
    return {
      ...r,
      fields: [...fields],
      matches,
      steps: (ordered ?? []).map((name) => ({ name, matches: tests.get(name) ?? (() => false) })),
    };
  });
export type Rule = z.infer<typeof rule>;

/** A union tells only that nothing fitted; its own issues say what. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
  return deepest === undefined ? issue : innermost(deepest);
}
const pathOf = (issue: z.core.$ZodIssue): PropertyKey[] => [
  ...issue.path,
  ...(innermost(issue) === issue ? [] : innermost(issue).path),
];
const messageOf = (issue: z.core.$ZodIssue): string => innermost(issue).message;
