import { z } from "zod";
import { apiActivity, type VerbClass } from "../../schemas/activity.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration } from "../../schemas/duration.ts";
import { sensitivityOf } from "../../schemas/sensitivity.ts";
import type { DetectEvent } from "../detection.ts";
import { placeFields, places } from "./places.ts";

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, 'write a time of day like "09:30"');
const field = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]);
/** Fields of an event that a case may set by their own names. */
const own = Object.keys(apiActivity.shape).filter(
  (n) =>
    !["event_uid", "time", "seq", "raw", "position", "ingested_at", "scopes", "region_geo", "user_agent"].includes(n),
);

/**
 * callFields describes calls: `operation` as `s3:GetObject`, `from` a place, `key` and `by` names of a key and its holder, `at` a time of
 * day, and any field of an ApiActivity. `{n}` in a text is the number of the call.
 */
export const callFields = z
  .looseObject({
    at: clock.optional(),
    /** Days after the first day of `when`. */
    day: z.number().int().min(0).optional(),
    /** Calls of one run, or of one hour. */
    calls: z.number().int().min(1).max(10_000).optional(),
    operation: z.string().optional(),
    from: z.enum(Object.keys(places) as [string, ...string[]]).optional(),
    key: z.string().optional(),
    /** So many keys, each named by its number. */
    keys: z.number().int().min(1).max(1_000).optional(),
    by: z.string().optional(),
    agent: z.string().optional(),
    /** How long after its time it arrives; left out, nothing is said of that. */
    late: z
      .string()
      .refine((text) => spanOf(text) !== null, "write a duration like 5m or 3h")
      .optional(),
  })
  .superRefine((fields, ctx) => {
    const short = ["at", "day", "calls", "operation", "from", "key", "keys", "by", "agent", "late"];
    for (const [name, value] of Object.entries(fields)) {
      if (short.includes(name)) continue;
      if (!own.includes(name))
        ctx.addIssue({
          code: "custom",
          path: [name],
          message: `there is no field "${name}"; there are ${[...short, ...own].join(", ")}`,
        });
      else if (!field.safeParse(value).success)
        ctx.addIssue({
          code: "custom",
          path: [name],
          message: "write a text, a number, yes or no, or a list of texts",
        });
    }
  });
export type CallFields = z.infer<typeof callFields>;

/** Rhythm gives the starts of runs on day `d` of a history, ms after its midnight; the first day is a Monday. */
type Rhythm = (d: number, at: number | null) => number[];
export const rhythms: Record<string, Rhythm> = {
  office: (d) => (d % 7 >= 5 ? [] : [8, 9, 10, 11, 12, 13, 14, 15].map((h) => h * HOUR_MS)),
  daily: (_d, at) => [at ?? 5 * HOUR_MS],
  workdays: (d, at) => (d % 7 >= 5 ? [] : [at ?? 9 * HOUR_MS]),
  weekly: (d, at) => (d % 7 === 0 ? [at ?? 5 * HOUR_MS] : []),
  monthly: (d, at) => (d % 30 === 0 ? [at ?? 5 * HOUR_MS] : []),
  hourly: () => Array.from({ length: 24 }, (_, h) => h * HOUR_MS),
  silence: () => [],
};
const RUN_STEP_MS = 7 * MINUTE_MS;
const DEFAULT_CALLS = 3;

