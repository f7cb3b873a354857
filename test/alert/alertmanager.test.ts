import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import type { Message } from "../../alert/template.ts";
import { channelConfig } from "../../schemas/config_channels.ts";
import { until } from "../support.ts";
import { httpReceiver } from "./receivers.ts";
import { DAY, fakeClock, hostileFinding, messageOf, storyOf, T0 } from "./support.ts";

const never = new AbortController().signal;
const opener = (urls: string[], labels: Record<string, string> = {}) =>
  openChannel(
    {
      ...{ kind: "alertmanager", urls, labels, bearer_token: null, basic_auth: null, firing_for: 30 * DAY },
      send_resolved: true,
    },
    { now: Date.now, output: { write: () => {}, colour: false } },
  );

interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
}

describe("what is posted", () => {
  const servers: Awaited<ReturnType<typeof httpReceiver>>[] = [];
  const serve = async () => {
    const server = await httpReceiver();
    servers.push(server);
    return server;
  };
  afterEach(() => Promise.all(servers.splice(0).map((s) => s.stop())));
  const alerts = (body: string) => JSON.parse(body) as Alert[];
  const tell = async (urls: string[], ...story: ((root: Message["root"]) => Message)[]) => {
    const channel = await opener(urls, { team: "security" });
    let root: Message["root"] = null;
    for (const step of story) {
      const result = await channel.send(step(root), never);
      expect(result.kind).toBe("ok");
      root ??= { receipt: result.kind === "ok" ? result.receipt : "" };
    }
  };

  test("the labels stay the same while the incident changes; a rise ends the lower severity, the end ends all", async () => {
    const server = await serve();
    await tell(
      [server.url],
      () => storyOf(["opened"]),
      (root) => storyOf(["escalated"], { root, from: 2, state: { severity: "critical", owner: "somebody-else" } }),
      (root) => storyOf(["resolved"], { root, from: 3, state: { severity: "critical", title: "other" } }),
    );
    const posts = server.requests.map((r) => alerts(r.body));
    const firing = (list: Alert[]) => list.map((a) => [a.labels.severity, Date.parse(a.endsAt) > T0 + DAY]);
    expect(posts.map(firing)).toEqual([
      [["medium", true]],
      [
        ["medium", false],
        ["high", false],
        ["critical", true],
      ],
      [
        ["medium", false],
        ["high", false],
        ["critical", false],
      ],
    ]);
    const identities = posts.flat().map(({ labels: { severity: _severity, ...rest } }) => JSON.stringify(rest));
    expect(new Set(identities).size).toBe(1);
    expect(JSON.parse(identities[0]!)).toMatchObject({ owner: "team-finance", team: "security" });
    expect(server.requests[0]!.path).toBe("/api/v2/alerts");
  });

  test("every instance has to have it; one that is down makes it a retry", async () => {
    const [one, two] = [await serve(), await serve()];
    two.script("server_error");
    const channel = await opener([one.url, two.url]);
    expect(await channel.send(messageOf(), never)).toMatchObject({ kind: "retry", reason: "server_error" });
    expect(await channel.send(messageOf(), never)).toMatchObject({ kind: "ok" });
    expect(new Set([...one.requests, ...two.requests].map((r) => r.body)).size).toBe(1);
  });

  test("hostile text of a megabyte stays short and harmless", async () => {
    const server = await serve();
    await tell([server.url], () => messageOf({ finding: hostileFinding() }));
    expect(server.requests[0]!.body.length).toBeLessThan(64 * 1024);
    expect(server.requests[0]!.body).not.toMatch(/\\u001b|\\r|\u202e|\u200b/);
  });
});

test("one way of signing in, not two", () => {
  const both = { bearer_token: "t", basic_auth: { username: "u", password: "p" } };
  const parsed = channelConfig.safeParse({ kind: "alertmanager", urls: ["http://192.0.2.1:9093"], ...both });
  expect(parsed.error?.issues.map((i) => i.message)).toEqual(["bearer_token or basic_auth, not both"]);
});

/** Debian's package has this name; another place can be told in the environment. */
const binary = process.env.KEYWATCH_TEST_ALERTMANAGER ?? "prometheus-alertmanager";
const installed = spawnSync(binary, ["--version"]).status === 0;
const why = installed ? "" : " (skipped: needs Debian's prometheus-alertmanager, or KEYWATCH_TEST_ALERTMANAGER)";

describe.skipIf(!installed)(`a real Alertmanager${why}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "keywatch-alertmanager-"));
  let child: ChildProcess;
  let url: string;
  const active = async (): Promise<Alert[]> => {
    const answer = await fetch(`${url}/api/v2/alerts?active=true`);
    return (await answer.json()) as Alert[];
  };

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    writeFileSync(join(folder, "am.yml"), "route: { receiver: none }\nreceivers: [{ name: none }]\n");
    const args = ["--config.file=am.yml", "--storage.path=data", `--web.listen-address=127.0.0.1:${port}`];
    child = spawn(binary, [...args, "--cluster.listen-address="], { cwd: folder, stdio: "ignore" });
    await until("Alertmanager", async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok === true, 20_000);
  }, 30_000);
  afterAll(async () => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGKILL")) await gone;
    rmSync(folder, { recursive: true, force: true });
  });

  test("shows an incident from its opening to its end, once, also after a reopening", async () => {
    const clock = fakeClock(Date.now() - 60_000);
    const channel = await opener([url]);
    const state = { opened_at: clock.now() };
    const at = (message: Message): Message => ({ ...message, at: clock.now() });
    const first = await channel.send(at(storyOf(["opened"], { state })), never);
    expect(first.kind).toBe("ok");
    const root = { receipt: first.kind === "ok" ? first.receipt : "" };
    expect((await active()).map((a) => a.labels.severity)).toEqual(["medium"]);

    clock.move(1_000);
    const worse = { ...state, severity: "critical" as const };
    await channel.send(at(storyOf(["escalated"], { root, from: 2, state: worse })), never);
    expect((await active()).map((a) => a.labels.severity)).toEqual(["critical"]);

    clock.move(1_000);
    await channel.send(at(storyOf(["acknowledged"], { root, from: 3, state: worse })), never);
    expect((await active()).map((a) => a.annotations.status)).toEqual(["acknowledged"]);

    clock.move(1_000);
    await channel.send(at(storyOf(["resolved"], { root, from: 4, state: worse })), never);
    expect(await active()).toEqual([]);

    clock.move(1_000);
    await channel.send(at(storyOf(["reopened"], { root, from: 5, state: worse })), never);
    const [again, ...more] = await active();
    expect(more).toEqual([]);
    expect(again).toMatchObject({ labels: { severity: "critical", key: "billing-report-bot" } });
  });

  test("takes hostile text of a megabyte as it is", async () => {
    const channel = await opener([url]);
    const message = messageOf({ finding: hostileFinding() });
    expect(await channel.send({ ...message, at: Date.now() }, never)).toMatchObject({ kind: "ok" });
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
