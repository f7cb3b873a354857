import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import { type SiemFormat, siemLine } from "../../alert/siem.ts";
import type { Message } from "../../alert/template.ts";
import type { TransitionKind } from "../../schemas/incident.ts";
import { tempFolder } from "../support.ts";
import { hostileFinding, messageOf, storyOf } from "./support.ts";

const never = new AbortController().signal;
const heard = { receipt: "" };
let path: string;
beforeEach(() => {
  path = join(tempFolder(), "incidents.ndjson");
});
const opener = (to = path, format: SiemFormat = "ocsf", write = (_text: string) => {}) =>
  openChannel(
    { kind: "file", path: to, format, send_resolved: true },
    { now: Date.now, output: { write, colour: false } },
  );
const lines = (file = path) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, never>);

const life: Message[] = [
  storyOf(["opened"]),
  storyOf(["acknowledged"], { root: heard, from: 2 }),
  storyOf(["resolved"], { root: heard, from: 3, state: { verdict: "expected", assignee: "ann" } }),
  storyOf(["reopened"], { root: heard, from: 4 }),
];

test("a life in OCSF: one finding uid, created, updated, closed, created again", async () => {
  const channel = await opener();
  for (const message of life) expect(await channel.send(message, never)).toMatchObject({ kind: "ok" });
  const seen = lines().map((l) => l as unknown as Record<string, unknown> & { finding_info: { uid: string } });
  expect(seen.map((l) => [l.activity_id, l.type_uid, l.status_id])).toEqual([
    [1, 200401, 1],
    [2, 200402, 2],
    [3, 200403, 4],
    [1, 200401, 1],
  ]);
  expect(new Set(seen.map((l) => l.finding_info.uid)).size).toBe(1);
  expect(seen[2]).toMatchObject({ verdict_id: 5, assignee: { name: "ann" } });
  for (const line of seen)
    expect(line).toMatchObject({
      ...{ category_uid: 2, class_uid: 2004, severity_id: 3, time: expect.any(Number) },
      metadata: { version: "1.8.0", product: { name: "keywatch" }, uid: expect.stringMatching(/^msg_/) },
    });
});

test("a life in ECS: alerts with the words that ECS allows", async () => {
  const channel = await opener(path, "ecs");
  for (const message of life) await channel.send(message, never);
  const events = lines().map((l) => l.event as unknown as Record<string, unknown>);
  expect(events.map((e) => e.action)).toEqual([
    ...["incident-opened", "incident-updated", "incident-closed", "incident-opened"],
  ]);
  for (const event of events) {
    expect(event).toMatchObject({ kind: "alert", category: ["intrusion_detection"], dataset: "keywatch.incident" });
    expect(["start", "info", "end"]).toEqual(expect.arrayContaining(event.type as string[]));
  }
  expect(lines()[0]).toMatchObject({
    ...{
      "@timestamp": "2026-03-01T03:12:09.000Z",
      ecs: { version: "8.11.0" },
      cloud: { account: { id: "111122223333" } },
    },
    user: { name: "billing" },
    labels: { key: "billing-report-bot" },
  });
});

describe.each<SiemFormat>(["ocsf", "ecs"])("hostile text of a megabyte in %s", (format) => {
  test("is one line of plain ASCII", () => {
    const line = siemLine(messageOf({ finding: hostileFinding() }), format);
    expect(line).toMatch(/^[ -~]+$/);
    expect(line).not.toMatch(/\\r|\\u001b|\\u202e/);
    expect(line.length).toBeLessThan(300_000);
  });

  test.each([60_000, 8_000, 4_000, 1_600])("fits into %d bytes, and still says which incident", (max) => {
    const message = messageOf({ finding: hostileFinding() });
    const line = siemLine(message, format, max);
    expect(line.length).toBeLessThanOrEqual(max);
    expect(line).toContain(message.incident.uid);
    expect(line).toContain(message.id);
    JSON.parse(line);
  });
});

test("a file that was moved away is begun again; only its owner may read it", async () => {
  const channel = await opener();
  await channel.send(messageOf(), never);
  renameSync(path, `${path}.1`);
  await channel.send(messageOf({ n: 2, root: heard }), never);
  expect([lines(`${path}.1`).length, lines().length]).toEqual([1, 1]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("half a line that a full disk left does not spoil the next one", async () => {
  appendFileSync(path, '{"half":');
  await (await opener()).send(messageOf(), never);
  const [half, whole] = readFileSync(path, "utf8").split("\n");
  expect(half).toBe('{"half":');
  expect(JSON.parse(whole!)).toMatchObject({ class_uid: 2004 });
});

test('"-" is standard output', async () => {
  const written: string[] = [];
  await (await opener("-", "ocsf", (text) => void written.push(text))).send(messageOf(), never);
  expect(written).toHaveLength(1);
  expect(JSON.parse(written[0]!)).toMatchObject({ class_uid: 2004 });
  expect(existsSync("-")).toBe(false);
});

test.each<[string, (at: string) => void, object]>([
  ["a folder", (at) => mkdirSync(at), { kind: "fail", reason: "rejected" }],
  ["a folder that is not there yet", () => (path = join(path, "sub", "x")), { kind: "retry", reason: "unreachable" }],
  ["a pipe", (at) => spawnSync("mkfifo", [at]), { kind: "fail", reason: "rejected" }],
])("%s instead of a file ends as it should", async (_name, make, expected) => {
  make(path);
  expect(await (await opener()).send(messageOf(), never)).toMatchObject(expected);
});

test.each<[TransitionKind[], number]>([
  [["opened", "resolved"], 3],
  [["updated"], 1],
])("%j as the first that is heard is activity %d", (kinds, activity) => {
  expect(JSON.parse(siemLine(storyOf(kinds), "ocsf"))).toMatchObject({ activity_id: activity });
});
