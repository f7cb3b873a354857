import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clickBody, links, openDesk, pagerdutyEvent, pagerdutySign, slackHeaders } from "./inbound/parts.ts";
import type { Harness } from "./receivers.ts";
import { finding, openStore } from "./support.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  opened = await openStore();
});
afterAll(() => opened.close());

/** Every channel of the folder at whose other end somebody reads. */
const kinds = readdirSync(new URL("../../alert/channels/", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));
const harnesses: Harness[] = [];
for (const kind of kinds)
  harnesses.push(
    ...((await import(`./channels/${kind}.ts`)) as { default: Harness[] }).default.filter((h) => h.kind !== "console"),
  );

test("what is answered in one place reaches every channel that heard of the incident; PagerDuty is not told what it has told", async () => {
  const receivers = await Promise.all(harnesses.map((h) => h.start()));
  const desk = await openDesk(
    opened.store,
    { alert: { external_url: "https://keywatch.example.com" }, route: { receiver: "all", group_wait: "0s" } },
    {},
    [{ name: "all", channels: receivers.map((r) => r.config) }],
  );
  const [t] = await desk.alerter.apply([finding()]);
  const uid = t!.incident_uid;
  const count = () => receivers.map((r) => r.received().join("\n").length);
  /** Which channels got something by this. */
  const hears = async (what: () => Promise<unknown>) => {
    await desk.settle();
    const before = count();
    await what();
    await desk.settle();
    return harnesses.filter((_, i) => count()[i]! > before[i]!).map((h) => h.name);
  };
  const everybody = harnesses.map((h) => h.name);
  const secretOf = (kind: string, n: number) => receivers.find((r) => r.config.kind === kind)!.secrets[n]!;

  const clicked = await hears(async () => {
    const body = clickBody({ action: "acknowledge", uid });
    expect((await desk.inbound.slack(slackHeaders(body, desk.clock.now(), secretOf("slack", 1)), body)).status).toBe(
      200,
    );
  });
  expect(clicked).toEqual(everybody);

  const pagerduty = await hears(async () => {
    const body = pagerdutyEvent({ type: "incident.resolved", key: uid, at: desk.clock.now() });
    const signature = pagerdutySign(body, secretOf("pagerduty", 1));
    expect((await desk.inbound.pagerduty({ "x-pagerduty-signature": signature }, body)).status).toBe(202);
  });
  expect(pagerduty).toEqual(everybody.filter((name) => name !== "pagerduty"));
  expect((await desk.alerter.get(uid))!.status).toBe("resolved");

  await desk.alerter.command({
    id: "1",
    incident_uid: uid,
    kind: "reopen",
    actor: "ann",
    at: desk.clock.now(),
    note: "",
    assignee: null,
    verdict: null,
  });
  const mailed = await hears(async () => {
    const token = links.sign({
      incident: uid,
      action: "expected",
      to: "oncall@example.com (mail)",
      n: 1,
      expires: desk.clock.now() + 60_000 * 60,
    });
    await desk.inbound.link.act(token, links.confirmation(token));
  });
  expect(mailed).toEqual(everybody);
  expect((await desk.alerter.transitions(uid)).map((x) => `${x.kind} ${x.actor}`)).toEqual([
    "opened keywatch",
    "acknowledged ann (Slack)",
    "resolved Bo Berg (PagerDuty)",
    "reopened ann",
    "resolved oncall@example.com (mail)",
  ]);
  await desk.alerter.stop();
  for (const receiver of receivers) await receiver.stop();
});
