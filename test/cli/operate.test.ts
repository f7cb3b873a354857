import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpReceiver } from "../alert/receivers.ts";
import { mmdbFile } from "../ingest/mmdb_file.ts";
import { cloudTrail } from "../records.ts";
import { keywatch, type Ran, tempFolder, until } from "../support.ts";

const folder = tempFolder();
const data = join(folder, "data");
const file = join(folder, "keywatch.yaml");
const port = 20_000 + (process.pid % 20_000);
const base = `http://127.0.0.1:${port}`;
const secret = `whsec_${Buffer.from("test-signing-key-that-is-long-enough").toString("base64")}`;
let first: Awaited<ReturnType<typeof httpReceiver>>;
let second: Awaited<ReturnType<typeof httpReceiver>>;
let serving: ReturnType<typeof keywatch>;
let said = "";

const settings = (url: string, more: object = {}) =>
  JSON.stringify({
    store: { path: data },
    http: { listen: `127.0.0.1:${port}` },
    inventory: "keys.yaml",
    route: { receiver: "hook", group_wait: "0s" },
    receivers: [
      { name: "hook", channels: [{ kind: "webhook", url, secrets: [secret], allow_private_addresses: true }] },
    ],
    ...more,
  });
const inventory = (name: string, key: string) =>
  JSON.stringify({ keys: [{ name, provider: "aws_cloudtrail", id: key, owner: "team-a", access: "read" }] });
const keyOf = (n: number) => `AKIAEXAMPLEKEYABCDE${n + 2}`;
/** A write of the key; its time, in whole seconds, is after any inventory that was declared before. */
const write = (n: number) =>
  cloudTrail({
    eventTime: new Date(Date.now() + 1000).toISOString().replace(/\.\d+Z$/, "Z"),
    eventName: "PutObject",
    readOnly: false,
    userIdentity: {
      type: "IAMUser",
      arn: `arn:aws:iam::111122223333:user/bot-${n}`,
      accountId: "111122223333",
      accessKeyId: keyOf(n),
      userName: `bot-${n}`,
    },
  });

const ask = (...args: string[]): Promise<Ran> => keywatch(["--config", file, ...args]);
const push = async (...records: object[]) => {
  const answer = await fetch(`${base}/v1/ingest/aws_cloudtrail`, { method: "POST", body: JSON.stringify(records) });
  expect(answer.status).toBe(200);
};
const saidSince = (from: number) => said.slice(from);

beforeAll(async () => {
  [first, second] = await Promise.all([httpReceiver(), httpReceiver()]);
  mkdirSync(data, { recursive: true });
  writeFileSync(file, settings(first.url));
  writeFileSync(join(folder, "keys.yaml"), inventory("bot-zero", keyOf(0)));
  serving = keywatch(["--config", file, "serve"], {
    onOutput: (text) => {
      said = text;
    },
  });
  await until("the address", () => said.includes("is at http"));
}, 60_000);

afterAll(async () => {
  serving.child.kill("SIGKILL");
  await Promise.all([serving, first.stop(), second.stop()]);
});

