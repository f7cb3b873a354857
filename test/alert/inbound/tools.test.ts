import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Finding } from "../../../schemas/finding.ts";
import { httpReceiver } from "../receivers.ts";
import { DAY, finding, openStore, wipe } from "../support.ts";
import { openDesk, PD_SECRET, pagerdutyEvent, pagerdutySign } from "./parts.ts";

const OTHER_SECRET = "another-webhook-secret-012345";
const GENIE_TOKEN = "opsgenie-webhook-token-0123";
const key = (letter: string) => letter.repeat(32);

let opened: Awaited<ReturnType<typeof openStore>>;
let tools: Awaited<ReturnType<typeof httpReceiver>>[] = [];
let desk: Awaited<ReturnType<typeof openDesk>>;
let uid = "";

beforeAll(async () => {
  opened = await openStore();
});
afterAll(() => opened.close());
beforeEach(async () => {
  await wipe(opened.store);
  tools = await Promise.all([httpReceiver(), httpReceiver(), httpReceiver(), httpReceiver(() => "ok")]);
  return async () => {
    await desk.alerter.stop();
    for (const tool of tools) await tool.stop();
  };
});

async function open(change: Partial<Finding> = {}, second = [OTHER_SECRET]) {
  const [a, b, ops, hook] = tools.map((t) => t.url) as [string, string, string, string];
  desk = await openDesk(opened.store, {
    route: { receiver: "all", group_wait: "0s" },
    receivers: [
      {
        name: "all",
        channels: [
          { kind: "pagerduty", routing_key: key("A"), api_url: a, webhook_secrets: [PD_SECRET] },
          { kind: "pagerduty", routing_key: key("B"), api_url: b, webhook_secrets: second },
          { kind: "opsgenie", api_key: "genie", api_url: ops, webhook_token: GENIE_TOKEN },
          { kind: "slack", webhook_url: `${hook}/services/x` },
        ],
      },
    ],
  });
  uid = (await desk.alerter.apply([finding(change)]))[0]!.incident_uid;
  await desk.settle();
}
const told = (n: number) => tools[n]!.requests.length;
const last = async () => (await desk.alerter.transitions(uid)).at(-1)!;
const pagerduty = (type: string, more: Partial<Parameters<typeof pagerdutyEvent>[0]> = {}, sign = pagerdutySign) => {
  const body = pagerdutyEvent({ type, key: uid, at: desk.clock.now(), ...more });
  return desk.inbound.pagerduty({ "x-pagerduty-signature": sign(body) }, body);
};
const opsgenie = (action: string, more: object = {}, token = GENIE_TOKEN) =>
  desk.inbound.opsgenie(
    { authorization: `Bearer ${token}` },
    JSON.stringify({
      source: { name: "web", type: "web" },
      alert: { alertId: "a1", alias: uid, message: "x", username: "bo@example.com", updatedAt: 1, ...more },
      action,
      integrationName: "keywatch back",
    }),
  );

