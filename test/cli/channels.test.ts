import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { channelsTest } from "../../cli/commands/channels.ts";
import { loadConfig } from "../../cli/load_config.ts";
import { httpReceiver } from "../alert/receivers.ts";
import { loadedFor, quietOut, tempFolder } from "../support.ts";

const routingKey = "R0123456789ABCDEFGHIJKLMNOPQRSTU";
const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
let server: Awaited<ReturnType<typeof httpReceiver>>;
beforeEach(async () => {
  server = await httpReceiver();
});
afterEach(() => server.stop());

const run = async (channels: object[], name = "on-call") => {
  const out = quietOut();
  const loaded = loadedFor(tempFolder(), { receivers: [{ name: "on-call", channels: channels as never }] });
  return { code: await channelsTest(loaded, name, out, Date.now), out };
};
const pagerduty = () => ({ kind: "pagerduty", routing_key: routingKey, api_url: server.url });

test("every channel of the receiver gets a test and its end, so that nothing stays open", async () => {
  const webhook = { kind: "webhook", url: server.url, secrets: [secret], allow_private_addresses: true };
  const { code, out } = await run([pagerduty(), webhook]);
  expect(code).toBe(0);
  expect(out.lines.map((line) => line.replace(/[\d,]+ ms/, "n ms"))).toEqual([
    "pagerduty  opened  delivered in n ms",
    "pagerduty  resolved  delivered in n ms",
    "webhook  opened  delivered in n ms",
    "webhook  resolved  delivered in n ms",
  ]);
  const bodies = server.requests.map((r) => JSON.parse(r.body) as Record<string, unknown>);
  expect(bodies.slice(0, 2).map((b) => b.event_action)).toEqual(["trigger", "resolve"]);
  expect(new Set(bodies.slice(0, 2).map((b) => b.dedup_key)).size).toBe(1);
  expect(bodies.slice(2).map((b) => b.type)).toEqual(["test.ping", "test.ping"]);
});

test("what the receiver answered is told, without the secret, and the exit code is 1", async () => {
  server.script("auth");
  const { code, out } = await run([pagerduty()]);
  expect(code).toBe(1);
  expect(out.lines.join("\n")).toMatch(
    /^pagerduty {2}opened {2}failed after .* \(auth\): .*refused the credentials \(401\)\.$/,
  );
  expect(out.lines.join("\n")).not.toContain(routingKey);
});

test("a receiver that nobody has is a fault that names those there are", async () => {
  await expect(run([pagerduty()], "oncall")).rejects.toThrow("There is no receiver oncall; there are on-call.");
});

test("secrets of every channel come from the environment or a file, and a path counts from the config", async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "secrets"));
  writeFileSync(join(folder, "secrets", "key"), "genie-from-file\n");
  writeFileSync(
    join(folder, "keywatch.yaml"),
    `receivers:
  - name: all
    channels:
      - { kind: pagerduty, routing_key: "\${PD_KEY}" }
      - { kind: opsgenie, api_key: "file:secrets/key" }
      - { kind: teams, webhook_url: "\${TEAMS_URL}" }
      - { kind: alertmanager, urls: ["http://192.0.2.1:9093"], bearer_token: "\${AM_TOKEN}" }
      - { kind: syslog, address: "tcp://192.0.2.1" }
      - { kind: file, path: out/incidents.ndjson, format: ecs }
      - { kind: file, path: "-" }
`,
  );
  const env = { PD_KEY: routingKey, TEAMS_URL: "https://example.com/workflows/1", AM_TOKEN: "token" };
  const [receiver] = loadConfig(join(folder, "keywatch.yaml"), env).config.receivers;
  expect(receiver!.channels).toMatchObject([
    ...[{ routing_key: routingKey }, { api_key: "genie-from-file" }, { webhook_url: env.TEAMS_URL }],
    ...[{ bearer_token: "token" }, { facility: "local0", max_bytes: 8_000 }],
    ...[{ path: join(folder, "out/incidents.ndjson") }, { path: "-" }],
  ]);
  expect(() => loadConfig(join(folder, "keywatch.yaml"), {})).toThrow(/PD_KEY[\s\S]*TEAMS_URL[\s\S]*AM_TOKEN/);
});
