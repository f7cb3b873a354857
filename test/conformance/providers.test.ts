import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Draft, JsonObject } from "../../ingest/provider.ts";
import cloudtrail from "../../ingest/providers/aws_cloudtrail.ts";
import { createRegistry } from "../../ingest/registry.ts";

const shared = join(import.meta.dirname, "../../../shared/data");
const data = join(shared, "cloudtrail");
const present = existsSync(data);
if (!present) console.warn("Skipped: the real CloudTrail logs are absent (../shared/data/cloudtrail)");

/** recordsOf reads a folder of gzip files that hold `{Records}`, a list, one object or lines. */
function recordsOf(folder: string): JsonObject[] {
  const files = readdirSync(join(data, folder)).filter((name) => name.endsWith(".gz"));
  return files.flatMap((name) => {
    const text = gunzipSync(readFileSync(join(data, folder, name))).toString("utf8");
    try {
      const whole = JSON.parse(text) as JsonObject | JsonObject[];
      return Array.isArray(whole) ? whole : Array.isArray(whole.Records) ? (whole.Records as JsonObject[]) : [whole];
    } catch {
      return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [JSON.parse(line) as JsonObject]));
    }
  });
}

function draftOf(record: JsonObject): Draft {
  const outcome = cloudtrail.normalize(record);
  if (outcome.kind !== "ok" || Array.isArray(outcome.value))
    throw new Error(`${outcome.kind}: ${JSON.stringify(record).slice(0, 300)}`);
  return outcome.value;
}

const saysText = (value: unknown): boolean => typeof value === "string" && value !== "";
const writes = (draft: Draft): boolean => draft.verb_class === "write" || draft.verb_class === "admin";

describe.skipIf(!present).each([
  ["invictus", 2900],
  ["traildiscover", 268],
  ["otrf-ec2-proxy", 103],
])("%s", (folder, count) => {
  const records = present ? recordsOf(folder) : [];

  test("every record is recognised and normalised", () => {
    expect(records).toHaveLength(count);
    const registry = createRegistry();
    for (const record of records) {
      expect(registry.recognise(record)).toBe(cloudtrail);
      expect(Number.isInteger(draftOf(record).time)).toBe(true);
    }
  });

  test("what the record holds is in the draft, and every record has a principal", () => {
    const share = { source: 0, user_agent: 0, key_id: 0, account: 0, region: 0, event_uid: 0 };
    for (const record of records) {
      const draft = draftOf(record);
      const user = record.userIdentity as JsonObject;
      expect(draft.principal_uid).toMatch(/.+/);
      expect(draft.operation).toBe(record.eventName);
      const held = [
        record.sourceIPAddress,
        record.userAgent,
        user.accessKeyId,
        record.recipientAccountId,
        record.awsRegion,
        record.eventID,
      ];
      for (const [i, field] of (Object.keys(share) as (keyof typeof share)[]).entries()) {
        if (!saysText(held[i])) continue;
        expect(draft[field]).toBe(held[i]);
        share[field]++;
      }
    }
    console.info(
      `${folder}: of ${count} records ${Object.entries(share)
        .map(([k, n]) => `${k} ${n}`)
        .join(", ")}`,
    );
  });
});

describe.skipIf(!present)("read or write", () => {
  const flagged = present
    ? ["invictus", "traildiscover", "otrf-ec2-proxy"].flatMap(recordsOf).filter((r) => typeof r.readOnly === "boolean")
    : [];

  test("the class agrees with the record's own flag in every record", () => {
    for (const record of flagged) {
      const verb = draftOf(record).verb_class;
      expect(record.readOnly ? ["read", "auth"] : ["write", "admin", "auth"], `${record.eventName}`).toContain(verb);
      expect(writes(draftOf(record)) && record.readOnly === true).toBe(false);
    }
  });

  test("with the flag hidden the class agrees in at least 99 %", () => {
    const wrong = new Map<string, number>();
    let agree = 0;
    let auth = 0;
    for (const record of flagged) {
      const draft = draftOf({ ...record, readOnly: null });
      if (draft.verb_class === "auth") auth++;
      const right = draft.verb_class === "auth" || (record.readOnly ? draft.verb_class === "read" : writes(draft));
      if (right) agree++;
      else wrong.set(`${record.eventName}`, (wrong.get(`${record.eventName}`) ?? 0) + 1);
    }
    const share = agree / flagged.length;
    console.info(
      `flag hidden: ${agree} of ${flagged.length} agree (${(share * 100).toFixed(2)} %), ${auth} of them as auth`,
      [...wrong],
    );
    expect(share).toBeGreaterThanOrEqual(0.99);
  });
});

describe.skipIf(!present)("sessions", () => {
  test("the instance session used from two networks is one session of one principal", () => {
    const session = recordsOf("invictus")
      .map(draftOf)
      .filter((draft) => draft.session_uid?.endsWith(":i-0dbc91f429e48eeed"));
    expect(new Set(session.map((draft) => draft.session_uid)).size).toBe(1);
    expect(new Set(session.map((draft) => draft.principal_uid)).size).toBe(1);
    expect(new Set(session.map((draft) => draft.key_id)).size).toBeGreaterThan(1);
    expect(session.every((draft) => draft.session_kind === "instance")).toBe(true);
    expect(session.map((draft) => draft.source)).toEqual(expect.arrayContaining(["3.225.16.109", "192.168.10.20"]));
  });
});

interface RuleTest {
  log_types: string[];
  log: JsonObject;
}

/** Hand-written samples of about 60 log types: what the verb tables were not made from, and much that is not ours. */
describe.skipIf(!present)("rule tests", () => {
  const lines = present
    ? gunzipSync(readFileSync(join(shared, "rule-tests/panther.dev.ndjson.gz"))).toString("utf8")
    : "";
  const rows = lines.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as RuleTest]));
  const single = rows.filter((row) => row.log_types.length === 1);
  const registry = createRegistry();

  test("CloudTrail samples are recognised, samples of other providers are not taken for it", () => {
    for (const { log_types, log } of single) {
      const ours = log_types[0] === "AWS.CloudTrail";
      expect(registry.recognise(log) === cloudtrail, JSON.stringify(log).slice(0, 200)).toBe(ours);
    }
  });

  test("no sample throws, and with the flag hidden the class agrees in at least 97 %", () => {
    let flagged = 0;
    let agree = 0;
    for (const { log } of single.filter((row) => row.log_types[0] === "AWS.CloudTrail")) {
      const outcome = cloudtrail.normalize({ ...log, readOnly: null });
      if (outcome.kind !== "ok" || Array.isArray(outcome.value) || typeof log.readOnly !== "boolean") continue;
      const verb = outcome.value.verb_class;
      flagged++;
      if (verb === "auth" || (log.readOnly ? verb === "read" : verb === "write" || verb === "admin")) agree++;
    }
    console.info(`rule tests, flag hidden: ${agree} of ${flagged} agree (${((agree / flagged) * 100).toFixed(2)} %)`);
    expect(agree / flagged).toBeGreaterThanOrEqual(0.97);
  });
});
