import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAlerter } from "../../alert/alerter.ts";
import { tempFolder } from "../support.ts";
import { httpReceiver } from "./receivers.ts";
import { configOf, fakeClock, finding, MINUTE, openStore } from "./support.ts";
import { syslogReceiver } from "./syslog_receiver.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  opened = await openStore();
});
afterAll(() => opened.close());

type Json = Record<string, unknown> & { labels: Record<string, string>; finding_info: { uid: string } };
const parse = (text: string) => JSON.parse(text) as Json;

test("the life of an incident reaches the tools too, each transition once, though each refuses at first", async () => {
  const [pager, ops, teams, prom] = await Promise.all([httpReceiver(), httpReceiver(), httpReceiver(), httpReceiver()]);
  const syslog = await syslogReceiver();
  const path = join(tempFolder(), "incidents.ndjson");
  const clock = fakeClock();
  const alerter = await createAlerter({
    store: opened.store,
    now: clock.now,
    random: () => 0,
    config: configOf({
      route: { receiver: "all", group_wait: "5s" },
      receivers: [
        {
          name: "all",
          channels: [
            { kind: "pagerduty", routing_key: "R0123456789ABCDEFGHIJKLMNOPQRSTU", api_url: pager.url },
            { kind: "opsgenie", api_key: "genie-key", api_url: ops.url },
            { kind: "teams", webhook_url: `${teams.url}/workflows/x` },
            { kind: "alertmanager", urls: [prom.url] },
            { kind: "syslog", address: `tcp://127.0.0.1:${syslog.port}` },
            { kind: "file", path, format: "ocsf" },
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
  const refused = ["rate_limited", "server_error"] as const;
  for (const r of [pager, ops, teams, prom]) r.script(...refused);
  syslog.script("drop", "drop");
  const [t] = await alerter.apply([finding()]);
  await settle();
  await alerter.apply([finding({ dimension: "b", severity: "high", title: "Write call on a read-only key" })]);
  await settle();
  const command = { incident_uid: t!.incident_uid, actor: "ann", assignee: null };
  const at = clock.now();
  await alerter.command({ ...command, at, id: "1", kind: "acknowledge", note: "on it", verdict: null });
  await settle();
  await alerter.command({ ...command, at, id: "2", kind: "resolve", note: "rotated", verdict: "true_positive" });
  await settle();
  await alerter.command({ ...command, at, id: "3", kind: "reopen", note: "it is back", verdict: null });
  await settle();
  await alerter.stop();
  await Promise.all([pager, ops, teams, prom, syslog].map((r) => r.stop()));

  const accepted = ({ requests }: typeof pager) => requests.slice(refused.length);
  const uid = t!.incident_uid;
  expect(accepted(pager).map((r) => [parse(r.body).event_action, parse(r.body).dedup_key])).toEqual(
    ["trigger", "trigger", "acknowledge", "resolve", "trigger"].map((action) => [action, uid]),
  );
  const own = (action: string) => `/v2/alerts/${uid}/${action}?identifierType=alias`;
  expect(accepted(ops).map((r) => r.path)).toEqual([
    ...["/v2/alerts", own("notes"), own("acknowledge"), own("close"), "/v2/alerts"],
  ]);
  expect(accepted(teams)).toHaveLength(5);
  const firing = accepted(prom).map((r) =>
    (JSON.parse(r.body) as (Json & { endsAt: string })[])
      .filter((a) => Date.parse(a.endsAt) > clock.now())
      .map((a) => a.labels.severity),
  );
  expect(firing).toEqual([["medium"], ["high"], ["high"], [], ["high"]]);
  const activities = [1, 2, 2, 3, 1];
  const written = readFileSync(path, "utf8").trimEnd().split("\n").map(parse);
  const logged = syslog.lines.map((line) => parse(line.slice(line.indexOf("{"))));
  for (const documents of [written, logged]) {
    expect(documents.map((d) => d.activity_id)).toEqual(activities);
    expect(new Set(documents.map((d) => d.finding_info.uid))).toEqual(new Set([uid]));
  }
});
