import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../cli/load_config.ts";
import type { ConfigFault } from "../../schemas/faults.ts";
import { cloudTrail } from "../records.ts";
import { keywatch, tempFolder, until } from "../support.ts";
import { clickBody, slackHeaders } from "./inbound/parts.ts";
import type { Harness, Receiver } from "./receivers.ts";

/** asWritten is a config as people write it: durations in words. */
const asWritten = (channel: object): object =>
  Object.fromEntries(
    Object.entries(channel).map(([k, v]) => [
      k,
      k === "timeout" || k === "firing_for" ? `${String(v)}ms` : (v as unknown),
    ]),
  );

/** Every channel of the folder with the secrets that its own harness names: a new one is held to this without a line here. */
const kinds = readdirSync(new URL("../../alert/channels/", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));
const harnesses: Harness[] = [];
for (const kind of kinds)
  harnesses.push(...((await import(`./channels/${kind}.ts`)) as { default: Harness[] }).default);

const folder = tempFolder();
const file = join(folder, "keywatch.yaml");
const base = `http://127.0.0.1:${20_000 + ((process.pid + 7) % 20_000)}`;
const heard: [where: string, text: string][] = [];
let receivers: Receiver[] = [];

const spellings = (secret: string): string[] => [
  ...new Set([
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64"),
  ]),
];
const leaks = (): string[] =>
  receivers.flatMap((receiver) =>
    receiver.secrets.flatMap((secret) =>
      heard
        .filter(([, text]) => spellings(secret).some((s) => text.includes(s)))
        .map(([where]) => `${receiver.config.kind}: ${secret} in ${where}`),
    ),
  );
const run = async (where: string, args: string[]) => {
  const { code, stdout, stderr } = await keywatch(["--config", file, ...args], { env: { KEYWATCH_LOG: "trace" } });
  heard.push([where, `${stdout}${stderr}`]);
  return { code, text: `${stdout}${stderr}` };
};

beforeAll(async () => {
  receivers = await Promise.all(harnesses.map((h) => h.start()));
  const config = {
    store: { path: join(folder, "data") },
    http: { listen: base.slice("http://".length) },
    alert: { external_url: "https://keywatch.example.com" },
    route: { receiver: "all", group_wait: "0s" },
    receivers: [{ name: "all", channels: receivers.map((r) => asWritten(r.config)) }],
  };
  writeFileSync(file, JSON.stringify(config));
}, 60_000);
afterAll(() => Promise.all(receivers.map((r) => r.stop())));

test("the harnesses name secrets of every channel that has any", () => {
  const without = receivers.filter((r) => r.secrets.length === 0).map((r) => r.config.kind);
  expect([...new Set(without)].sort()).toEqual(["console", "file", "syslog"]);
  // And would be found, however they are written.
  const [secret] = receivers.find((r) => r.config.kind === "email")!.secrets as [string];
  heard.push(["nowhere", encodeURIComponent(secret)]);
  const found = leaks();
  heard.pop();
  expect(found.length).toBeGreaterThan(0);
  expect(found.every((leak) => /^email: .* in nowhere$/.test(leak))).toBe(true);
});

test("check, channels test and a serve whose messages are refused tell no secret: not in output, log, answers or store", async () => {
  expect((await run("check", ["check"])).code).toBe(0);
  for (const receiver of receivers) receiver.script("auth", "rejected", "server_error", "rejected");
  expect((await run("channels test", ["channels", "test", "all"])).code).toBe(1);

  for (const receiver of receivers) receiver.script("auth", "rejected", "rate_limited", "server_error");
  let said = "";
  const serving = keywatch(["--config", file, "serve"], {
    env: { KEYWATCH_LOG: "trace" },
    onOutput: (text) => {
      said = text;
    },
  });
  await until("the address", () => said.includes("is at http"), 60_000);
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(base + path, init);
    const text = await answer.text();
    heard.push([path, `${JSON.stringify([...answer.headers])}${text}`]);
    return text;
  };
  const record = cloudTrail({ requestParameters: { note: "token ghp_0123456789abcdefghijABCDEFGHIJ012345 in a log" } });
  await ask("/v1/ingest/aws_cloudtrail", { method: "POST", body: JSON.stringify({ Records: [record] }) });
  await until("refused messages", () => said.split("was not delivered").length > 5, 60_000);
  for (const path of [
    "/v1/status",
    "/v1/incidents",
    "/metrics",
    "/readyz",
    "/",
    "/v1/sources",
    "/v1/openapi.json",
    "/openapi.json",
  ])
    await ask(path);
  // Whoever guesses hears nothing of what would have been right.
  const click = clickBody({ action: "acknowledge", uid: "00000000-0000-5000-8000-000000000000" });
  await ask("/v1/slack/interactions", {
    method: "POST",
    body: click,
    headers: slackHeaders(click, Date.now(), "a wrong signing secret"),
  });
  await ask("/v1/pagerduty/webhook", { method: "POST", body: "{}", headers: { "x-pagerduty-signature": "v1=00" } });
  await ask("/v1/opsgenie/webhook", { method: "POST", body: "{}", headers: { authorization: "Bearer guess" } });
  await run("incidents list", ["incidents", "list", "--json"]);
  await run("doctor", ["doctor"]);
  serving.child.kill("SIGTERM");
  const { stdout, stderr } = await serving;
  heard.push(["serve", stdout], ["the log", stderr]);
  for (const table of ["transitions", "incidents", "deliveries", "messages"]) {
    const { code, text } = await run(`table ${table}`, ["sql", `select * from ${table} final`, "--format", "json"]);
    expect([table, code, text.length > 100]).toEqual([table, 0, true]);
  }
  expect(stderr).toContain("was not delivered");
  expect(leaks()).toEqual([]);
}, 240_000);

describe("a config with a fault", () => {
  const texts = (value: unknown): string[] =>
    typeof value === "string"
      ? [value]
      : value !== null && typeof value === "object"
        ? Object.values(value).flatMap(texts)
        : [];
  /** faultsOf a channel in which every text was changed so that it is likely to be wrong, one text at a time. */
  const broken = (channel: object): [string, object][] =>
    texts(channel).map((text) => {
      const odd = `${text} \u0000`;
      return [odd, JSON.parse(JSON.stringify(channel).replace(JSON.stringify(text), JSON.stringify(odd))) as object];
    });

  test("names the place and what is wanted, and never what stood there", () => {
    mkdirSync(join(folder, "odd"), { recursive: true });
    let faults = 0;
    for (const receiver of receivers) {
      for (const [, channel] of broken(asWritten(receiver.config))) {
        const path = join(folder, "odd", "keywatch.yaml");
        writeFileSync(path, JSON.stringify({ receivers: [{ name: "all", channels: [channel] }] }));
        try {
          loadConfig(path, {});
        } catch (error) {
          faults++;
          const told = `${(error as ConfigFault).message}${(error as Error).stack}`;
          for (const secret of receiver.secrets) expect(told).not.toContain(secret);
        }
      }
    }
    expect(faults).toBeGreaterThan(10);
  });
});
