import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { httpReceiver } from "../receivers.ts";
import { finding, HOUR, MINUTE, openStore, wipe } from "../support.ts";
import { type ClickOn, clickBody, openDesk, SIGNING_SECRET, slackHeaders } from "./parts.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
let slack: Awaited<ReturnType<typeof httpReceiver>>;
let desk: Awaited<ReturnType<typeof openDesk>>;
let uid = "";

beforeAll(async () => {
  opened = await openStore();
});
afterAll(() => opened.close());
beforeEach(async () => {
  await wipe(opened.store);
  let ts = 0;
  slack = await httpReceiver(() => JSON.stringify({ ok: true, channel: "C01", ts: `17.${ts++}` }));
  const bot = {
    kind: "slack" as const,
    bot_token: "xoxb-1",
    channel: "C01",
    api_url: `${slack.url}/api`,
    signing_secret: SIGNING_SECRET,
  };
  desk = await openDesk(opened.store, {
    alert: { external_url: "https://keywatch.example.com" },
    route: { receiver: "all", group_wait: "0s" },
    receivers: [{ name: "all", channels: [bot] }],
  });
  uid = (await desk.alerter.apply([finding()]))[0]!.incident_uid;
  await desk.settle();
  return async () => {
    await desk.alerter.stop();
    await slack.stop();
  };
});

const click = (on: Partial<ClickOn> & { action: string }) => {
  const body = clickBody({ uid, ...on });
  return desk.inbound.slack(slackHeaders(body, desk.clock.now()), body);
};
const kinds = async () => (await desk.alerter.transitions(uid)).map((t) => t.kind);
const buttonsOf = (body: string) => [...body.matchAll(/"action_id":"keywatch_(\w+)"/g)].map((m) => m[1]);

describe("a request is believed", () => {
  const body = () => clickBody({ action: "acknowledge", uid });
  const now = () => desk.clock.now();
  test.each<[string, () => [Record<string, string | string[]>, string], number]>([
    ["not without a signature", () => [{}, body()], 401],
    ["not signed with another secret", () => [slackHeaders(body(), now(), "another secret of Slack"), body()], 401],
    ["not when a byte of the body differs", () => [slackHeaders(body(), now()), `${body()}+`], 401],
    ["not when it was parsed and written again", () => [slackHeaders(body(), now()), body().replace("%22", '"')], 401],
    ["not when six minutes old", () => [slackHeaders(body(), now() - 6 * MINUTE), body()], 401],
    ["not when six minutes ahead", () => [slackHeaders(body(), now() + 6 * MINUTE), body()], 401],
    [
      "not with the time of another request",
      () => [
        { ...slackHeaders(body(), now()), "x-slack-request-timestamp": String(Math.floor(now() / 1000) + 1) },
        body(),
      ],
      401,
    ],
    [
      "not with two signatures to choose from",
      () => [
        {
          ...slackHeaders(body(), now()),
          "x-slack-signature": ["v0=00", slackHeaders(body(), now())["x-slack-signature"]!],
        },
        body(),
      ],
      401,
    ],
    ["when the app signed it, four minutes ago too", () => [slackHeaders(body(), now() - 4 * MINUTE), body()], 200],
  ])("%s", async (_name, make, status) => {
    const [headers, text] = make();
    expect((await desk.inbound.slack(headers, text)).status).toBe(status);
    expect((await kinds()).includes("acknowledged")).toBe(status === 200);
  });

  test("once: the same request again is refused, and changes nothing", async () => {
    const text = body();
    const headers = slackHeaders(text, now());
    expect((await desk.inbound.slack(headers, text)).status).toBe(200);
    await desk.alerter.command({
      id: "r1",
      incident_uid: uid,
      kind: "resolve",
      actor: "ann",
      at: now(),
      note: "",
      assignee: null,
      verdict: "benign",
    });
    await desk.alerter.command({
      id: "r2",
      incident_uid: uid,
      kind: "reopen",
      actor: "ann",
      at: now(),
      note: "",
      assignee: null,
      verdict: null,
    });
    const before = await kinds();
    expect((await desk.inbound.slack(headers, text)).status).toBe(409);
    // And where another process took the first one, the command's id says the same.
    const resigned = slackHeaders(text, now() + 1_000);
    expect((await desk.inbound.slack(resigned, text)).status).toBe(200);
    expect(await kinds()).toEqual(before);
  });

  test("never where no channel has a signing secret", async () => {
    const bare = await openDesk(opened.store, { receivers: [{ name: "none", channels: [{ kind: "console" }] }] });
    const text = body();
    expect((await bare.inbound.slack(slackHeaders(text, bare.clock.now(), ""), text)).status).toBe(401);
    await bare.alerter.stop();
  });
});

