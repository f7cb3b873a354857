import { Ajv } from "ajv";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import type { Message } from "../../alert/template.ts";
import type { TransitionKind } from "../../schemas/incident.ts";
import { severities } from "../../schemas/severity.ts";
import { httpReceiver } from "./receivers.ts";
import { hostileFinding, messageOf, storyOf } from "./support.ts";

const never = new AbortController().signal;

/** The documented limits of an alert and of a note to one. */
const text = (maxLength: number) => ({ type: "string", maxLength });
const ajv = new Ajv({ strict: false });
const validAlert = ajv.compile({
  type: "object",
  required: ["message"],
  additionalProperties: false,
  properties: {
    message: { ...text(130), minLength: 1 },
    alias: text(512),
    description: text(15_000),
    responders: { type: "array", maxItems: 50 },
    tags: { type: "array", maxItems: 20, uniqueItems: true, items: { ...text(50), pattern: "^[^,]+$" } },
    details: { type: "object", additionalProperties: { type: "string" } },
    entity: text(512),
    source: text(100),
    priority: { enum: ["P1", "P2", "P3", "P4", "P5"] },
  },
});
const validNote = ajv.compile({
  type: "object",
  additionalProperties: false,
  properties: { note: text(25_000), user: text(100), source: text(100) },
});

let server: Awaited<ReturnType<typeof httpReceiver>>;
beforeEach(async () => {
  server = await httpReceiver();
});
afterEach(() => server.stop());

async function callsOf(...messages: Message[]) {
  const responders = [{ type: "team" as const, name: "security" }];
  const channel = await openChannel(
    { kind: "opsgenie", api_key: "genie-key", api_url: `${server.url}/ops`, responders, send_resolved: true },
    { now: Date.now, output: { write: () => {}, colour: false } },
  );
  for (const message of messages) expect(await channel.send(message, never)).toMatchObject({ kind: "ok" });
  return server.requests.map(({ path, body, headers }) => {
    expect(headers.authorization).toBe("GenieKey genie-key");
    const document = JSON.parse(body) as Record<string, unknown>;
    const valid = path.endsWith("/v2/alerts") ? validAlert : validNote;
    expect(valid(document), JSON.stringify(valid.errors)).toBe(true);
    return { path, document };
  });
}

const uid = storyOf(["opened"]).incident.uid;
const own = (action: string) => `/ops/v2/alerts/${uid}/${action}?identifierType=alias`;

test("what is raised under an alias is acknowledged, noted and closed by it", async () => {
  const heard = { receipt: "" };
  const calls = await callsOf(
    storyOf(["opened"]),
    storyOf(["commented"], { root: heard, from: 2, note: "who moved it?" }),
    storyOf(["acknowledged"], { root: heard, from: 3 }),
    storyOf(["escalated"], { root: heard, from: 4, state: { status: "acknowledged" } }),
    storyOf(["resolved"], { root: heard, from: 5 }),
  );
  expect(calls.map((c) => c.path)).toEqual([
    "/ops/v2/alerts",
    ...[own("notes"), own("acknowledge"), own("notes"), own("close")],
  ]);
  expect(calls[0]!.document).toMatchObject({ alias: uid, responders: [{ type: "team", name: "security" }] });
  expect(calls[1]!.document).toMatchObject({ user: "ann", note: "Commented by ann: who moved it?" });
});

test.each<[TransitionKind[], boolean, string[]]>([
  [["opened", "acknowledged"], false, ["/ops/v2/alerts", own("acknowledge")]],
  [["opened", "resolved"], false, [own("close")]],
  [["resolved", "reopened"], true, ["/ops/v2/alerts"]],
  [["merged"], true, [own("close")]],
])("%j, heard of before: %s, does %j", async (kinds, before, expected) => {
  const calls = await callsOf(storyOf(kinds, { root: before ? { receipt: "" } : null }));
  expect(calls.map((c) => c.path)).toEqual(expected);
});

test("each severity has a priority of its own", async () => {
  const calls = await callsOf(...severities.map((severity) => storyOf(["opened"], { state: { severity } })));
  expect(calls.map((c) => c.document.priority)).toEqual(["P5", "P4", "P3", "P2", "P1"]);
});

test("hostile text of a megabyte stays within the limits and on its line", async () => {
  const [call] = await callsOf(messageOf({ finding: hostileFinding() }));
  expect(JSON.stringify(call)).not.toMatch(/\\u001b|\\r|\u202e|\u200b/);
  expect(String(call!.document.description).split("\n")).not.toContain("X-Evil: y");
});
