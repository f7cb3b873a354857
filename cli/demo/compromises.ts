import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import { offsetMs } from "../../schemas/zone.ts";
import type { Agent } from "./agent.ts";
import { agentNamed, type Fleet } from "./fleet.ts";
import { utcOf } from "./history.ts";
import type { OperationId } from "./operations.ts";
import { BASE62, createRandom, type Random } from "./random.ts";
import { type Call, type CloudTrailRecord, cloudTrailRecord } from "./record.ts";

/** Compromise is one attack on one key of the fleet, played live. */
export interface Compromise {
  id: string;
  title: string;
  /** Name of the agent whose key is abused. */
  key: string;
  /** Detections that must speak; others may. */
  expects: string[];
  /** When it begins, ms after the start of live play, and the gap between its records, ms. */
  startsAtMs: number;
  spacingMs: number;
  /** Its records in order, the first one written at `now` (ms since the epoch). */
  records(now: number): CloudTrailRecord[];
}

/** Step is one call of an attack: what differs from the agent's usual one. */
type Step = Pick<Call, "operation"> & Partial<Pick<Call, "address" | "error" | "request" | "userAgent">>;

const AMSTERDAM = "2001:db8:6600::bad";
const SAO_PAULO = "2001:db8:6700::bad";
const ATTACK_AGENT = "aws-cli/2.22.0 md/awscrt#0.22.0 ua/2.0 os/linux#6.11 lang/python#3.12.6";

/** demoCompromises is the timeline of attacks, in the order they are played; all of it within 20 s. */
export function demoCompromises(fleet: Fleet, seed: number): Compromise[] {
  const plan = (
    facts: Omit<Compromise, "records">,
    steps: (random: Random, agent: Agent) => Step[],
    begin = (now: number) => now,
    spacing = facts.spacingMs,
  ): Compromise => ({
    ...facts,
    records(now) {
      const agent = agentNamed(fleet, facts.key);
      const random = createRandom(seed, "compromise", facts.id, now);
      const start = begin(now);
      return steps(random, agent).map((step, i) =>
        cloudTrailRecord({ agent, seed, random, address: ownAddress(agent), time: start + i * spacing, ...step }),
      );
    },
  });
  const from = (address: string, operations: OperationId[]): Step[] =>
    operations.map((operation) => ({ operation, address, userAgent: ATTACK_AGENT }));

  return [
    plan(
      {
        id: "leaked-key",
        title: "alice's key leaked: used from a rented server in another country to create a key with admin rights",
        key: "alice",
        expects: ["new_source", "new_operation"],
        startsAtMs: 2000,
        spacingMs: 300,
      },
      () =>
        from(AMSTERDAM, [
          "sts:GetCallerIdentity",
          "iam:ListUsers",
          "iam:ListAccessKeys",
          "iam:CreateAccessKey",
          "iam:AttachUserPolicy",
        ]),
    ),
    plan(
      {
        id: "read-key-writes",
        title: "finance-dashboard, declared read-only, overwrites and deletes objects and opens a bucket",
        key: "finance-dashboard",
        expects: ["write_on_read_only_key"],
        startsAtMs: 4500,
        spacingMs: 300,
      },
      () => [{ operation: "s3:PutObject" }, { operation: "s3:DeleteObject" }, { operation: "s3:PutBucketPolicy" }],
    ),
    plan(
      {
        id: "stolen-instance-credentials",
        title: "the web-app instance's temporary keys are used from a foreign network",
        key: "web-app",
        expects: ["credential_exfiltrated"],
        startsAtMs: 6500,
        spacingMs: 300,
      },
      () =>
        from(SAO_PAULO, ["sts:GetCallerIdentity", "s3:ListBuckets", "s3:ListObjects", "s3:GetObject", "s3:GetObject"]),
    ),
    plan(
      {
        id: "denied-enumeration",
        title: "ci-deploy tries every door: 34 operations over two dozen services, all denied",
        key: "ci-deploy",
        expects: ["denied_enumeration", "failure_spike"],
        startsAtMs: 8500,
        spacingMs: 60,
      },
      () => doors.map((operation) => ({ operation, error: "denied" })),
    ),
    plan(
      {
        id: "dormant-key",
        title: "legacy-import, silent for 60 days, wakes up",
        key: "legacy-import",
        expects: ["dormant_key_used"],
        startsAtMs: 11_500,
        spacingMs: 300,
      },
      () => [{ operation: "s3:GetObject" }, { operation: "s3:GetObject" }, { operation: "s3:GetObject" }],
    ),
    plan(
      {
        id: "revoked-key",
        title: "old-ci, revoked 20 days ago, still works",
        key: "old-ci",
        expects: ["key_used_after_revocation"],
        startsAtMs: 13_500,
        spacingMs: 300,
      },
      () => [{ operation: "ecs:DescribeServices" }, { operation: "ecs:UpdateService" }],
    ),
    plan(
      {
        id: "off-hours-write",
        title: "billing-report-bot writes at 03:10 in the night, from its own network",
        key: "billing-report-bot",
        expects: ["outside_declared_hours", "off_hours", "first_write"],
        startsAtMs: 15_500,
        spacingMs: 300,
      },
      () => [{ operation: "s3:ListObjects" }, { operation: "s3:GetObject" }, { operation: "s3:PutObject" }],
      (now) => lastNight("Europe/Berlin", 190, now),
      20_000,
    ),
    plan(
      {
        id: "secret-in-log",
        title: "warehouse-etl hands a payment key to a job in plain text, and the log holds it",
        key: "warehouse-etl",
        expects: ["secret_in_log"],
        startsAtMs: 17_500,
        spacingMs: 300,
      },
      (random) => [
        {
          operation: "glue:StartJobRun",
          request: {
            jobName: "import-orders",
            arguments: { "--stage": "nightly", "--payment-key": madeUpSecret(random) },
          },
        },
      ],
    ),
  ];
}

