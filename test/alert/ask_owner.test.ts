import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { clickBody, links, openDesk, SIGNING_SECRET, slackHeaders } from "./inbound/parts.ts";
import { headersOf, httpReceiver, smtpReceiver } from "./receivers.ts";
import { DAY, finding, openStore, T0, wipe } from "./support.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
let slack: Awaited<ReturnType<typeof httpReceiver>>;
let crew: Awaited<ReturnType<typeof httpReceiver>>;
let mail: Awaited<ReturnType<typeof smtpReceiver>>;
let desk: Awaited<ReturnType<typeof openDesk>>;
let uid = "";
const OWNERS = { "team-finance": { email: "finance@example.com", slack: "U0FINANCE" } };

beforeAll(async () => {
  opened = await openStore();
});
afterAll(() => opened.close());
beforeEach(async () => {
  await wipe(opened.store);
  slack = await httpReceiver(() => JSON.stringify({ ok: true, channel: "D01", ts: "17.1" }));
  crew = await httpReceiver(() => "ok");
  mail = await smtpReceiver();
  desk = await openDesk(
    opened.store,
    {
      alert: { external_url: "https://keywatch.example.com" },
      route: { receiver: "all", group_wait: "0s" },
      receivers: [
        {
          name: "all",
          channels: [
            { kind: "email", smtp_url: `smtp://127.0.0.1:${mail.port}`, from: "keywatch@example.com", ask_owner: true },
            {
              kind: "slack",
              bot_token: "xoxb-1",
              signing_secret: SIGNING_SECRET,
              api_url: `${slack.url}/api`,
              ask_owner: true,
            },
            { kind: "slack", webhook_url: `${crew.url}/services/x` },
          ],
        },
      ],
    },
    OWNERS,
  );
  return async () => {
    await desk.alerter.stop();
    await Promise.all([slack, crew, mail].map((r) => r.stop()));
  };
});
const open = async (change: Parameters<typeof finding>[0] = {}) => {
  uid = (await desk.alerter.apply([finding(change)]))[0]!.incident_uid;
  await desk.settle();
};
const state = async () => (await desk.alerter.get(uid))!;
const tokens = (n = 0) =>
  [
    ...mail.mails[n]!.replace(/=\r\n/g, "")
      .replaceAll("=3D", "=")
      .matchAll(/answer\?t=([\w.-]+)$/gm),
  ].map((m) => m[1]!);
const answer = (yes: boolean) => {
  const token = tokens().find((t) => links.read(t)!.action === (yes ? "yes" : "no"))!;
  return desk.inbound.link.act(token, links.confirmation(token));
};

test("the question goes to the owner and nobody else, and says what, which key and from where", async () => {
  await open();
  expect(headersOf(mail.mails[0]!).get("to")).toBe("finance@example.com");
  expect(mail.mails[0]!.replace(/=\r\n/g, "")).toContain(
    "Was this you? The key billing-report-bot of team-finance was used from 203.0.113.9 (Example Net, DE).",
  );
  expect(tokens().map((t) => links.read(t)!.action)).toEqual(["yes", "no"]);
  const posted = JSON.parse(slack.requests[0]!.body) as { channel: string; blocks: object[] };
  expect(posted.channel).toBe("U0FINANCE");
  expect(JSON.stringify(posted.blocks)).toMatch(/Was this you\?.*keywatch_yes.*keywatch_no/);
  expect(JSON.stringify(posted.blocks)).not.toMatch(/keywatch_(acknowledge|expected|silence)/);
});

test.each([
  [true, "expected"],
  [false, "true_positive"],
] as const)(
  "yes %s is a suggested verdict: written down, told to all, and nothing is resolved by it",
  async (yes, verdict) => {
    await open();
    const told = crew.requests.length;
    expect(await answer(yes)).toMatchObject({ kind: "done" });
    await desk.settle();
    const { status, verdict: given, suggested, finding_uids } = await state();
    expect([status, given]).toEqual(["open", null]);
    expect(suggested).toMatchObject({ verdict, by: "finance@example.com (mail)", finding_uids });
    expect((await desk.alerter.transitions(uid)).at(-1)).toMatchObject({ kind: "suggested", n: 2 });
    expect(crew.requests).toHaveLength(told + 1);
    expect(crew.requests.at(-1)!.body).toContain(
      `Suggested as ${verdict.replace("_", " ")} by finance@example.com (mail)`,
    );
    // Who has answered is not asked again.
    expect(tokens(1)).toEqual([]);
    expect(slack.requests.at(-2)!.body).not.toContain("keywatch_yes");
  },
);

test("the answer is about what the question showed: what was found after it is no part of it", async () => {
  await open();
  const asked = (await state()).finding_uids;
  await desk.alerter.apply([
    finding({ dimension: "203.0.113.77", first_seen: T0 + 1_000, bucket: T0 - (T0 % DAY), severity: "high" }),
  ]);
  expect((await state()).finding_uids).toHaveLength(2);
  await answer(true);
  expect((await state()).suggested!.finding_uids).toEqual(asked);
});

test("it stays through what happens later, and the owner may think again", async () => {
  await open();
  await answer(true);
  expect(await answer(true)).toMatchObject({ kind: "same" });
  await desk.alerter.command({
    id: "1",
    incident_uid: uid,
    kind: "acknowledge",
    actor: "ann",
    at: desk.clock.now(),
    note: "",
    assignee: null,
    verdict: null,
  });
  expect((await state()).suggested).toMatchObject({ verdict: "expected" });
  const body = clickBody({ action: "no", uid, n: 1, user: "fin" });
  expect((await desk.inbound.slack(slackHeaders(body, desk.clock.now()), body)).status).toBe(200);
  expect((await state()).suggested).toMatchObject({ verdict: "true_positive", by: "fin (Slack)" });
  expect((await desk.alerter.transitions(uid)).map((t) => t.kind)).toEqual([
    "opened",
    "suggested",
    "acknowledged",
    "suggested",
  ]);
});

test.each<[string, object, string]>([
  ["a key without an owner", { owner: null }, "no owner in the inventory"],
  ["an owner without an address", { owner: "team-x" }, 'no owners["team-x"]'],
])("%s: nobody is asked, and the delivery log says what is missing", async (_name, change, why) => {
  await open(change);
  expect([mail.mails, slack.requests]).toEqual([[], []]);
  const rows = await opened.store.rows("SELECT outcome, error FROM deliveries WHERE outcome != 'ok'");
  expect(rows).toHaveLength(2);
  for (const row of rows) expect(row).toMatchObject({ outcome: "fail", error: expect.stringContaining(why) as string });
});
