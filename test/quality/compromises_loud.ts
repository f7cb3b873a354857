import type { Kind } from "./agent.ts";
import { MINUTE } from "./calendar.ts";
import { ATTACK_CLI, type Step, type Victim } from "./victim.ts";

export interface CompromiseKind {
  id: string;
  loud: boolean;
  /** What happens, for the page. */
  story: string;
  victims: Kind[];
  /** Only keys whose declaration says read. */
  readOnly?: boolean;
  play(v: Victim): Step[];
}

const ABROAD = ["thief-amsterdam", "thief-warsaw", "thief-lagos", "thief-saopaulo", "thief-singapore"];
const BOTS: Kind[] = ["office_bot", "nightly_cron", "read_report", "data_pipeline", "rotated_key", "new_key"];
const WITH_HOURS: Kind[] = ["office_bot", "person", "read_report"];

/** spaced puts operations one after another with gaps of a few seconds. */
export function spaced(
  v: Victim,
  start: number,
  seconds: [number, number],
  operations: string[],
  change: Step["change"] = {},
): Step[] {
  let time = start;
  return operations.map((operation) => {
    time += v.r.between(...seconds) * 1000;
    return { time, operation, change: { object: v.r.int(v.agent.objects), ...change } };
  });
}

const many = (n: number, make: () => string): string[] => Array.from({ length: n }, make);
const DOORS = [
  "iam:ListUsers",
  "iam:ListRoles",
  "iam:GetAccountAuthorizationDetails",
  "secretsmanager:ListSecrets",
  "ssm:DescribeParameters",
  "kms:ListKeys",
  "sns:ListTopics",
  "sqs:ListQueues",
  "dynamodb:ListTables",
  "ec2:DescribeInstances",
  "ec2:DescribeVpcs",
  "ec2:DescribeSnapshots",
  "rds:DescribeDBInstances",
  "redshift:DescribeClusters",
  "eks:ListClusters",
  "organizations:ListAccounts",
  "guardduty:ListDetectors",
  "lambda:ListFunctions20150331",
  "cloudformation:ListStacks",
  "ses:ListIdentities",
];