/** madeUpSecret looks like a payment provider's live key; it is drawn from the seed, so no file holds one. */
const madeUpSecret = (random: Random): string => ["sk", "live", random.text(BASE62, 32)].join("_");

/** lastNight is the last time the clock of a zone showed this minute of the day, at most 23 h before now; else it is night now. */
function lastNight(zone: string, minuteOfDay: number, now: number): number {
  const today = Math.floor((now + offsetMs(zone, now)) / DAY_MS);
  const at = (day: number) => utcOf(zone, day * DAY_MS + minuteOfDay * MINUTE_MS);
  const last = at(today) <= now - MINUTE_MS ? at(today) : at(today - 1);
  return now - last <= 23 * HOUR_MS ? last : now - MINUTE_MS;
}

const ownAddress = ({ source }: Agent): string =>
  source.kind === "fixed" ? source.addresses[0]! : `${source.prefix}0de::5eed`;

const doors: OperationId[] = [
  "s3:ListBuckets",
  "iam:ListUsers",
  "iam:ListRoles",
  "iam:ListPolicies",
  "iam:GetAccountAuthorizationDetails",
  "secretsmanager:ListSecrets",
  "ssm:DescribeParameters",
  "ssm:DescribeInstanceInformation",
  "kms:ListKeys",
  "kms:ListAliases",
  "sns:ListTopics",
  "sqs:ListQueues",
  "dynamodb:ListTables",
  "ec2:DescribeInstances",
  "ec2:DescribeVpcs",
  "ec2:DescribeSubnets",
  "ec2:DescribeSnapshots",
  "ec2:DescribeVolumes",
  "ec2:DescribeKeyPairs",
  "ec2:DescribeSecurityGroups",
  "rds:DescribeDBInstances",
  "rds:DescribeDBClusters",
  "redshift:DescribeClusters",
  "eks:ListClusters",
  "organizations:ListAccounts",
  "organizations:DescribeOrganization",
  "guardduty:ListDetectors",
  "route53:ListHostedZones",
  "cloudformation:ListStacks",
  "elasticloadbalancing:DescribeLoadBalancers",
  "apigateway:GetRestApis",
  "cloudfront:ListDistributions",
  "ses:ListIdentities",
  "states:ListStateMachines",
];
