import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import { slackMessage } from "../../alert/slack_blocks.ts";
import { httpReceiver } from "./receivers.ts";
import { messageOf } from "./support.ts";

const never = new AbortController().signal;
const surroundings = { now: Date.now, output: { write: () => {}, colour: false } };
const evil = "<!channel> <@U123> <https://evil.example|click> & ".repeat(400);
const hostile = messageOf({
  finding: {
    title: evil,
    key_name: evil,
    owner: evil,
    principal: evil,
    reasons: Array.from({ length: 30 }, (_, i) => `${i}${evil}`),
    runbook: Array.from({ length: 30 }, (_, i) => `${i}${evil}`),
  },
});

type Text = { type: string; text: string };
interface Block {
  type: string;
  text?: Text;
  fields?: Text[];
  elements?: Text[];
}

describe("blocks", () => {
  test("stay inside every limit of Slack, however long the texts are", () => {
    const { whole, change } = slackMessage(hostile);
    const blocks = [...whole.blocks, ...change.blocks] as Block[];
    expect(blocks.length).toBeLessThanOrEqual(50);
    for (const b of blocks) {
      expect(b.text?.text.length ?? 0).toBeLessThanOrEqual(b.type === "header" ? 150 : 3_000);
      expect(b.fields?.length ?? 0).toBeLessThanOrEqual(10);
      for (const f of b.fields ?? []) expect(f.text.length).toBeLessThanOrEqual(2_000);
    }
    expect(JSON.stringify(whole).length).toBeLessThan(12_000);
  });

  test("never mention anybody and never link where a log wants to", () => {
    const { whole, change } = slackMessage(hostile);
    const raw = JSON.stringify([whole, change]);
    expect(raw).not.toContain("<!channel>");
    expect(raw).not.toContain("<@U123>");
    const links = [...raw.matchAll(/<([^>|]*)/g)].map((m) => m[1]);
    expect(links.every((l) => l!.startsWith("http://127.0.0.1:8686/incidents/"))).toBe(true);
  });

  test("say what, which key, why and what to do", () => {
    const text = JSON.stringify(slackMessage(messageOf()).whole);
    for (const part of [
      "[MEDIUM] billing-report-bot",
      "team-finance",
      "Why",
      "92 days",
      "Do now",
      "1. Ask team-finance",
    ]) {
      expect(text).toContain(part);
    }
  });
});

describe("the bot", () => {
  let server: Awaited<ReturnType<typeof httpReceiver>>;
  let answers: string[] = [];
  beforeEach(async () => {
    answers = [];
    server = await httpReceiver(() => answers.shift() ?? JSON.stringify({ ok: true, channel: "C01", ts: "17.1" }));
  });
  afterEach(() => server.stop());
  const open = () =>
    openChannel(
      {
        kind: "slack",
        bot_token: "xoxb-1",
        channel: "#alerts",
        webhook_url: null,
        api_url: `${server.url}/api`,
        send_resolved: true,
      },
      surroundings,
    );
  const bodies = () =>
    server.requests.map((r) => ({ path: r.path, ...(JSON.parse(r.body) as Record<string, unknown>) }));

  test("posts once, then updates that message and answers in its thread", async () => {
    const channel = await open();
    const first = await channel.send(messageOf(), never);
    expect(first).toEqual({ kind: "ok", receipt: '{"channel":"C01","ts":"17.1"}' });
    await channel.send(messageOf({ n: 2, root: { receipt: '{"channel":"C01","ts":"17.1"}' }, note: "looking" }), never);
    expect(bodies()).toMatchObject([
      {
        path: "/api/chat.postMessage",
        channel: "#alerts",
        unfurl_links: false,
        metadata: { event_type: "keywatch_transition", event_payload: { id: "msg_1" } },
      },
      { path: "/api/chat.update", channel: "C01", ts: "17.1" },
      {
        path: "/api/chat.postMessage",
        channel: "C01",
        thread_ts: "17.1",
        metadata: { event_payload: { id: "msg_2" } },
      },
    ]);
    expect(JSON.stringify(bodies()[2])).toContain("Acknowledged by ann: looking");
    expect(server.requests[0]!.headers.authorization).toBe("Bearer xoxb-1");
  });

  test.each<[string, object]>([
    ["ratelimited", { kind: "retry", reason: "rate_limited" }],
    ["internal_error", { kind: "retry", reason: "server_error" }],
    ["invalid_auth", { kind: "fail", reason: "auth" }],
    ["channel_not_found", { kind: "fail", reason: "rejected" }],
    ["<!channel> xoxb-1", { kind: "retry", reason: "server_error" }],
  ])("answered 200 with %s", async (error, expected) => {
    answers = [JSON.stringify({ ok: false, error })];
    const result = await (await open()).send(messageOf(), never);
    expect(result).toMatchObject(expected);
    expect(JSON.stringify(result)).not.toContain("xoxb-1");
  });

  test("blocks that are too long after all are sent as text", async () => {
    answers = [JSON.stringify({ ok: false, error: "msg_blocks_too_long" })];
    expect(await (await open()).send(messageOf(), never)).toMatchObject({ kind: "ok" });
    expect(bodies()[1]).not.toHaveProperty("blocks");
  });

  test("a first message that somebody deleted does not keep the later one back", async () => {
    answers = [JSON.stringify({ ok: false, error: "message_not_found" })];
    const later = messageOf({ n: 2, root: { receipt: '{"channel":"C01","ts":"17.1"}' } });
    expect(await (await open()).send(later, never)).toMatchObject({ kind: "ok" });
  });
});