describe("a running serve", () => {
  test("says that it lives, that it can work, and what it counted", async () => {
    await push(write(0), { eventVersion: "1.09", eventName: "WrongTime", eventTime: "1970-01-01T00:00:00Z" });
    await until("the message", () => first.requests.length === 1);
    expect([(await fetch(`${base}/healthz`)).status, (await fetch(`${base}/readyz`)).status]).toEqual([200, 200]);
    const text = await (await fetch(`${base}/metrics`)).text();
    for (const line of [
      /^keywatch_events_total\{source="http",provider="aws_cloudtrail"\} 1$/m,
      /^keywatch_bytes_total\{source="http",provider="aws_cloudtrail"\} [1-9]\d+$/m,
      /^keywatch_records_total\{outcome="dead_letter",reason="[a-zA-Z ]+"\} 1$/m,
      /^keywatch_findings_total\{detection="write_on_read_only_key",severity="high"\} 1$/m,
      /^keywatch_incidents\{status="open",severity="high"\} 1$/m,
      /^keywatch_deliveries_total\{channel="webhook",outcome="delivered",reason=""\} 1$/m,
      /^keywatch_store_seconds_count\{call="insert_block"\} [1-9]/m,
      /^keywatch_profiles 1$/m,
      /^keywatch_dead_letters_open 1$/m,
      /^keywatch_provider_lag_seconds\{provider="aws_cloudtrail"\} \d/m,
      /^keywatch_address_database_age_seconds\{database="@ip-location-db\/asn"\} \d/m,
      /^keywatch_readings_up 1$/m,
    ])
      expect(text).toMatch(line);
    expect(text).not.toContain(keyOf(0));
  });

  test("new address data are in force at once, for what comes from then on", async () => {
    const city = join(folder, "city.mmdb");
    const networks = { "8.8.8.0/24": { country: { iso_code: "IS" } } };
    writeFileSync(city, mmdbFile({ type: "Example-City", madeAt: Date.now(), networks }));
    const record = (eventID: string) => ({ ...write(1), eventID, sourceIPAddress: "8.8.8.8" });
    const countries = async () => {
      const answer = await (await fetch(`${base}/v1/events?ip=8.8.8.8`)).json();
      return (answer as { events: { event_uid: string; country: string }[] }).events.map((e) => [
        e.event_uid,
        e.country,
      ]);
    };
    await push(record("before"));
    const ran = await ask("update-geo", "--city", city);
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    expect(ran.stdout).toMatch(/^city: Example-City of .*\nIn force now: address data\n$/);
    await push(record("after"));
    expect((await countries()).sort()).toEqual([
      ["after", "IS"],
      ["before", "US"],
    ]);
    const { databases } = (await (await fetch(`${base}/v1/sources`)).json()) as { databases: { name: string }[] };
    expect(databases.map((d) => d.name)).toEqual(["@ip-location-db/asn", "Example-City"]);
    expect((await ask("update-geo", "--city", file)).code).toBe(1);
  });

  test("a reload changes whom to tell and what is declared, and names what it cannot change", async () => {
    writeFileSync(file, settings(second.url, { log: { level: "info" }, store: { path: data, ttl: { raw: "30d" } } }));
    writeFileSync(join(folder, "keys.yaml"), inventory("bot-one", keyOf(1)));
    const ran = await ask("reload");
    expect([ran.code, ran.stdout]).toEqual([
      0,
      "In force now: inventory, receivers, log.level\nOnly after a restart: store.ttl\n",
    ]);
    const before = first.requests.length;
    await push(write(1));
    await until("the message at the new receiver", () => second.requests.length === 1);
    expect(second.requests[0]!.body).toContain("bot-one");
    expect(first.requests.length).toBe(before);
  });

  test("a wrong new config is refused with every fault, and the one before stays", async () => {
    const good = readFileSync(file, "utf8");
    writeFileSync(file, settings(first.url, { route: { receiver: "nobody" }, alert: { max_agee: "1h" } }));
    const from = said.length;
    serving.child.kill("SIGHUP");
    await until("the refusal", () => saidSince(from).includes("was refused"));
    await until(
      "every fault",
      () => /no receiver named "nobody"/.test(saidSince(from)) && /max_agee/.test(saidSince(from)),
    );
    expect((await ask("reload")).code).toBe(2);
    const before = first.requests.length;
    writeFileSync(file, good);
    writeFileSync(join(folder, "keys.yaml"), inventory("bot-two", keyOf(2)));
    const again = said.length;
    serving.child.kill("SIGHUP");
    await until("the reload", () => saidSince(again).includes("In force now: inventory"));
    await push(write(2));
    await until("the message", () => second.requests.some((r) => r.body.includes("bot-two")));
    expect(first.requests.length).toBe(before);
  });

  test("without a running serve a reload says so", async () => {
    const ran = await keywatch(["--data", join(folder, "elsewhere"), "reload"]);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("No keywatch runs on this data directory")]);
  });

  test("SIGTERM ends it in order, also while a client sends slowly; what was acknowledged is judged and under the checkpoint", async () => {
    const slow = connect(port, "127.0.0.1");
    slow.on("error", () => undefined);
    slow.write("POST /v1/ingest/aws_cloudtrail HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n[{");
    await push(...Array.from({ length: 50 }, () => write(3)));
    const start = Date.now();
    serving.child.kill("SIGTERM");
    const { code } = await serving;
    expect(Date.now() - start).toBeLessThan(20_000);
    slow.destroy();
    // The slow client had to be cut off, and that is told.
    expect([code, said.includes('"step":"sources"')]).toEqual([1, true]);
    expect(existsSync(join(data, "keywatch.sock"))).toBe(false);
    const rows = await ask(
      "sql",
      "select (select max(seq) from events) as stored, (select max(detected_to) from checkpoints) as detected",
      "--format",
      "json",
    );
    const { stored, detected } = JSON.parse(rows.stdout) as { stored: number; detected: number };
    expect([stored > 50, detected]).toEqual([true, stored]);
  }, 60_000);

  test("a second signal ends it at once", async () => {
    let text = "";
    const run = keywatch(["--config", file, "serve"], {
      onOutput: (t) => {
        text = t;
      },
    });
    await until("the address", () => text.includes("is at http"));
    const slow = connect(port, "127.0.0.1");
    slow.on("error", () => undefined);
    slow.write("POST /v1/ingest/aws_cloudtrail HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n[{");
    await until("the open request", async () => (await fetch(`${base}/healthz`)).status === 200);
    run.child.kill("SIGTERM");
    await until("the word of it", () => text.includes("Stopping"));
    const start = Date.now();
    run.child.kill("SIGINT");
    await run;
    slow.destroy();
    expect(Date.now() - start).toBeLessThan(3_000);
    expect(run.child.signalCode).toBe("SIGINT");
  }, 60_000);
});
