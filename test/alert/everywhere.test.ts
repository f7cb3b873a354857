import { afterAll, beforeAll, expect, test } from "vitest";
import { createAlerter } from "../../alert/alerter.ts";
import { headersOf, httpReceiver, smtpReceiver } from "./receivers.ts";
import { configOf, fakeClock, finding, MINUTE, openStore } from "./support.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  opened = await openStore();
});
afterAll(() => opened.close());

const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;

test("the life of an incident reaches every channel as one message a transition, though each refuses at first", async () => {
  let ts = 0;
  const bot = await httpReceiver(() => JSON.stringify({ ok: true, channel: "C01", ts: `17.${ts++}` }));
  const hook = await httpReceiver(() => "ok");
  const web = await httpReceiver();
  const mail = await smtpReceiver();
  const console: string[] = [];
  const clock = fakeClock();
  const alerter = await createAlerter({
    store: opened.store,
    now: clock.now,
    random: () => 0,
    output: { write: (text) => void console.push(text), colour: false },
    config: configOf({
      alert: { external_url: "https://keywatch.example.com" },
      route: { receiver: "all", group_wait: "5s" },
      receivers: [
        {
          name: "all",
          channels: [
            { kind: "console" },
            { kind: "slack", bot_token: "xoxb-1", channel: "C01", api_url: `${bot.url}/api` },
            { kind: "slack", webhook_url: `${hook.url}/services/T/B/x` },
            {
              kind: "email",
              smtp_url: `smtp://127.0.0.1:${mail.port}`,
              from: "alerts@example.com",
              to: ["user@example.com"],
            },
            { kind: "webhook", url: web.url, secrets: [secret], allow_private_addresses: true },
          ],
        },
      ],
    }),
  });
  const settle = async () => {
    for (let i = 0; i < 8; i++) {
      clock.move(MINUTE);
      await alerter.tick();
    }
    await alerter.idle();
  };
  for (const r of [bot, hook, web]) r.script("rate_limited", "server_error");
  mail.script("server_error", "server_error");
  const [t] = await alerter.apply([finding()]);
  await settle();
  await alerter.apply([finding({ dimension: "b", severity: "high", title: "Write call on a read-only key" })]);
  await settle();
  const command = { incident_uid: t!.incident_uid, actor: "ann", at: clock.now(), assignee: null };
  await alerter.command({ ...command, id: "1", kind: "acknowledge", note: "on it", verdict: null });
  await alerter.command({ ...command, id: "2", kind: "resolve", note: "key rotated", verdict: "true_positive" });
  await settle();

  const accepted = (requests: typeof web.requests) => requests.slice(2);
  expect(accepted(web.requests).map((r) => (JSON.parse(r.body) as { type: string }).type)).toEqual([
    "incident.triggered",
    "incident.updated",
    "incident.acknowledged",
    "incident.resolved",
  ]);
  expect(accepted(bot.requests).map((r) => r.path)).toEqual([
    "/api/chat.postMessage",
    ...Array.from({ length: 3 }, () => ["/api/chat.update", "/api/chat.postMessage"]).flat(),
  ]);
  expect(
    new Set(
      accepted(bot.requests)
        .slice(1)
        .map((r) => {
          const body = JSON.parse(r.body) as { ts?: string; thread_ts?: string };
          return body.ts ?? body.thread_ts;
        }),
    ),
  ).toEqual(new Set(["17.0"]));
  expect(accepted(hook.requests)).toHaveLength(4);
  expect(mail.mails.map((m) => headersOf(m).get("in-reply-to") !== undefined)).toEqual([false, true, true, true]);
  expect(new Set(mail.mails.map((m) => headersOf(m).get("subject"))).size).toBe(1);
  expect(console).toHaveLength(4);
  expect(console[0]).toContain("https://keywatch.example.com/incidents/");
  expect(console[1]).toMatch(
    /^\[HIGH\] {2}INC-[0-9a-f]{8} {2}[^:]+: Escalated: medium -> high: Write call on a read-only key/,
  );
  expect(console[2]).toContain("Acknowledged by ann: on it");
  expect(console[3]).toContain("Resolved as true positive by ann: key rotated");
  expect(await opened.store.rows("SELECT status, count() AS n FROM outbox GROUP BY status")).toEqual([
    { status: "delivered", n: 20 },
  ]);

  await alerter.stop();
  for (const server of [bot, hook, web, mail]) await server.stop();
});

test("a store whose schema was never made says so at start", async () => {
  const rejected = createAlerter({
    store: Object.assign(Object.create(opened.store) as typeof opened.store, {
      ask: () => Promise.reject(new Error("Unknown table expression identifier 'outbox'")),
    }),
    now: Date.now,
    config: configOf({}),
  });
  await expect(rejected).rejects.toThrow("Unknown table");
});

test("an smtp_url that cannot be read is refused without its password", async () => {
  const channels = [
    { kind: "email" as const, smtp_url: "smtp://user:pass%word@[bad", from: "a@example.com", to: ["user@example.com"] },
  ];
  const config = configOf({ receivers: [{ name: "mail", channels }] });
  const rejected = createAlerter({ store: opened.store, now: Date.now, config });
  await expect(rejected).rejects.toThrow(/smtp_url of an email channel cannot be read/);
  await rejected.catch((error: Error) => expect(`${error.stack}${JSON.stringify(error)}`).not.toContain("pass%word"));
});
