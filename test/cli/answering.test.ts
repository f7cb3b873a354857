import { afterAll, beforeAll, expect, test } from "vitest";
import { createInbound } from "../../alert/inbound/inbound.ts";
import { inboundOf, ownersIn } from "../../cli/answering.ts";
import type { App } from "../../cli/app.ts";
import { addInventory } from "../../cli/inventory_store.ts";
import { createRemoteAlerter } from "../../cli/roles/remote_alerter.ts";
import { config } from "../../schemas/config.ts";
import { command } from "../../schemas/incident.ts";
import { silenceCommand } from "../../schemas/silence.ts";
import { clickBody, SIGNING_SECRET, slackHeaders } from "../alert/inbound/parts.ts";
import { finding } from "../alert/support.ts";
import { openTestApp, tempFolder } from "../support.ts";

let app: App;
beforeAll(async () => {
  app = await openTestApp(tempFolder(), {
    receivers: [
      { name: "r", channels: [{ kind: "slack", webhook_url: "http://127.0.0.1:9/x", signing_secret: SIGNING_SECRET }] },
    ],
    route: { receiver: "r", group_wait: "9000d" },
  });
});
afterAll(() => app.close());

test("owners are asked where the newest inventory says", async () => {
  const owners = ownersIn(app.store);
  expect(await owners("team-finance")).toBeNull();
  const add = (document: object, at: number) => addInventory(app.store, document, at, app.parts.fingerprint);
  await add({ owners: { "team-finance": { email: "old@example.com" } } }, 1);
  await add({ owners: { "team-finance": { email: "finance@example.com", slack: "U0FIN" }, quiet: {} } }, 2);
  expect(await owners("team-finance")).toEqual({ email: "finance@example.com", slack: "U0FIN" });
  expect(await owners("quiet")).toEqual({ email: null, slack: null });
  expect(await owners("__proto__")).toBeNull();
});

test("in a process that does not alert, answers travel by the commands topic, each once", async () => {
  const topic: string[] = [];
  const remote = createRemoteAlerter({
    store: app.store,
    topic: "keywatch.commands",
    now: Date.now,
    // The process with the role alert, at the other end of the topic.
    async send(messages) {
      for (const { value } of messages) {
        const order: unknown = JSON.parse(String(value));
        topic.push((order as { kind: string }).kind);
        const silence = silenceCommand.safeParse(order);
        if (silence.success) await app.alerter.silence(silence.data);
        else await app.alerter.command(command.parse(order));
      }
    },
  });
  const uid = (await app.alerter.apply([finding()]))[0]!.incident_uid;
  const inbound = createInbound({
    receivers: () => app.config.receivers,
    desk: remote,
    links: app.links,
    now: Date.now,
    log: () => undefined,
  });
  const click = async (action: string, ts: string) => {
    const body = clickBody({ action, uid, ts });
    return (await inbound.slack(slackHeaders(body, Date.now()), body)).status;
  };
  for (const [i, action] of ["no", "acknowledge", "acknowledge", "silence", "expected"].entries())
    expect(await click(action, `17723347${i}0.1`)).toBe(200);
  expect(topic).toEqual(["suggest", "acknowledge", "silence_add", "comment", "resolve"]);
  expect((await app.alerter.get(uid))!).toMatchObject({
    status: "resolved",
    verdict: "expected",
    suggested: { verdict: "true_positive" },
  });
});

test("a reload changes whose signature is believed, without a restart", async () => {
  const inbound = inboundOf(app);
  const body = clickBody({ action: "open", uid: "00000000-0000-5000-8000-000000000000" });
  const other = "another signing secret";
  expect((await inbound.slack(slackHeaders(body, Date.now(), other), body)).status).toBe(401);
  const [receiver] = app.config.receivers;
  const [channel] = receiver!.channels;
  app.config.receivers = [
    { ...receiver!, channels: [{ ...channel!, signing_secret: other } as typeof channel & object] },
  ];
  expect((await inbound.slack(slackHeaders(body, Date.now(), other), body)).status).toBe(200);
  expect((await inbound.slack(slackHeaders(body, Date.now() + 1_000), body)).status).toBe(401);
});

test.each([
  [{ kind: "email", smtp_url: "smtp://m", from: "a@example.com", ask_owner: true }, "alert.external_url is needed"],
  [{ kind: "email", smtp_url: "smtp://m", from: "a@example.com" }, "needs to, or ask_owner"],
  [{ kind: "slack", bot_token: "x", ask_owner: true }, "signing_secret, to believe the answer"],
  [{ kind: "pagerduty", routing_key: "R".repeat(32), webhook_secrets: ["short"] }, "secret of a webhook subscription"],
  [{ kind: "console", template: { title: "{kee}" } }, "did you mean {key}?"],
])("%j is a fault of the config: %s", (channel, fault) => {
  const parsed = config.safeParse({ receivers: [{ name: "r", channels: [channel] }] });
  expect(JSON.stringify(parsed.error?.issues)).toContain(fault);
});
