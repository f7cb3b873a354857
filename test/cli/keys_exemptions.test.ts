import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keysCommands } from "../../cli/commands/keys.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { cloudTrail } from "../records.ts";
import { type Bench, openBench } from "./keys_store.ts";

/* Whoever exempts a network sees whether anything comes from it. */

const END = Date.parse("2026-11-15T11:23:45Z");
const KEY = "AKIAIOSFODNN7EXAMPLE";
const exempt = (networks: string[], expires_at: string) => ({
  ...{ key: "report-bot", networks, owner: "team-platform", reason: "hosted runners", expires_at },
});

let bench: Bench;
beforeAll(async () => {
  bench = await openBench(END);
  const call = (address: string, daysAgo: number) =>
    cloudTrail({
      eventTime: new Date(END - daysAgo * DAY_MS).toISOString().replace(/\.\d+Z$/, "Z"),
      sourceIPAddress: address,
      userIdentity: {
        type: "IAMUser",
        arn: "arn:aws:iam::111122223333:user/report-bot",
        accountId: "111122223333",
        accessKeyId: KEY,
        userName: "report-bot",
      },
    });
  await bench.ingest([
    ...[1, 2, 3, 4, 5, 6, 7].map((d) => call("203.0.113.9", d)),
    ...[8, 9].map((d) => call("198.51.100.7", d)),
    call("198.51.100.8", 10),
  ]);
  const path = join(bench.directory, "keys.json");
  const declared = {
    exemptions: [exempt(["198.51.100.0/24"], "2027-03-01"), exempt(["192.0.2.0/24", "2001:db8::/32"], "2026-11-01")],
    keys: [{ name: "report-bot", provider: "aws_cloudtrail", id: KEY }],
  };
  writeFileSync(path, JSON.stringify(declared));
  await bench.run(keysCommands.import, { file: path });
});
afterAll(() => bench.close());

test("keys show tells how many calls each exemption matched, from how many addresses, and when last", async () => {
  const { lines } = await bench.run(keysCommands.show, { key: "report-bot" });
  const at = lines.findIndex((line) => line.startsWith("  Exempted"));
  expect(lines.slice(at, at + 2).map((line) => line.trim())).toEqual([
    "Exempted    198.51.100.0/24 until 2027-03-01: 30 % of the calls, from 2 addresses, last 2026-11-07",
    "192.0.2.0/24, 2001:db8::/32 until 2026-11-01, which is over: no call came from there",
  ]);
});

test("as JSON too", async () => {
  const { lines } = await bench.run(keysCommands.show, { key: "report-bot", json: true });
  expect(JSON.parse(lines[0]!).exemptions).toEqual([
    {
      networks: ["198.51.100.0/24"],
      expires_at: "2027-03-01T00:00:00.000Z",
      events: 3,
      addresses: 2,
      last_seen: "2026-11-07T11:23:45.000Z",
    },
    {
      networks: ["192.0.2.0/24", "2001:db8::/32"],
      expires_at: "2026-11-01T00:00:00.000Z",
      events: 0,
      addresses: 0,
      last_seen: null,
    },
  ]);
});
