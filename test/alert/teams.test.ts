import { Ajv } from "ajv";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import type { Message } from "../../alert/template.ts";
import { severities } from "../../schemas/severity.ts";
import { httpReceiver } from "./receivers.ts";
import { hostileFinding, messageOf, storyOf } from "./support.ts";

const never = new AbortController().signal;
const text = { type: "string", minLength: 1 };
const run = {
  type: "object",
  required: ["type", "text"],
  additionalProperties: false,
  properties: {
    type: { const: "TextRun" },
    text,
    weight: { enum: ["Lighter", "Default", "Bolder"] },
    size: { enum: ["Small", "Default", "Medium", "Large", "ExtraLarge"] },
    color: { enum: ["default", "dark", "light", "accent", "good", "warning", "attention"] },
    isSubtle: { type: "boolean" },
  },
};
/** The part of the adaptive card schema that is used, in the envelope that a workflow expects. Text blocks read Markdown: there is none. */
const valid = new Ajv({ strict: false }).compile({
  type: "object",
  required: ["type", "attachments"],
  additionalProperties: false,
  properties: {
    type: { const: "message" },
    attachments: {
      ...{ type: "array", minItems: 1, maxItems: 1 },
      items: {
        required: ["contentType", "content"],
        properties: {
          contentType: { const: "application/vnd.microsoft.card.adaptive" },
          contentUrl: { type: "null" },
          content: {
            required: ["type", "version", "body"],
            properties: {
              type: { const: "AdaptiveCard" },
              version: { enum: ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"] },
              body: {
                type: "array",
                items: {
                  required: ["type", "inlines"],
                  properties: { type: { const: "RichTextBlock" }, inlines: { type: "array", minItems: 1, items: run } },
                },
              },
              actions: {
                ...{ type: "array", maxItems: 6 },
                items: {
                  required: ["type", "title", "url"],
                  properties: {
                    type: { const: "Action.OpenUrl" },
                    title: text,
                    url: { ...text, pattern: "^https?://" },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
});

let server: Awaited<ReturnType<typeof httpReceiver>>;
let says = "";
beforeEach(async () => {
  says = "";
  server = await httpReceiver(() => says);
});
afterEach(() => server.stop());
const opener = () =>
  openChannel(
    { kind: "teams", webhook_url: `${server.url}/workflows/x`, send_resolved: true },
    { now: Date.now, output: { write: () => {}, colour: false } },
  );

async function cardsOf(...messages: Message[]): Promise<string[][]> {
  const channel = await opener();
  for (const message of messages) expect(await channel.send(message, never)).toMatchObject({ kind: "ok" });
  return server.requests.map(({ body }) => {
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(14_000);
    const document = JSON.parse(body) as { attachments: [{ content: { body: { inlines: { text: string }[] }[] } }] };
    expect(valid(document), JSON.stringify(valid.errors)).toBe(true);
    return document.attachments[0].content.body.map((b) => b.inlines.map((i) => i.text).join(""));
  });
}

test("the card says how bad, which key, why and what to do", async () => {
  const [lines] = await cardsOf(messageOf());
  expect(lines![0]).toMatch(/^\[MEDIUM\] .*billing-report-bot/);
  expect(lines).toEqual(expect.arrayContaining(["Owner: team-finance", "Why", "Do now"]));
  expect(lines).toContain("2. If not, disable AKIA…MPLE in IAM and rotate it.");
});

test("every change is a card that leads with it", async () => {
  const root = { receipt: "" };
  const cards = await cardsOf(
    storyOf(["acknowledged"], { root, from: 2, note: "looking" }),
    storyOf(["resolved"], { root, from: 3, state: { verdict: "benign" } }),
  );
  expect(cards.map((lines) => lines[1])).toEqual(["Acknowledged by ann: looking", "Resolved as benign by ann"]);
});

test("hostile text is neither mention, link, date nor template, and fits", async () => {
  const [lines] = await cardsOf(messageOf({ finding: hostileFinding() }));
  expect(lines!.join("\n")).not.toMatch(/<\/?at\b|\{\{|\$\{|\r|\u202e|\u200b/);
  expect(lines!.join("\n")).not.toContain("\u001b");
});

test("a card of the longest texts that there are fits for each severity", async () => {
  const wide = "界".repeat(2_000);
  const many = Array.from({ length: 10 }, () => wide);
  const state = { title: wide, reasons: many, runbook: many, owner: wide, principal: wide, environment: wide };
  await cardsOf(...severities.map((severity) => storyOf(["opened"], { state: { ...state, severity } })));
});

test.each([
  ["429", { kind: "retry", reason: "rate_limited" }],
  ["503", { kind: "retry", reason: "server_error" }],
  ["413", { kind: "fail", reason: "rejected" }],
])("an older webhook that answers 200 and tells of %s behind it is not believed", async (status, expected) => {
  says = `Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ${status} with ContextId x`;
  expect(await (await opener()).send(messageOf(), never)).toMatchObject(expected);
});