/** Maker writes events one after another; their uids are their numbers, so that a case is the same in every run. */
export function createMaker() {
  let serial = 0;
  function make(time: number, f: CallFields, n: number): DetectEvent[] {
    const text = <T>(value: T): T => (typeof value === "string" ? (value.replaceAll("{n}", String(n)) as T) : value);
    const names =
      f.keys === undefined ? [f.key ?? "k1"] : Array.from({ length: f.keys }, (_, i) => `${f.key ?? "k"}${i + 1}`);
    return names.map((name) => {
      const [service, operation] = operationOf(text(f.operation ?? "s3:GetObject"));
      const over: Record<string, unknown> = {};
      for (const name of own) {
        if (!(name in f) || name === "operation") continue;
        const value = (f as Record<string, unknown>)[name];
        over[name] = Array.isArray(value) ? value.map(text) : text(value);
      }
      const provider = String(over.provider ?? "aws_cloudtrail");
      const key_uid = `${provider}:${text(name)}`;
      const holder = text(f.by ?? (f.keys === undefined && f.key === undefined ? "reporter" : name));
      return {
        ...base,
        event_uid: `e${String(++serial).padStart(8, "0")}`,
        time,
        seq: serial,
        key_uid,
        subject_uid: key_uid,
        principal_uid: `arn:aws:iam::111122223333:user/${holder}`,
        principal: holder,
        service,
        operation,
        verb_class: verbOf(service, operation),
        ...placeFields(f.from ?? "office"),
        ...(f.agent === undefined ? {} : { user_agent: text(f.agent), user_agent_family: text(f.agent) }),
        ...(f.late === undefined ? {} : { ingested_at: time + spanOf(f.late)! }),
        ...over,
      } as DetectEvent;
    });
  }
  return {
    /** Events of `days` days of a rhythm from `start` (ms) on. */
    history(start: number, days: number, rhythm: string, f: CallFields): DetectEvent[] {
      const events: DetectEvent[] = [];
      for (let d = 0; d < days; d++)
        for (const at of rhythms[rhythm]!(d, f.at === undefined ? null : clockMs(f.at)))
          for (let i = 0; i < (f.calls ?? DEFAULT_CALLS); i++)
            events.push(
              ...make(
                start + d * DAY_MS + at + i * Math.min(RUN_STEP_MS, HOUR_MS / (f.calls ?? DEFAULT_CALLS)),
                f,
                events.length + 1,
              ),
            );
      return events;
    },
    /** `n` calls spread evenly over `spanMs` from the day's `at` on. */
    calls(day0: number, n: number, spanMs: number, f: CallFields): DetectEvent[] {
      const start = day0 + (f.day ?? 0) * DAY_MS + (f.at === undefined ? 10 * HOUR_MS : clockMs(f.at));
      return Array.from({ length: n }, (_, i) => make(start + Math.floor((i * spanMs) / n), f, i + 1)).flat();
    },
  };
}

/** spanOf reads "15 minutes", "2 h", "10m"; null when it is none. */
export function spanOf(text: string): number | null {
  const words = /^(\d+)\s*(s|seconds?|m|min|minutes?|h|hours?|d|days?)$/.exec(text.trim());
  return words ? parseDuration(`${words[1]}${words[2]![0]}`) : parseDuration(text.trim());
}

function clockMs(text: string): number {
  const [h = 0, m = 0, s = 0] = text.split(":").map(Number);
  return h * HOUR_MS + m * MINUTE_MS + s * 1000;
}

function operationOf(text: string): [string | null, string] {
  const at = text.indexOf(":");
  return at < 0 ? [null, text] : [text.slice(0, at), text.slice(at + 1)];
}

function verbOf(service: string | null, operation: string): VerbClass {
  if (/^(Get|List|Describe|Head|Lookup|Search|BatchGet)/.test(operation)) return "read";
  return sensitivityOf(service, operation) === null && service !== "iam" ? "write" : "admin";
}

const base = {
  provider: "aws_cloudtrail",
  account: "111122223333",
  key_hint: "AKIA…MPLE",
  key_type: "long_lived",
  session_uid: null,
  session_kind: "none",
  principal_type: "unknown",
  outcome: "success",
  error_code: null,
  status_code: null,
  vpc_endpoint: null,
  user_agent: "Boto3/1.40.11",
  user_agent_family: "Boto3",
  region: "eu-central-1",
  resources: [] as string[],
  environment: null,
  bytes_out: null,
  secrets: [] as string[],
} satisfies Partial<DetectEvent>;
