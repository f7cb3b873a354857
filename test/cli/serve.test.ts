import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { config } from "../../schemas/config.ts";
import type { Incident } from "../../schemas/incident.ts";
import { cloudTrail as record } from "../records.ts";
import { keywatch, type Ran, tempFolder, until } from "../support.ts";

const write = (over: object = {}) => record({ eventName: "PutObject", readOnly: false, ...over });

const folder = tempFolder();
const data = join(folder, "data");
const drop = join(folder, "drop");
const second = join(folder, "second");
const file = join(folder, "keywatch.yaml");
const port = 20_000 + (process.pid % 20_000);
const base = `http://127.0.0.1:${port}`;
let serving: ReturnType<typeof keywatch>;
let said = "";

const ask = (...args: string[]): Promise<Ran> => keywatch(["--config", file, ...args]);

beforeAll(async () => {
  mkdirSync(drop);
  mkdirSync(second);
  writeFileSync(
    file,
    `store: { path: ${data} }
http: { listen: "127.0.0.1:${port}" }
inventory: keys.yaml
sources: [{ kind: folder, path: ${drop}, interval: 200ms }, { kind: folder, path: ${second} }]
route: { receiver: console, group_wait: 0s }
`,
  );
  writeFileSync(
    join(folder, "keys.yaml"),
    "keys:\n  - { name: report-bot, provider: aws_cloudtrail, id: AKIAIOSFODNN7EXAMPLE, owner: team-a, access: read }\n",
  );
  writeFileSync(join(drop, "history.json"), JSON.stringify({ Records: [record(), write()] }));
  // The second folder is history as well, though the store holds the first one's events by then.
  writeFileSync(join(second, "history.json"), JSON.stringify({ Records: [write({ eventName: "DeleteBucket" })] }));
  serving = keywatch(["--config", file, "serve"], {
    onOutput: (text) => {
      said = text;
    },
  });
  await until("the address", () => said.includes("is at http"));
}, 60_000);

afterAll(async () => {
  serving.child.kill("SIGTERM");
  await serving;
});

describe("serve", () => {
  test("history in a watched folder is reported, and nobody is paged for it", async () => {
    expect(said).toContain("Nobody was paged");
    expect(said).not.toMatch(/^\[(HIGH|MEDIUM|CRITICAL)\]/m);
    expect((await ask("incidents", "list")).stdout).toContain("report-bot");
  });

  test("a push is answered when its rows are stored, and pages at once", async () => {
    const pushed = await fetch(`${base}/v1/ingest/aws_cloudtrail`, {
      method: "POST",
      body: gzipSync(`${JSON.stringify(record())}\n${JSON.stringify(write({ eventName: "DeleteObject" }))}\n`),
    });
    expect([pushed.status, await pushed.json()]).toEqual([
      200,
      { records: 2, stored: 2, duplicates: 0, dropped: 0, dead_letters: 0, reasons: [] },
    ]);
    expect(
      JSON.parse((await ask("sql", "select count() as n from events final", "--format", "json")).stdout).n,
    ).toBeGreaterThanOrEqual(4);
    await until("the page", () => /^\[HIGH\]\s+report-bot: Write call on a read-only key/m.test(said));
  });

  test("a file that drops into the folder is read once", async () => {
    const before = Number(
      JSON.parse((await ask("sql", "select count() as n from events final", "--format", "json")).stdout).n,
    );
    writeFileSync(join(folder, "part"), JSON.stringify({ Records: [record(), record()] }));
    renameSync(join(folder, "part"), join(drop, "new.json"));
    await until(
      "the rows",
      async () =>
        Number(JSON.parse((await ask("sql", "select count() as n from events final", "--format", "json")).stdout).n) ===
        before + 2,
    );
  });

  test("incidents, keys, sql and ingest work while it runs, through a socket for this user only", async () => {
    expect(statSync(join(data, "keywatch.sock")).mode & 0o777).toBe(0o600);
    const id = /INC-[0-9a-f]{8}/.exec((await ask("incidents", "list")).stdout)![0];
    expect((await ask("incidents", "ack", id, "-m", "mine")).stdout).toContain("acknowledged");
    expect((await ask("incidents", "show", id)).stdout).toMatch(/acknowledged .*: mine/);
    expect((await ask("keys", "show", "report-bot")).stdout).toContain("report-bot");
    const more = join(folder, "more.json");
    writeFileSync(more, JSON.stringify(record()));
    expect((await ask("ingest", more)).stdout).toContain("1 new events");
    expect((await keywatch(["--config", file, "ingest", "-"], { input: JSON.stringify(record()) })).stdout).toContain(
      "1 new events",
    );
    await until("the word of the acknowledgement", () => said.includes("Acknowledged by"));
  });

  test("a command of thousands of words goes through the socket; a stranger on it gets an answer, and serve goes on", async () => {
    const files = Array.from({ length: 400 }, (_, i) => join(folder, `${"long-name-".repeat(6)}${i}.json`));
    for (const name of files) writeFileSync(name, JSON.stringify(record()));
    const ran = await ask("ingest", ...files);
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining("400 new events")]);
    const status = await new Promise((resolve, reject) =>
      request({ socketPath: join(data, "keywatch.sock"), path: "/" }, (res) => {
        res.resume();
        resolve(res.statusCode);
      })
        .on("error", reject)
        .end(),
    );
    expect(status).toBe(400);
    expect((await ask("incidents", "show", "abc")).stderr).toMatch(/^"abc" names no incident; write it like/);
  });

  test("a second one on the same data refuses with a sentence", async () => {
    const second = await ask("serve", "--listen", `127.0.0.1:${port + 1}`);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/is in use by another keywatch \(process \d+\)\. Stop that one first/);
    expect(second.stderr).not.toContain("    at ");
  });

  test("the page and the API explain the incident", async () => {
    // What the page draws from these answers is looked at in a browser, in test/page.
    expect(await (await fetch(base)).text()).toContain('<div id="app"');
    const { incidents } = (await (await fetch(`${base}/v1/incidents`)).json()) as { incidents: Incident[] };
    expect(incidents[0]!.title).toContain("Write call on a read-only key");
    const one = (await (await fetch(`${base}/v1/incidents/${incidents[0]!.uid}`)).json()) as Incident;
    expect([one.reasons.length > 0, one.runbook.length > 0]).toEqual([true, true]);
  });
});

