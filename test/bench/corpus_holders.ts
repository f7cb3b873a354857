import { BASE32, HEX, type Random } from "../../cli/demo/random.ts";
import { DAY_MS } from "../../schemas/duration.ts";

/** The corpus covers 28 days from a Monday. */
export const START = Date.parse("2026-06-01T00:00:00Z");
export const DAYS = 28;
export const ACCOUNT = "111122223333";

/** Holder is who makes calls: 240 users, 25 instances and 15 people with 4 temporary keys each (400 keys), 5 AWS services. */
export interface Holder {
  identity(time: number): Record<string, unknown>;
  addresses: string[];
  endpoint: string | null;
  userAgent: string;
  operations: Row[];
  /** Cumulative shares, most used first. */
  operationShares: Float64Array;
  addressShares: Float64Array;
}

/** Row is an operation: service, name, reads only, data event, and what its request names. */
export type Row = readonly [string, string, boolean, boolean, "none" | "object" | "bucket" | "id" | "name" | "list"];

const rows: readonly Row[] = [
  ["s3", "GetObject", true, true, "object"],
  ["kms", "Decrypt", true, false, "id"],
  ["ec2", "DescribeInstances", true, false, "list"],
  ["s3", "PutObject", false, true, "object"],
  ["dynamodb", "GetItem", true, true, "name"],
  ["logs", "CreateLogStream", false, false, "name"],
  ["sts", "GetCallerIdentity", true, false, "none"],
  ["s3", "ListObjects", true, true, "bucket"],
  ["lambda", "Invoke", false, true, "name"],
  ["ssm", "GetParameter", true, false, "name"],
  ["secretsmanager", "GetSecretValue", true, false, "id"],
  ["ecr", "BatchGetImage", true, false, "name"],
  ["kms", "GenerateDataKey", true, false, "id"],
  ["dynamodb", "PutItem", false, true, "name"],
  ["monitoring", "DescribeAlarms", true, false, "list"],
  ["ecs", "DescribeTasks", true, false, "id"],
  ["ec2", "DescribeVolumes", true, false, "list"],
  ["elasticloadbalancing", "DescribeTargetHealth", true, false, "id"],
  ["s3", "HeadObject", true, true, "object"],
  ["autoscaling", "DescribeAutoScalingGroups", true, false, "list"],
  ["sts", "AssumeRole", true, false, "name"],
  ["ecr", "GetAuthorizationToken", true, false, "none"],
  ["rds", "DescribeDBInstances", true, false, "none"],
  ["ssm", "UpdateInstanceInformation", false, false, "id"],
  ["ec2", "DescribeSecurityGroups", true, false, "list"],
  ["cloudformation", "DescribeStacks", true, false, "name"],
  ["iam", "GetRole", true, false, "name"],
  ["ecs", "UpdateService", false, false, "name"],
  ["s3", "GetBucketAcl", true, false, "bucket"],
  ["lambda", "GetFunction20150331v2", true, false, "name"],
  ["iam", "ListUsers", true, false, "none"],
  ["ec2", "CreateTags", false, false, "list"],
  ["sqs", "ReceiveMessage", false, true, "name"],
  ["s3", "ListBuckets", true, false, "none"],
  ["s3", "DeleteObject", false, true, "object"],
  ["ec2", "RunInstances", false, false, "list"],
  ["iam", "ListAttachedRolePolicies", true, false, "name"],
  ["lambda", "UpdateFunctionCode20150331v2", false, false, "name"],
  ["ec2", "TerminateInstances", false, false, "list"],
  ["config", "DescribeConfigRules", true, false, "none"],
  ["cloudtrail", "LookupEvents", true, false, "none"],
  ["iam", "PassRole", false, false, "name"],
  ["s3", "PutBucketPolicy", false, false, "bucket"],
  ["iam", "CreateAccessKey", false, false, "name"],
];

const AGENTS = [
  "Boto3/1.40.11 Python/3.12.3",
  "aws-sdk-java/2.31.60 Linux/6.1",
  "aws-sdk-go-v2/1.36.3 lang/go#1.24.2",
  "aws-cli/2.27.50 os/macos#24.5.0",
  "Terraform/1.12.2 APN/1.0",
  "aws-sdk-js/3.844.0 md/nodejs#22.17.0",
];
const SERVICES = ["lambda", "ecs", "ec2", "config", "autoscaling"];
/** First octets under which much public address space is in use, so that look-ups do real work. */
const OCTETS = [3, 13, 18, 34, 35, 44, 52, 54, 62, 77, 81, 84, 91, 93, 104, 151, 178, 185, 188, 193, 203, 212];

