import { beforeAll, expect, test } from "vitest";
import type { DetectEvent } from "../../detect/detection.ts";
import { PackedProfile } from "../../detect/packed_profile.ts";
import { type Profile, profileFrom, profileText, valueDimensions } from "../../detect/profile.ts";
import { MAX_VALUES } from "../../detect/values.ts";
import { config } from "../../schemas/config.ts";
import { DAY_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { type Draws, draws } from "../quality/random.ts";
import { tempFolder } from "../support.ts";
import { closed, engineFor, event, MONDAY } from "./make.ts";

/* A profile is at most 8 KB, in memory and in the store, though the key used 64 or more values in every dimension and read thousands of objects. */

const LIMIT = 8 * 1024;
const KEYS = 24;
/** More than a profile keeps. */
const VALUES = 80;
const SERVICES = ["s3", "ec2", "lambda", "dynamodb", "kms", "logs", "sqs", "sns", "rds", "ecs"];
const VERBS = ["Get", "List", "Describe", "Put", "Create", "Update", "Tag"];
const THINGS = ["Object", "Bucket", "Instance", "Policy", "Queue", "Item", "Function", "Table"];
const country = (n: number): string => String.fromCharCode(65 + (n % 26), 65 + Math.floor(n / 26));
let profiles: Profile[];

/** busy is a key that is everywhere and does everything, days before anything of it could be odd. */
function busy(key: string): DetectEvent[] {
  const d = draws("profile size", key);
  return Array.from({ length: VALUES * 3 }, (_, i) => oneCall(d, key, i));
}

function oneCall(d: Draws, key: string, i: number): DetectEvent {
  const n = i % VALUES;
  const net = `${1 + d.int(200)}.${d.int(256)}.${d.int(256)}`;
  const isRole = i % 3 === 0;
  return event({
    ...{ key_uid: key, subject_uid: key, time: MONDAY + Math.floor(i / 18) * DAY_MS + (i % 18) * 17 * MINUTE_MS },
    ...{ src_ip: `${net}.${d.int(256)}`, src_net: `${net}.0/24`, asn: 1_000 + d.int(400_000), country: country(n) },
    ...{ lat: Math.round(d.between(-80, 80) * 1e4) / 1e4, lon: Math.round(d.between(-179, 179) * 1e4) / 1e4 },
    ...{ user_agent_family: `${d.pick(["Boto3", "aws-cli", "terraform"])}-${n}`, user_agent: `tool/${n}.${d.int(90)}` },
    ...{ region: `${d.pick(["us-east", "eu-west", "ap-south"])}-${n}` },
    service: isRole ? "sts" : `${d.pick(SERVICES)}-${n}`,
    operation: isRole ? "AssumeRole" : `${d.pick(VERBS)}${d.pick(THINGS)}${n}`,
    resources: isRole
      ? [`arn:aws:iam::111122223333:role/deploy-${n}`]
      : Array.from({ length: 20 }, () => `bucket/${d.int(1e6)}`),
  });
}

beforeAll(() => {
  profiles = Array.from({ length: KEYS }, (_, k) => {
    const key = `aws_cloudtrail:busy${k}`;
    const engine = engineFor();
    closed(engine, busy(key));
    engine.advance("aws_cloudtrail", MONDAY + 20 * DAY_MS);
    return engine.profile(key)!;
  });
});

test("the profiles are full: 64 values in every dimension", () => {
  for (const { sealed } of profiles)
    expect(valueDimensions.map((d) => sealed.values[d].values.size)).toEqual(valueDimensions.map(() => MAX_VALUES));
});

test("in memory a full profile weighs at most 8 KB, and is the same when it is used again", () => {
  for (const profile of profiles) {
    const packed = new PackedProfile(profile);
    expect(packed.bytes).toBeLessThanOrEqual(LIMIT);
    expect(profileText(packed.unpack())).toBe(profileText(profile));
  }
});

test("in the store a full profile takes at most 8 KB, and comes back as it was", async () => {
  const store = await connectEmbedded(tempFolder());
  try {
    await migrate(store, config.parse({}));
    const written = profiles.map((p) => ({ subject_uid: p.subject_uid, state: profileText(p) }));
    await store.insert(
      "profiles",
      written.map((row) => ({ ...row, generation: 1, seq: 1, updated_at: new Date(MONDAY).toISOString() })),
    );
    const [size] = await store.rows(
      "SELECT sum(data_compressed_bytes) AS bytes FROM system.parts WHERE table = 'profiles' AND active",
    );
    expect(Number(size!.bytes)).toBeGreaterThan(0);
    expect(Number(size!.bytes) / KEYS).toBeLessThanOrEqual(LIMIT);
    const rows = await store.rows("SELECT subject_uid, state FROM profiles");
    const stored = new Map(rows.map((r) => [String(r.subject_uid), String(r.state)]));
    for (const { subject_uid, state } of written) {
      expect(stored.get(subject_uid)).toBe(state);
      expect(profileText(profileFrom(stored.get(subject_uid)!))).toBe(state);
    }
  } finally {
    await store.close();
  }
});