describe("after kill -9", () => {
  test("what was acknowledged is there, judged, and counted once", async () => {
    const other = join(tempFolder(), "data");
    const at = port + 2;
    const start = async () => {
      let text = "";
      const run = keywatch(["--data", other, "serve", "--listen", `127.0.0.1:${at}`], {
        onOutput: (t) => {
          text = t;
        },
      });
      await until("the address", () => text.includes("is at http"));
      return { run };
    };
    const first = await start();
    const key = {
      method: "POST",
      headers: { "idempotency-key": "batch-1" },
      body: JSON.stringify(
        Array.from({ length: 30 }, (_, i) => record({ errorCode: "AccessDenied", eventName: `List${i % 8}` })),
      ),
    };
    const url = `http://127.0.0.1:${at}/v1/ingest/aws_cloudtrail`;
    expect(((await (await fetch(url, key)).json()) as { stored: number }).stored).toBe(30);
    first.run.child.kill("SIGKILL");
    await first.run;
    const second = await start();
    expect(((await (await fetch(url, key)).json()) as { stored: number }).stored).toBe(0);
    const found = await keywatch(["--data", other, "findings", "list", "--json"]);
    const events = await keywatch([
      "--data",
      other,
      "sql",
      "select count() as n from events final",
      "--format",
      "json",
    ]);
    expect(JSON.parse(events.stdout).n).toBe(30);
    expect(found.stdout).toContain("denied_enumeration");
    second.run.child.kill("SIGTERM");
    expect((await second.run).code).toBe(0);
  }, 60_000);
});

test("the example config is one that keywatch takes", async () => {
  const text = readFileSync(new URL("../../keywatch.example.yaml", import.meta.url), "utf8");
  expect(text).toContain("receivers:");
  const ran = await keywatch(["--config", "keywatch.example.yaml", "check"], {
    env: {
      SLACK_BOT_TOKEN: "xoxb-example",
      KEYWATCH_WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      SMTP_URL: "smtp://127.0.0.1:2525",
    },
  });
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  expect(config.parse({})).toBeTruthy();
});
