import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpReceiver } from "../alert/receivers.ts";
import { cloudTrail } from "../records.ts";
import { keywatch, tempFolder } from "../support.ts";

const folder = tempFolder();
const at = (name: string) => join(folder, name);
const secret = `whsec_${Buffer.from("test-signing-key-that-is-long-enough").toString("base64")}`;
let hook: Awaited<ReturnType<typeof httpReceiver>>;

const write = (sources: string[], url: string) =>
  writeFileSync(
    at("keywatch.yaml"),
    JSON.stringify({
      store: { path: at("data") },
      sources: sources.map((path) => ({ kind: "folder", path })),
      route: { receiver: "hook" },
      receivers: [
        { name: "hook", channels: [{ kind: "webhook", url, secrets: [secret], allow_private_addresses: true }] },
      ],
    }),
  );
interface Line {
  state: string;
  check: string;
  says: string;
  mend: string | null;
}
async function doctor(...more: string[]) {
  const ran = await keywatch(["--config", at("keywatch.yaml"), "doctor", "--json", ...more]);
  const lines = ran.stdout
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text) as Line);
  return { code: ran.code, line: (check: string) => lines.find((l) => l.check.startsWith(check)), lines };
}

beforeAll(async () => {
  hook = await httpReceiver();
  mkdirSync(at("trail"));
  writeFileSync(at("trail/one.json"), JSON.stringify({ Records: [cloudTrail()] }));
  write([at("trail")], hook.url);
  expect((await keywatch(["--config", at("keywatch.yaml"), "ingest", at("trail")])).code).toBe(0);
}, 60_000);
afterAll(() => hook.stop());

describe("doctor", () => {
  test("on a healthy installation every part is looked at, nothing fails, and nobody is sent anything", async () => {
    const { code, line, lines } = await doctor();
    expect([code, lines.filter((l) => l.state === "fail")]).toEqual([0, []]);
    for (const check of ["keywatch", "memory", "country database", "network owner database", "config", "disk", "clock"])
      expect([check, line(check)?.says.length ?? 0]).toEqual([check, expect.any(Number)]);
    for (const check of [
      "store",
      "pepper",
      "events",
      "detection",
      "source ",
      "provider aws_cloudtrail",
      "channel hook/webhook",
    ])
      expect([check, line(check)?.state]).toEqual([check, "ok"]);
    expect(line("store")!.says).toMatch(/a row was written and read back in \d+ ms/);
    expect(hook.requests).toEqual([]);
    expect(lines.every((l) => (l.state === "ok") === (l.mend === null))).toBe(true);
  });

  test("a source that is gone and a receiver that does not answer fail, each with its mend", async () => {
    write([at("nowhere")], "http://127.0.0.1:9/hook");
    const { code, line } = await doctor();
    expect(code).toBe(1);
    expect(line("source ")).toMatchObject({
      state: "fail",
      says: "is not there",
      mend: expect.stringContaining("sources"),
    });
    expect(line("channel hook/webhook")).toMatchObject({
      state: "fail",
      says: expect.stringContaining("could not be reached"),
    });
    const table = await keywatch(["--config", at("keywatch.yaml"), "doctor"]);
    expect([table.code, table.stdout]).toEqual([1, expect.stringContaining("-> make the folder")]);
    write([at("trail")], hook.url);
  });

  test("a provider that fell silent is worth a look", async () => {
    writeFileSync(at("old.json"), JSON.stringify(cloudTrail({ eventTime: "2026-01-05T10:00:00Z" })));
    const data = at("old-data");
    await keywatch(["--data", data, "ingest", at("old.json")]);
    const ran = await keywatch(["--data", data, "doctor", "--json"]);
    expect(ran.stdout).toMatch(/"state":"warn","check":"provider aws_cloudtrail","says":"the last record is \d+ d old/);
  });

  test("a pepper that others may read, a wrong config, a store that does not open: told as lines, exit 1", async () => {
    chmodSync(at("data/pepper"), 0o644);
    const open = await doctor();
    expect([open.code, open.line("start")?.says]).toEqual([1, expect.stringContaining("others may read it")]);
    chmodSync(at("data/pepper"), 0o600);
    writeFileSync(at("keywatch.yaml"), JSON.stringify({ store: { path: at("data") }, alert: { max_agee: "1h" } }));
    const wrong = await doctor();
    expect([wrong.code, wrong.line("config")?.says]).toEqual([1, expect.stringContaining("max_agee")]);
    expect(wrong.line("memory")).toBeTruthy();
    writeFileSync(at("keywatch.yaml"), JSON.stringify({ store: { url: "http://127.0.0.1:9" } }));
    const down = await doctor();
    expect([down.code, down.line("store")]).toEqual([1, expect.objectContaining({ state: "fail" })]);
  });

  test("brokers that are away or say nothing, and a store that is away, are lines of their own, and soon", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const mute = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    write([at("trail")], hook.url);
    const config = JSON.parse(readFileSync(at("keywatch.yaml"), "utf8")) as object;
    const kafka = { brokers: ["127.0.0.1:9", mute] };
    const store = { path: at("data"), url: "http://127.0.0.1:9" };
    writeFileSync(at("keywatch.yaml"), JSON.stringify({ ...config, store, kafka }));
    const begun = performance.now();
    const { code, line, lines } = await doctor();
    silent.close();
    expect([code, performance.now() - begun < 40_000]).toEqual([1, true]);
    for (const check of ["kafka broker 127.0.0.1:9", `kafka broker ${mute}`])
      expect(line(check)).toMatchObject({ state: "fail", says: expect.stringContaining("does not answer") });
    expect(line("store")).toMatchObject({ state: "fail" });
    expect(line("channel hook/webhook")).toMatchObject({ state: "ok" });
    expect(lines.filter((l) => l.state === "fail")).toHaveLength(3);
  });
});