describe("PagerDuty", () => {
  test.each<[string, (body: string) => string | undefined, number]>([
    ["no signature", () => undefined, 401],
    ["another secret", (body) => pagerdutySign(body, "not the secret of a subscription"), 401],
    ["a signature of another body", (body) => pagerdutySign(`${body} `), 401],
    ["the signature of Slack", (body) => pagerdutySign(body).replace("v1", "v0"), 401],
    ["its own", (body) => pagerdutySign(body), 202],
    ["several while the secret changes, ours the second", (body) => `v1=${"0".repeat(64)},${pagerdutySign(body)}`, 202],
    ["several with a blank between", (body) => `v1=00, ${pagerdutySign(body)}`, 202],
  ])("%s", async (_name, sign, status) => {
    await open();
    const body = pagerdutyEvent({ type: "incident.acknowledged", key: uid, at: desk.clock.now() });
    expect((await desk.inbound.pagerduty({ "x-pagerduty-signature": sign(body) }, body)).status).toBe(status);
    expect((await desk.alerter.get(uid))!.status).toBe(status === 202 ? "acknowledged" : "open");
  });

  test("what is done there is done here, once per event, and everybody else hears it; PagerDuty itself does not", async () => {
    await open();
    const before = [0, 1, 2, 3].map(told);
    for (let i = 0; i < 3; i++) await pagerduty("incident.acknowledged");
    await desk.settle();
    expect(await last()).toMatchObject({ kind: "acknowledged", actor: "Bo Berg (PagerDuty)", n: 2 });
    expect([0, 1, 2, 3].map((n) => told(n) - before[n]!)).toEqual([0, 1, 1, 1]);
    await pagerduty("incident.reassigned", { assignees: [{ id: "P2", type: "user_reference", summary: "Cy Clark" }] });
    expect(await last()).toMatchObject({ kind: "assigned", n: 3 });
    await pagerduty("incident.resolved");
    await desk.settle();
    expect(await last()).toMatchObject({ kind: "resolved", n: 4, note: "resolved in PagerDuty" });
    expect((await desk.alerter.get(uid))!).toMatchObject({ status: "resolved", verdict: null, assignee: "Cy Clark" });
    expect(told(0)).toBe(before[0]);
    await pagerduty("incident.reopened");
    expect((await desk.alerter.get(uid))!.status).toBe("reopened");
  });

  test("what is done here goes there, and its echo changes nothing and comes to rest", async () => {
    await open();
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
    await desk.settle();
    const before = [0, 1, 2, 3].map(told);
    await pagerduty("incident.acknowledged", {
      agent: { id: "I1", type: "events_api_v2_inbound_integration_reference", summary: "keywatch" },
    });
    await pagerduty("incident.acknowledged", { id: "02", agent: null });
    await desk.settle();
    expect([0, 1, 2, 3].map(told)).toEqual(before);
    expect((await desk.alerter.transitions(uid)).length).toBe(2);
  });

  test("the late echo of our own resolve does not close what has been reopened since", async () => {
    await open();
    const by = { incident_uid: uid, actor: "ann", at: desk.clock.now(), note: "", assignee: null };
    await desk.alerter.command({ ...by, id: "1", kind: "resolve", verdict: "benign" });
    await desk.alerter.command({ ...by, id: "2", kind: "reopen", verdict: null });
    await pagerduty("incident.resolved", { agent: { type: "inbound_integration_reference", summary: "keywatch" } });
    expect((await desk.alerter.get(uid))!.status).toBe("reopened");
  });

  test("channels that share a secret cannot be told apart: each hears it again, and it comes to rest", async () => {
    await open({}, [PD_SECRET]);
    const before = [0, 1].map(told);
    await pagerduty("incident.acknowledged");
    await desk.settle();
    expect([0, 1].map((n) => told(n) - before[n]!)).toEqual([1, 1]);
    await pagerduty("incident.acknowledged", { id: "02" });
    await desk.settle();
    expect([0, 1].map((n) => told(n) - before[n]!)).toEqual([1, 1]);
  });

  test("a critical incident is not closed without a verdict; that it was closed there is written down", async () => {
    await open({ severity: "critical" });
    await pagerduty("incident.resolved");
    expect(await last()).toMatchObject({
      kind: "commented",
      note: expect.stringMatching(/^resolved in PagerDuty\. It is critical/) as string,
    });
    expect((await desk.alerter.get(uid))!.status).toBe("open");
  });

  test.each<[string, Partial<Parameters<typeof pagerdutyEvent>[0]>]>([
    ["incident.triggered", {}],
    ["incident.priority_updated", {}],
    ["pagey.ping", {}],
    ["incident.acknowledged", { key: "an-alert-of-somebody-else" }],
    ["incident.acknowledged", { key: "00000000-0000-5000-8000-000000000000" }],
    ["incident.acknowledged", { at: 0 }],
  ])("%s %j is taken and changes nothing", async (type, more) => {
    await open();
    expect(
      (await pagerduty(type, { ...more, ...(more.at === 0 ? { at: desk.clock.now() - 3 * DAY } : {}) })).status,
    ).toBe(202);
    expect((await last()).kind).toBe("opened");
  });

  test.each(["", "[]", '{"event":null}', "{"])("a signed body of %j is no trouble", async (body) => {
    await open();
    expect((await desk.inbound.pagerduty({ "x-pagerduty-signature": pagerdutySign(body) }, body)).status).toBe(202);
  });
});

describe("Opsgenie and Jira Service Management", () => {
  test("acknowledge, owner and close come over, once, and not back", async () => {
    await open();
    const before = [0, 1, 2, 3].map(told);
    for (let i = 0; i < 2; i++) expect((await opsgenie("Acknowledge")).status).toBe(202);
    await desk.settle();
    expect(await last()).toMatchObject({ kind: "acknowledged", actor: "bo@example.com (Opsgenie)", n: 2 });
    expect([0, 1, 2, 3].map((n) => told(n) - before[n]!)).toEqual([1, 1, 0, 1]);
    await opsgenie("AssignOwnership", { owner: "cy@example.com" });
    await opsgenie("Close", { note: "rotated" });
    expect(await last()).toMatchObject({ kind: "resolved", note: "closed in Opsgenie: rotated", n: 4 });
  });

  test.each(["", "opsgenie-webhook-token-012", `${GENIE_TOKEN}4`])("the token %j is refused", async (token) => {
    await open();
    expect((await opsgenie("Acknowledge", {}, token)).status).toBe(401);
    expect((await last()).kind).toBe("opened");
  });

  test.each<[string, object]>([
    ["AddNote", { note: "hello" }],
    ["Create", {}],
    ["Acknowledge", { alias: "somebody else's" }],
  ])("%s %j changes nothing", async (action, more) => {
    await open();
    expect((await opsgenie(action, more)).status).toBe(202);
    expect((await last()).kind).toBe("opened");
  });
});