/** Group is all holders of a kind and the share of records they write. */
export interface Group {
  share: number;
  holders: Holder[];
  shares: Float64Array;
}

export function makeGroups(random: Random): Group[] {
  const group = (share: number, size: number, make: (i: number) => Holder): Group => ({
    share,
    holders: Array.from({ length: size }, (_, i) => make(i)),
    shares: skewed(size),
  });
  return [
    group(0.77, 240, (i) => {
      const spread = i % 12 === 0 ? 60 : i % 4 === 1 ? 12 : 2;
      const identity = userIdentity(`svc-${random.text(HEX, 6)}`, random);
      return holder(identity, addresses(spread, random), null, random.pick(AGENTS), random);
    }),
    group(0.11, 25, (i) => {
      const identity = sessionIdentity(`app-${random.text(HEX, 6)}`, `i-0${random.text(HEX, 16)}`, random);
      const endpoint = i % 2 === 0 ? `vpce-0${random.text(HEX, 16)}` : null;
      const inside = `10.0.${random.int(256)}.${1 + random.int(254)}`;
      return holder(identity, endpoint ? [inside] : addresses(1, random), endpoint, AGENTS[1]!, random);
    }),
    group(0.04, 15, (i) =>
      holder(
        sessionIdentity("engineer", `user${i}@example.com`, random),
        addresses(50, random),
        null,
        AGENTS[3]!,
        random,
      ),
    ),
    group(0.08, SERVICES.length, (i) => {
      const service = `${SERVICES[i]}.amazonaws.com`;
      return holder(() => ({ type: "AWSService", invokedBy: service }), [service], null, service, random);
    }),
  ];
}

function holder(
  identity: Holder["identity"],
  from: string[],
  endpoint: string | null,
  userAgent: string,
  random: Random,
): Holder {
  const operations = ownRows(random);
  const [operationShares, addressShares] = [skewed(operations.length), skewed(from.length)];
  return { identity, addresses: from, endpoint, userAgent, operations, operationShares, addressShares };
}

function userIdentity(userName: string, random: Random): Holder["identity"] {
  const identity = {
    type: "IAMUser",
    principalId: `AIDA${random.text(BASE32, 17)}`,
    arn: `arn:aws:iam::${ACCOUNT}:user/${userName}`,
    accountId: ACCOUNT,
    accessKeyId: `AKIA${random.text(BASE32, 16)}`,
    userName,
  };
  return () => identity;
}

/** sessionIdentity changes its temporary key every week. */
function sessionIdentity(role: string, session: string, random: Random): Holder["identity"] {
  const principalId = `AROA${random.text(BASE32, 17)}`;
  const weeks = Array.from({ length: DAYS / 7 }, (_, week) => ({
    type: "AssumedRole",
    principalId: `${principalId}:${session}`,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${session}`,
    accountId: ACCOUNT,
    accessKeyId: `ASIA${random.text(BASE32, 16)}`,
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId,
        arn: `arn:aws:iam::${ACCOUNT}:role/${role}`,
        accountId: ACCOUNT,
        userName: role,
      },
      attributes: { creationDate: seconds(START + week * 7 * DAY_MS), mfaAuthenticated: "false" },
    },
  }));
  return (time) => weeks[Math.floor((time - START) / (7 * DAY_MS))]!;
}

/** ownRows gives a holder 4 to 20 operations, the common ones more often. */
function ownRows(random: Random): Row[] {
  const shares = skewed(rows.length);
  const own = new Set<Row>();
  for (const size = 4 + random.int(17); own.size < size; ) own.add(rows[drawn(shares, random)]!);
  return [...own];
}

const addresses = (count: number, random: Random): string[] =>
  Array.from({ length: count }, () =>
    random.chance(0.05)
      ? `2a0${random.int(8)}:${(256 + random.int(65_000)).toString(16)}::${(1 + random.int(65_000)).toString(16)}`
      : `${random.pick(OCTETS)}.${random.int(256)}.${random.int(256)}.${1 + random.int(254)}`,
  );

/** skewed gives cumulative shares that fall like 1 / (rank + 4). */
export const skewed = (length: number): Float64Array => cumulative(Array.from({ length }, (_, rank) => 1 / (rank + 4)));

export function cumulative(weights: number[]): Float64Array {
  let sum = 0;
  const total = weights.reduce((a, b) => a + b, 0);
  const out = Float64Array.from(weights, (weight) => {
    sum += weight;
    return sum / total;
  });
  out[out.length - 1] = 1;
  return out;
}

/** drawn gives the index whose share holds a random draw. */
export function drawn(shares: Float64Array, random: Random): number {
  const draw = random.next();
  let [low, high] = [0, shares.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shares[middle]! > draw) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const seconds = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