test("the message has the buttons that still make sense", async () => {
  expect(buttonsOf(slack.requests[0]!.body)).toEqual(["acknowledge", "expected", "silence", "open"]);
  await click({ action: "acknowledge" });
  await desk.settle();
  const updates = () => slack.requests.filter((r) => r.path.endsWith("chat.update"));
  expect(buttonsOf(updates().at(-1)!.body)).toEqual(["expected", "silence", "open"]);
  expect(updates().at(-1)!.body).toContain("acknowledged");
  expect(slack.requests.at(-1)!.body).toContain("Acknowledged by ann (Slack)");
  await click({ action: "expected", ts: "1772334730.000100" });
  await desk.settle();
  expect(buttonsOf(updates().at(-1)!.body)).toEqual(["open"]);
  expect((await desk.alerter.get(uid))!).toMatchObject({ status: "resolved", verdict: "expected" });
});

test("two people who click at once are one transition; the second is told", async () => {
  const url = `${slack.url}/actions/T0/1/x`;
  await click({ action: "acknowledge", user: "ann" });
  await click({ action: "acknowledge", user: "bo", responseUrl: url });
  expect(await kinds()).toEqual(["opened", "acknowledged"]);
  expect(slack.requests.at(-1)).toMatchObject({ path: "/actions/T0/1/x" });
  expect(JSON.parse(slack.requests.at(-1)!.body)).toMatchObject({
    response_type: "ephemeral",
    replace_original: false,
  });
});

test("silence holds the key for one hour, once, and the incident's log says who and until when", async () => {
  const url = `${slack.url}/actions/T0/1/x`;
  await click({ action: "silence", responseUrl: url });
  desk.clock.move(1_000);
  await click({ action: "silence", responseUrl: url });
  const silences = await desk.alerter.silences();
  expect(silences).toHaveLength(1);
  expect(silences[0]!).toMatchObject({
    author: "ann (Slack)",
    matchers: ['provider="aws_cloudtrail"', 'key_name="billing-report-bot"'],
  });
  expect(silences[0]!.ends_at - silences[0]!.starts_at).toBe(HOUR);
  expect((await desk.alerter.transitions(uid)).at(-1)).toMatchObject({ kind: "commented", actor: "ann (Slack)" });
  expect(slack.requests.at(-1)!.body).toContain("was so already");
});

test("what only who clicked is to see goes to Slack and nowhere else", async () => {
  await click({ action: "acknowledge" });
  for (const [i, responseUrl] of [
    "http://169.254.169.254/latest",
    "https://hooks.slack.com.evil.example/x",
    "file:///etc/passwd",
  ].entries())
    expect((await click({ action: "acknowledge", responseUrl, ts: `17723347${i}0.1` })).status).toBe(200);
  expect(slack.requests.filter((r) => !r.path.startsWith("/api/"))).toEqual([]);
});

test.each(["nonsense", "open"])("the action %s changes nothing", async (action) => {
  expect((await click({ action })).status).toBe(200);
  expect(await kinds()).toEqual(["opened"]);
});

test("an incident that nobody knows is a sentence for who clicked", async () => {
  const responseUrl = `${slack.url}/actions/x`;
  expect(
    (await click({ action: "acknowledge", uid: "00000000-0000-5000-8000-000000000000", responseUrl })).status,
  ).toBe(200);
  expect(slack.requests.at(-1)!.body).toContain("does not know this incident");
});
