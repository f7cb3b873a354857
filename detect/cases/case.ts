import { z } from "zod";
import { DAY_MS } from "../../schemas/duration.ts";
import { severities } from "../../schemas/severity.ts";
import { type CallFields, callFields, rhythms, spanOf } from "./calls.ts";

/** A line of a case: the words alone, or the words and what the calls are like. */
const line = <T>(read: (words: string, fields: CallFields, fail: (message: string) => void) => T | null) =>
  z.union([z.string(), z.record(z.string(), z.unknown())]).transform((value, ctx): T => {
    const [words = "", given = {}] = typeof value === "string" ? [value] : (Object.entries(value)[0] ?? []);
    if (typeof value !== "string" && Object.keys(value).length !== 1)
      ctx.addIssue({ code: "custom", message: "a line has one phrase, such as `14 days of office: { from: home }`" });
    const fields = callFields.safeParse(given ?? {});
    for (const issue of fields.error?.issues ?? [])
      ctx.addIssue({ code: "custom", path: [words, ...issue.path], message: issue.message });
    const made = read(words.trim(), fields.data ?? {}, (message) => ctx.addIssue({ code: "custom", message }));
    return made ?? z.NEVER;
  });

export interface Given {
  days: number;
  rhythm: string;
  fields: CallFields;
}

/** `14 days of office`, `45 days of silence`. Histories lie side by side; silence comes behind them. */
const given = line<Given>((words, fields, fail) => {
  const match = /^(\d+) days? of (\w+)$/.exec(words);
  const rhythm = match?.[2] ?? "";
  if (match && rhythm in rhythms && Number(match[1]) <= 1_000) return { days: Number(match[1]), rhythm, fields };
  fail(`"${words}" is no history; write it like "14 days of office" with one of ${Object.keys(rhythms).join(", ")}`);
  return null;
});

export interface When {
  calls: number;
  spanMs: number;
  fields: CallFields;
}

/** `call`, `200 calls in 15 minutes`. */
const when = line<When>((words, fields, fail) => {
  if (words === "call") return { calls: 1, spanMs: 0, fields };
  const match = /^(\d+) calls in (.+)$/.exec(words);
  const spanMs = match ? spanOf(match[2]!) : null;
  if (match && spanMs !== null && Number(match[1]) <= 10_000) return { calls: Number(match[1]), spanMs, fields };
  fail(`"${words}" are no calls; write "call" or "200 calls in 15 minutes"`);
  return null;
});

const then = z.strictObject({
  /** Virtual time after the last call; windows close and days are sealed on the way. */
  after: z
    .string()
    .default("1h")
    .transform((text, ctx) => {
      const ms = spanOf(text);
      if (ms !== null && ms <= 1_000 * DAY_MS) return ms;
      ctx.addIssue({ code: "custom", message: `"${text}" is no duration; write it like 15m, 24h or 90d` });
      return z.NEVER;
    }),
  /** Detection -> severity. What the file is about and stands not here has to be silent. */
  says: z.record(z.string(), z.enum(severities)).default({}),
  quiet: z.array(z.string()).default([]),
});

/** ruleCase is a history, what happens after it, and what is said of it after a virtual time. */
export const ruleCase = z.strictObject({
  name: z.string().min(1),
  /** What the owner declares of the key k1, beside its name and provider. */
  declared: z.record(z.string(), z.unknown()).nullable().default(null),
  /** Other parts of the inventory, other keys too. */
  inventory: z.record(z.string(), z.unknown()).default({}),
  given: z.array(given).default([]),
  when: z.array(when).default([]),
  // biome-ignore lint/suspicious/noThenProperty: it is the word of given, when, then; nobody awaits a case
  then: z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(then).min(1)),
});
export type RuleCase = z.infer<typeof ruleCase>;

/** caseFile is a file of cases about one detection. */
export const caseFile = z.strictObject({ detection: z.string(), cases: z.array(ruleCase).min(1) });
