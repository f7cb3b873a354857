import { Ajv } from "ajv";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import type { Message } from "../../alert/template.ts";
import type { TransitionKind } from "../../schemas/incident.ts";
import { severities } from "../../schemas/severity.ts";
import { httpReceiver } from "./receivers.ts";
import { hostileFinding, messageOf, storyOf } from "./support.ts";

const routingKey = "R0123456789ABCDEFGHIJKLMNOPQRSTU";
const never = new AbortController().signal;

/** What PagerDuty documents of an event: a trigger needs a payload, the others only say which alert they mean. */
const text = (maxLength: number) => ({ type: "string", minLength: 1, maxLength });
const common = { routing_key: { const: routingKey }, dedup_key: text(255) };
const schema = {
  oneOf: [
    {
      type: "object",
      required: ["routing_key", "event_action", "payload"],
      additionalProperties: false,
      properties: {
        ...common,
        event_action: { const: "trigger" },
        client: { type: "string" },
        client_url: { type: "string", pattern: "^https?://" },
        links: {
          type: "array",
          items: { type: "object", required: ["href"], properties: { href: text(2_000), text: text(500) } },
        },
        payload: {
          type: "object",
          required: ["summary", "source", "severity"],
          additionalProperties: false,
          properties: {
            summary: text(1_024),
            source: text(1_000),
            severity: { enum: ["critical", "error", "warning", "info"] },
            timestamp: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d" },
            ...{ component: text(1_000), group: text(1_000), class: text(1_000), custom_details: { type: "object" } },
          },
        },
      },
    },
    {
      type: "object",
      required: ["routing_key", "event_action", "dedup_key"],
      additionalProperties: false,
      properties: { ...common, event_action: { enum: ["acknowledge", "resolve"] } },
    },
  ],
};
const valid = new Ajv({ strict: false }).compile(schema);

interface Event {
  event_action: string;
  dedup_key: string;
  payload?: { severity: string; summary: string; custom_details: Record<string, unknown> };
}

let server: Awaited<ReturnType<typeof httpReceiver>>;
beforeEach(async () => {
  server = await httpReceiver();
});
afterEach(() => server.stop());

async function eventsOf(...messages: Message[]): Promise<Event[]> {
  const channel = await openChannel(
    { kind: "pagerduty", routing_key: routingKey, api_url: server.url, send_resolved: true },
    { now: Date.now, output: { write: () => {}, colour: false } },
  );
  for (const message of messages) expect(await channel.send(message, never)).toMatchObject({ kind: "ok" });
  return server.requests.map(({ path, body }) => {
    expect(path).toBe("/v2/enqueue");
    expect(Buffer.byteLength(body)).toBeLessThan(64 * 1024);
    const event = JSON.parse(body) as Event;
    expect(valid(event), JSON.stringify(valid.errors)).toBe(true);
    return event;
  });
}

test("what resolves closes what the trigger opened, by one dedup_key over the whole life", async () => {
  const heard = { receipt: "" };
  const events = await eventsOf(
    storyOf(["opened"]),
    storyOf(["acknowledged"], { root: heard, from: 2 }),
    storyOf(["resolved"], { root: heard, from: 3 }),
    storyOf(["reopened"], { root: heard, from: 4 }),
    storyOf(["merged"], { root: heard, from: 5 }),
  );
  expect(events.map((e) => e.event_action)).toEqual(["trigger", "acknowledge", "resolve", "trigger", "resolve"]);
  expect(new Set(events.map((e) => e.dedup_key))).toEqual(new Set([storyOf(["opened"]).incident.uid]));
});

test.each<[TransitionKind[], boolean, "open" | "acknowledged", string[]]>([
  [["opened", "acknowledged"], false, "open", ["trigger", "acknowledge"]],
  [["opened", "resolved"], false, "open", ["resolve"]],
  [["commented"], true, "open", ["trigger"]],
  // A comment must not wake whoever has it in hand already.
  [["commented"], true, "acknowledged", ["acknowledge"]],
  [["escalated"], true, "acknowledged", ["trigger"]],
])("%j, heard of before: %s, while %s, does %j", async (kinds, before, status, expected) => {
  const events = await eventsOf(storyOf(kinds, { root: before ? { receipt: "" } : null, state: { status } }));
  expect(events.map((e) => e.event_action)).toEqual(expected);
});

test("each severity has one of PagerDuty's four", async () => {
  const events = await eventsOf(...severities.map((severity) => storyOf(["opened"], { state: { severity } })));
  expect(events.map((e) => e.payload?.severity)).toEqual(["info", "info", "warning", "error", "critical"]);
});

test("a person who is called learns which key, why, and what to do", async () => {
  const [event] = await eventsOf(messageOf());
  expect(event!.payload!.summary).toContain("billing-report-bot");
  expect(JSON.stringify(event!.payload!.custom_details)).toMatch(/203\.0\.113\.9.*disable AKIA…MPLE/s);
});

test("hostile text of a megabyte is one short harmless line", async () => {
  const [event] = await eventsOf(messageOf({ finding: hostileFinding() }));
  expect(JSON.stringify(event)).not.toMatch(/\\u001b|\\r|\\n|\u202e|\u200b/);
});
