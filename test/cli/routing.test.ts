import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { storeCommands } from "../../cli/commands/store_commands.ts";
import { askRunning, listenForCommands } from "../../cli/socket.ts";
import { httpReceiver } from "../alert/receivers.ts";
import { finding } from "../alert/support.ts";
import { keywatch, openTestApp, quietOut, tempFolder } from "../support.ts";

const folder = tempFolder();
const socket = join(folder, "keywatch.sock");
const secret = `whsec_${Buffer.from("test-signing-key-that-is-long-enough").toString("base64")}`;
let app: App;
let server: Awaited<ReturnType<typeof listenForCommands>>;
let hook: Awaited<ReturnType<typeof httpReceiver>>;

beforeAll(async () => {
  hook = await httpReceiver();
  app = await openTestApp(folder, {
    receivers: [
      {
        name: "tool",
        channels: [{ kind: "webhook", url: hook.url, secrets: [secret], allow_private_addresses: true }],
      },
      { name: "chat", channels: [{ kind: "slack", webhook_url: hook.url }] },
      { name: "lead", channels: [] },
    ],
    time_intervals: [{ name: "always", time_intervals: [{}] }],
    inhibit_rules: [{ source_matchers: ["severity=critical"], target_matchers: ["severity=high"], equal: ["owner"] }],
    route: {
      receiver: "tool",
      group_wait: "0s",
      routes: [
        {
          matchers: ["owner=team-a"],
          receiver: "chat",
          group_by: ["owner"],
          group_wait: "1m",
          escalation: [{ after: "15m", receiver: "lead" }],
          mute_time_intervals: ["always"],
        },
      ],
    },
  });
  server = await listenForCommands(app, socket, storeCommands);
});
afterAll(async () => {
  server.close();
  await app.close();
  await hook.stop();
});

/** Asks the running process as the command line does. */
async function ask(command: string, args: object = {}) {
  const out = quietOut();
  const code = await askRunning(socket, { command, args: { ...args }, actor: "ann" }, out, null);
  return { code, ...out, text: out.lines.join("\n") };
}
const now = () => ({ first_seen: Date.now(), last_seen: Date.now() });

describe("keywatch routes explain", () => {
  test("tells receivers, timing, escalation and what would hold it, in words", async () => {
    await ask("silence add", { matchers: ["provider=stripe"], for: "1h", reason: "rotation" });
    const { code, text } = await ask("routes explain", {
      labels: ["owner=team-a", "severity=high", "provider=stripe"],
    });
    expect(code).toBe(0);
    for (const part of [
      "-> chat (slack, 20 a day), by route.routes[0]",
      "first after 60 s; again every 4 h until somebody acknowledges",
      "together with others of the same owner; what comes later 5 min after the last message",
      "not acknowledged within 15 min: lead hears of it",
      "held now: muted during always",
      'would be inhibited by a living source: {severity="critical"} inhibits {severity="high"} with equal owner',
      'route.routes[0] {owner="team-a"} -> chat',
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/held by SIL-[0-9a-f]{8} until .* UTC, ann: rotation/);
  });

  test("as JSON for machines, and with the labels of an incident that there is", async () => {
    const [source] = await app.alerter.apply([
      finding({ ...now(), subject_uid: "crit", severity: "critical", owner: "team-x" }),
    ]);
    const label = `INC-${source!.incident_uid.slice(0, 8)}`;
    const told = await ask("routes explain", { labels: ["owner=team-x", "severity=high"], json: true });
    expect(JSON.parse(told.text)).toMatchObject({
      routes: [
        { receiver: "tool", path: "route", group_by: null, muted: null, channels: [{ kind: "webhook", budget: null }] },
      ],
      inhibited_by: [{ incident: source!.incident_uid, rule: 0 }],
    });
    const same = JSON.parse((await ask("routes explain", { labels: [`incident=${label}`], json: true })).text);
    expect(same).toMatchObject({
      labels: { owner: "team-x", severity: "critical", incident: label },
      inhibited_by: [],
    });
  });

  test("a label that no incident has is wrong usage", async () => {
    const said = await ask("routes explain", { labels: ["team=a"] });
    expect([said.code, said.notes.join()]).toEqual([2, expect.stringContaining("severity, provider")]);
  });
});

describe("keywatch deliveries", () => {
  test("a failed message is listed with its reason, and sent again with the id it had", async () => {
    hook.script("rejected");
    const before = hook.requests.length;
    await app.alerter.apply([finding({ ...now(), subject_uid: "fails", owner: "team-y" })]);
    await app.alerter.tick();
    await app.alerter.idle();
    const listed = await ask("deliveries list");
    expect(listed.text).toMatch(/msg_[0-9a-f]{8}.*tool.*0:webhook.*INC-[0-9a-f]{8}.*failed.*rejected/);
    const [line] = (await ask("deliveries list", { json: true })).lines;
    const { message_id, incidents } = JSON.parse(line!);
    const show = await ask("incidents show", { id: incidents[0] });
    expect(show.code).toBe(0);
    expect((await ask("deliveries replay", { id: message_id.slice(0, 10), alone: true })).text).toBe(
      "1 message goes out again.",
    );
    await app.alerter.idle();
    const sent = hook.requests.slice(before).filter((r) => r.headers["webhook-id"] === message_id);
    expect(sent).toHaveLength(2);
    expect(sent[1]!.body).toBe(sent[0]!.body);
    expect((await ask("deliveries list")).text).toBe("No failed deliveries.");
    expect((await ask("deliveries list", { status: "delivered" })).text).toContain(message_id.slice(0, 12));
    expect((await ask("deliveries replay", {})).notes.join()).toBe("No failed deliveries.");
  });
});

describe("keywatch incidents show", () => {
  test("says why somebody was not told", async () => {
    const [t] = await app.alerter.apply([finding({ ...now(), subject_uid: "s", owner: "team-z", provider: "stripe" })]);
    await app.alerter.tick();
    const { text } = await ask("incidents show", { id: t!.incident_uid });
    expect(text).toMatch(
      /Why not everybody was told at once\n.*tool {2}silenced: SIL-[0-9a-f]{8} by ann until .*: rotation/,
    );
    const [line] = (await ask("incidents show", { id: t!.incident_uid, json: true })).lines;
    expect(JSON.parse(line!)).toMatchObject({ holds: [{ kind: "silenced", receiver: "tool" }] });
  });
});

test("help of these commands shows an example", async () => {
  for (const words of [
    ["routes", "explain"],
    ["deliveries", "list"],
    ["deliveries", "replay"],
  ]) {
    const { code, stdout } = await keywatch([...words, "--help"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`Example:\n  keywatch ${words.join(" ")}`)]);
  }
}, 120_000);
