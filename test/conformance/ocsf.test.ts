import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { builtIn } from "../../ingest/registry.ts";
import { ocsfActivity } from "../../schemas/ocsf/activity.ts";
import { goldenEvents } from "../golden_events.ts";
import { normalized } from "../normalized.ts";
import { cloudTrail } from "../records.ts";
import { keywatch } from "../support.ts";
import { type OcsfCheck, ocsfCheck } from "./ocsf_schema.ts";
import { sharedData } from "./shared_data.ts";

const schema = sharedData("ocsf");
const invictus = sharedData("cloudtrail/invictus");
const trail = sharedData("cloudtrail/traildiscover");
const CLASS = "events/application/api_activity.json";

/** faultsOf gives each different fault once, with the number of events that have it. */
const faultsOf = (check: OcsfCheck, events: readonly object[]): Record<string, number> => {
  const faults: Record<string, number> = {};
  for (const event of events) for (const fault of check(event)) faults[fault] = (faults[fault] ?? 0) + 1;
  return faults;
};

describe.skipIf(schema === null)("OCSF 1.8.0 API Activity", () => {
  let check: OcsfCheck;
  let some: object;
  beforeAll(async () => {
    check = ocsfCheck(schema!, CLASS);
    some = ocsfActivity((await normalized([cloudTrail({ sourceIPAddress: "8.8.8.8" })]))[0]!);
  });

  test("the judge finds what is wrong", () => {
    const right = some as Record<string, Record<string, unknown>>;
    expect(check(right)).toEqual([]);
    const faulty: [object, RegExp][] = [
      [{ ...right, time: undefined }, /time: required/],
      [{ ...right, time: "2026-03-01" }, /time: no timestamp_t/],
      [{ ...right, activity_id: 7 }, /activity_id: 7 is no value/],
      [{ ...right, colour: "red" }, /colour: no such attribute/],
      [{ ...right, actor: {} }, /actor: at_least_one/],
      [{ ...right, metadata: { ...right.metadata, profiles: [] } }, /cloud: of profile cloud/],
      [{ ...right, src_endpoint: { ip: "nowhere" } }, /src_endpoint\.ip: no ip_t/],
      [{ ...right, actor: { user: { uid: "u", credential_uid: "c" } } }, /credential_uid: deprecated/],
      [{ ...right, resources: { name: "x" } }, /resources: a list is due/],
      [{ ...right, activity_id: 99, activity_name: undefined }, /99 without activity_name/],
      [{ ...right, activity_id: 1 }, /type_uid: is not/],
    ];
    for (const [event, fault] of faulty) expect(check(JSON.parse(JSON.stringify(event))).join("\n")).toMatch(fault);
  });

  test.each(builtIn.map((p) => p.id))("the golden events of %s are valid", async (id) => {
    const events = await goldenEvents(id);
    expect(events.length).toBeGreaterThan(0);
    expect(faultsOf(check, events.map(ocsfActivity))).toEqual({});
  });

  test.skipIf(trail === null)(
    "hundreds of operations of CloudTrail are valid, and `normalize --format ocsf` prints them",
    async () => {
      const records = readdirSync(trail!)
        .filter((name) => name.endsWith(".gz"))
        .flatMap((name) => linesOrRecords(gunzipSync(readFileSync(join(trail!, name))).toString("utf8")));
      const events = await normalized(records);
      expect(events.length).toBe(records.length);
      expect(faultsOf(check, events.map(ocsfActivity))).toEqual({});
      const ran = await keywatch(["normalize", trail!, "--format", "ocsf"]);
      expect(ran.code).toBe(0);
      const printed = ran.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as object);
      expect(printed.length).toBe(records.length);
      expect(faultsOf(check, printed)).toEqual({});
    },
  );

  test.skipIf(invictus === null)("what `scan --format ocsf` prints is a valid Detection Finding (2004)", async () => {
    const finding = ocsfCheck(schema!, "events/findings/detection_finding.json");
    const ran = await keywatch(["scan", invictus!, "--format", "ocsf"]);
    const printed = ran.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(printed.length).toBeGreaterThan(10);
    expect(faultsOf(finding, printed)).toEqual({});
  });

  test("the version that we name is the one that we are held to", () => {
    const { version } = JSON.parse(readFileSync(join(schema!, "version.json"), "utf8")) as { version: string };
    expect(some).toMatchObject({ metadata: { version } });
  });
});

function linesOrRecords(text: string): object[] {
  try {
    const whole = JSON.parse(text) as object[] | { Records?: object[] };
    return Array.isArray(whole) ? whole : (whole.Records ?? [whole]);
  } catch {
    return text
      .split("\n")
      .filter((l) => l.trim() !== "")
      .map((l) => JSON.parse(l) as object);
  }
}
