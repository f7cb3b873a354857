import { z } from "zod";
import { nearest } from "./faults.ts";

/** placeholders are what a template may name, each with what it becomes. */
export const placeholders = {
  title: "which key, what, and from where",
  severity: "low, medium, high or critical",
  label: "INC- and eight digits",
  key: "name of the key, else its hint, else who holds it",
  key_hint: "first and last characters of the key",
  principal: "who holds the key",
  owner: "owner of the key, by the inventory",
  environment: "environment of the key, by the inventory",
  provider: "provider of the log",
  account: "account at the provider",
  from: "where the calls came from",
  since: "first event, UTC",
  status: "open, acknowledged, resolved, …",
  risk: "0 to 100",
  detection: "gravest detection",
  url: "address of the incident's page",
} as const;
export type Placeholder = keyof typeof placeholders;
const names = Object.keys(placeholders);

/** PLACEHOLDER is a name in braces; everything else in a template is text as it stands. */
export const PLACEHOLDER = /\{([a-z_]+)\}/g;

const text = z
  .string()
  .min(1)
  .max(500)
  .superRefine((value, ctx) => {
    for (const [, name = ""] of value.matchAll(PLACEHOLDER)) {
      if (names.includes(name)) continue;
      const near = nearest(name, names);
      const hint = near ? `did you mean {${near}}?` : `there are ${names.map((n) => `{${n}}`).join(" ")}`;
      ctx.addIssue({ code: "custom", message: `unknown placeholder {${name}}, ${hint}` });
    }
  });

/**
 * template is own words for the messages of a channel. It knows placeholders and nothing else: no conditions, no code, no
 * markup. What it makes is text like any other, and the channel makes it harmless like any other.
 */
export const template = z.strictObject({
  /** Replaces the headline. */
  title: text.optional(),
  /** Facts of your own, shown first, such as the address of your runbook. */
  facts: z.record(z.string().min(1).max(40), text).optional(),
  /** Steps of your own, before what keywatch says to do. */
  do_now: z.array(text).max(5).optional(),
});
export type Template = z.infer<typeof template>;