export const loud: readonly CompromiseKind[] = [
  {
    id: "foreign_network",
    loud: true,
    story: "the key is used from another country, in the victim's working hours, with a look around first",
    victims: [...BOTS, "person"],
    play: (v) =>
      spaced(v, v.busy(0), [5, 90], ["sts:GetCallerIdentity", "s3:ListBuckets", ...many(25, v.usual)], {
        address: v.thief(ABROAD),
        endpoint: null,
        userAgent: ATTACK_CLI,
      }),
  },
  {
    id: "off_hours_theft",
    loud: true,
    story: "the key is used from its own network in the depth of its night",
    victims: WITH_HOURS,
    play: (v) => spaced(v, v.night(0, 1.5, 4), [10, 120], many(25, v.usual)),
  },
  {
    id: "write_on_read_only",
    loud: true,
    story: "a key that is declared read-only writes and deletes",
    victims: ["read_report"],
    readOnly: true,
    play: (v) => spaced(v, v.busy(0), [10, 60], ["s3:PutObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObject"]),
  },
  {
    id: "denied_burst",
    loud: true,
    story: "twenty kinds of calls are tried within minutes, all denied",
    victims: [...BOTS, "person", "ci_runner"],
    play: (v) =>
      spaced(v, v.busy(0), [3, 15], [...v.r.sample(DOORS, 20), ...v.r.sample(DOORS, 15)], { error: "denied" }),
  },
  {
    id: "denied_hammer",
    loud: true,
    story: "one call is denied sixty times in ten minutes",
    victims: [...BOTS, "poller"],
    play: (v) =>
      spaced(
        v,
        v.busy(0),
        [5, 14],
        many(60, () => "secretsmanager:GetSecretValue"),
        { error: "denied" },
      ),
  },
  {
    id: "revoked_key",
    loud: true,
    story: "a deleted or revoked key is used once more, and works",
    victims: ["rotated_key"],
    play(v) {
      const { credential } = v.agent;
      const old = credential.type === "user" ? credential.keys[0]! : null;
      const start = (old?.revokedAt ?? 0) + v.r.between(2, 12) * 24 * 60 * MINUTE;
      return spaced(v, start, [10, 90], many(8, v.usual), { keyId: old!.id });
    },
  },
  {
    id: "dormant_key",
    loud: true,
    story: "a key that was silent for more than 40 days works again, from its own network",
    victims: ["dormant_key"],
    play: (v) => spaced(v, v.busy(0), [10, 90], many(10, v.usual)),
  },
  {
    id: "bulk_read",
    loud: true,
    story: "hundreds of different objects are read within the hour, from the own network in working hours",
    victims: ["office_bot", "read_report", "person"],
    play: (v) =>
      spaced(
        v,
        v.busy(0),
        [2, 8],
        many(600, () => "s3:GetObject"),
      ).map((s, i) => ({ ...s, change: { ...s.change, object: 100_000 + i } })),
  },
  {
    id: "credential_creation",
    loud: true,
    story: "a user with a key and administrator rights is made, from the own network in working hours",
    victims: [...BOTS, "person", "ci_runner"],
    play: (v) =>
      spaced(
        v,
        v.busy(0),
        [10, 60],
        ["iam:ListUsers", "iam:CreateUser", "iam:CreateAccessKey", "iam:AttachUserPolicy"],
      ),
  },
  {
    id: "stolen_instance",
    loud: true,
    story: "the temporary key of an instance is used outside of the cloud",
    victims: ["instance_service"],
    play: (v) =>
      spaced(v, v.busy(0), [5, 60], ["sts:GetCallerIdentity", "s3:ListBuckets", ...many(15, v.usual)], {
        address: v.thief(ABROAD),
        endpoint: null,
        userAgent: ATTACK_CLI,
      }),
  },
  {
    id: "stolen_function",
    loud: true,
    story: "the temporary key of a function is used from another country",
    victims: ["serverless_pool"],
    play: (v) =>
      spaced(v, v.busy(0), [5, 60], ["sts:GetCallerIdentity", ...many(15, v.usual)], {
        address: v.thief(ABROAD),
        endpoint: null,
      }),
  },
  {
    id: "log_tampering",
    loud: true,
    story: "the audit trail is stopped, from the own network in working hours",
    victims: [...BOTS, "person", "vendor_integration"],
    play: (v) =>
      spaced(
        v,
        v.busy(0),
        [10, 60],
        ["cloudtrail:DescribeTrails", "cloudtrail:StopLogging", "guardduty:DeleteDetector"],
      ),
  },
  {
    id: "honeytoken",
    loud: true,
    story: "a key that is a trap is tried",
    victims: ["honeytoken"],
    play: (v) =>
      spaced(v, v.busy(0), [10, 60], ["sts:GetCallerIdentity", "s3:ListBuckets"], { address: v.thief(ABROAD) }),
  },
  {
    id: "deletion_spree",
    loud: true,
    story: "hundreds of objects are deleted within the hour, from the own network in working hours",
    victims: ["office_bot", "data_pipeline", "nightly_cron"],
    play: (v) =>
      spaced(
        v,
        v.busy(0),
        [2, 10],
        many(300, () => "s3:DeleteObject"),
      ).map((s, i) => ({ ...s, change: { ...s.change, object: i } })),
  },
  {
    id: "mining",
    loud: true,
    story: "machines are started in regions that were never used, from a rented server",
    victims: ["person", "ci_runner", "data_pipeline", "nightly_cron"],
    play: (v) =>
      spaced(v, v.busy(0), [10, 60], ["ec2:DescribeRegions", ...many(12, () => "ec2:RunInstances")], {
        address: v.thief(["thief-amsterdam", "thief-warsaw", "thief-singapore"]),
        endpoint: null,
        userAgent: ATTACK_CLI,
        region: v.r.pick(["sa-east-1", "af-south-1", "eu-north-1"]),
      }),
  },
  {
    id: "model_abuse",
    loud: true,
    story: "a model is called hundreds of times, from the own network in working hours",
    victims: [...BOTS, "poller"],
    play: (v) =>
      spaced(v, v.busy(0), [4, 12], ["bedrock:ListFoundationModels", ...many(300, () => "bedrock:InvokeModel")]),
  },
  {
    id: "secret_sweep",
    loud: true,
    story: "the list of secrets and 25 secrets are read within minutes, from the own network in working hours",
    victims: [...BOTS, "person", "ci_runner"],
    play: (v) =>
      spaced(
        v,
        v.busy(0),
        [3, 20],
        ["secretsmanager:ListSecrets", ...many(25, () => "secretsmanager:GetSecretValue")],
      ).map((s, i) => ({
        ...s,
        change: { ...s.change, request: { secretId: `app/other/${i}` } },
      })),
  },
];
