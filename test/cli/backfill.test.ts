import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cloudTrail as record } from "../records.ts";
import { keywatch, type Ran, tempFolder, until } from "../support.ts";

const FILES = 6;
const EACH = 15_000;
const HOUR = 3_600_000;
let port = 20_000 + (process.pid % 20_000);

/** An installation whose folder holds a history of today: calls of a key that is declared read-only, some of them writes. */
function installation(order: (i: number) => number) {
  const folder = tempFolder();
  const logs = join(folder, "logs");
  mkdirSync(logs);
  const start = Date.now() - 6 * HOUR;
  for (let i = 0; i < FILES; i++) {
    const first = start + order(i) * 0.9 * HOUR;
    const records = Array.from({ length: EACH }, (_, n) =>
      record({
        eventTime: new Date(first + (n * HOUR * 0.9) / EACH).toISOString().replace(/\.\d+Z$/, "Z"),
        ...(n % 4_000 === 7 ? { eventName: "PutObject", readOnly: false } : {}),
      }),
    );
    writeFileSync(join(logs, `${i}.json`), JSON.stringify({ Records: records }));
  }
  writeFileSync(
    join(folder, "keys.yaml"),
    "keys:\n  - { name: report-bot, provider: aws_cloudtrail, id: AKIAIOSFODNN7EXAMPLE, owner: team-a, access: read }\n",
  );
  const file = join(folder, "keywatch.yaml");
  const at = ++port;
  writeFileSync(
    file,
    `store: { path: ${join(folder, "data")} }
http: { listen: "127.0.0.1:${at}" }
inventory: keys.yaml
sources: [{ kind: folder, path: ${logs}, interval: 200ms }]
route: { receiver: console, group_wait: 0s }
`,
  );
  const base = `http://127.0.0.1:${at}`;
  const serve = () => {
    const seen = { said: "" };
    const run = keywatch(["--config", file, "serve"], {
      onOutput: (text) => {
        seen.said = text;
      },
    });
    return { run, seen };
  };
  return {
    base,
    logs,
    serve,
    ask: (...args: string[]): Promise<Ran> => keywatch(["--config", file, ...args]),
    async ready(): Promise<{ status: number; faults: string[] } | null> {
      const answer = await fetch(`${base}/readyz`).catch(() => null);
      return answer && { status: answer.status, ...((await answer.json()) as { faults: string[] }) };
    },
  };
}

const numbers = async (ask: (...args: string[]) => Promise<Ran>, query: string): Promise<Record<string, number>> => {
  const ran = await ask("sql", query, "--format", "json");
  return JSON.parse(ran.stdout) as Record<string, number>;
};

for (const [name, order, stopped] of [
  ["in the order of its files", (i: number) => i, /^Reading history: [1-9][\d,]* events so far\.$/],
  ["out of order", (i: number) => FILES - i, /^Reading history: [1-9][\d,]* events so far\.$/],
  ["that is being judged", (i: number) => FILES - i, /^Judging history: [1-9][\d,]* events so far\.$/],
] as const) {
  test(`a first back-fill ${name} answers at once, stops within seconds, goes on at the next start, and pages nobody`, async () => {
    const { base, serve, ready, ask } = installation(order);
    const first = serve();
    await until("the address", async () => (await fetch(`${base}/healthz`).catch(() => null))?.status === 200);
    let seen: Awaited<ReturnType<typeof ready>> = null;
    await until("the history", async () => {
      seen = await ready();
      return stopped.test(seen?.faults[0] ?? "");
    });
    expect(seen).toMatchObject({ status: 503, faults: [expect.any(String)] });
    const pushed = await fetch(`${base}/v1/ingest/aws_cloudtrail`, { method: "POST", body: JSON.stringify(record()) });
    expect([pushed.status, Number(pushed.headers.get("retry-after")) > 0]).toEqual([503, true]);
    expect(first.seen.said).not.toContain("is at http");
    const told = Date.now();
    first.run.child.kill("SIGTERM");
    expect((await first.run).code).toBe(0);
    expect(Date.now() - told).toBeLessThan(10_000);

    const part = await numbers(ask, "select count() as n from events");
    expect(part.n).toBeGreaterThan(0);
    if (stopped.source.includes("Reading")) expect(part.n).toBeLessThan(FILES * EACH);

    const second = serve();
    await until("readiness", async () => (await ready())?.status === 200, 120_000);
    expect(await numbers(ask, "select count() as n, uniqExact(event_uid) as u from events")).toEqual({
      n: FILES * EACH,
      u: FILES * EACH,
    });
    expect(second.seen.said).toContain("Nobody was paged");
    expect((await ask("incidents", "list")).stdout).toContain("report-bot");
    expect(await numbers(ask, "select count() as n from deliveries")).toEqual({ n: 0 });
    // From here on it pages.
    await fetch(`${base}/v1/ingest/aws_cloudtrail`, {
      method: "POST",
      body: JSON.stringify(record({ eventName: "DeleteBucket", readOnly: false })),
    });
    await until("the page", () => /^\[HIGH\]\s+report-bot: Write call on a read-only key/m.test(second.seen.said));
    second.run.child.kill("SIGTERM");
    expect((await second.run).code).toBe(0);
  }, 300_000);
}

test("commands answer while history is read; killed, it stays history for the commands in between and the next start", async () => {
  const { serve, ready, ask } = installation((i) => i);
  const first = serve();
  await until("the history", async () => / [1-9][\d,]* events so far/.test((await ready())?.faults[0] ?? ""));
  const [listed, refused, stored] = await Promise.all([
    ask("incidents", "list"),
    ask("ingest", "keywatch.example.yaml"),
    numbers(ask, "select count() as n from events"),
  ]);
  expect([listed.code, refused.code, refused.stderr]).toEqual([
    0,
    1,
    expect.stringMatching(/^(Read|Judg)ing history: /),
  ]);
  expect(stored.n).toBeGreaterThan(0);
  first.run.child.kill("SIGKILL");
  await first.run;
  expect((await ask("incidents", "list")).code).toBe(0);
  const second = serve();
  await until("readiness", async () => (await ready())?.status === 200, 120_000);
  expect(await numbers(ask, "select count() as n, uniqExact(event_uid) as u from events")).toEqual({
    n: FILES * EACH,
    u: FILES * EACH,
  });
  expect(second.seen.said).not.toMatch(/^\[(HIGH|MEDIUM|CRITICAL)\]/m);
  expect(await numbers(ask, "select count() as n from deliveries")).toEqual({ n: 0 });
  second.run.child.kill("SIGTERM");
  expect((await second.run).code).toBe(0);
}, 300_000);
