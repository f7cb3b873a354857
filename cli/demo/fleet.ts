import { DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import type { Agent } from "./agent.ts";
import { BASE32, createRandom, HEX } from "./random.ts";

export const PRODUCTION = "111122223333";
export const STAGING = "444455556666";

/** DEMO_HISTORY_DAYS is long enough to know the key that fell silent 60 days ago. */
export const DEMO_HISTORY_DAYS = 90;

/** Fleet is one made-up company on AWS; everything that lies at an age is counted back from `end`. */
export interface Fleet {
  seed: number;
  /** ms since the epoch: where history ends and live play begins. */
  end: number;
  agents: Agent[];
}

/** demoFleet declares the fleet. Key ids and principal ids are drawn from the seed; none is real. */
export function demoFleet(seed: number, end: number): Fleet {
  const daysAgo = (days: number) => Math.floor(end / DAY_MS) * DAY_MS - days * DAY_MS;
  const user = (name: string) => {
    const r = createRandom(seed, "user", name);
    return { kind: "user" as const, keyId: `AKIA${r.text(BASE32, 16)}`, principalId: `AIDA${r.text(BASE32, 17)}` };
  };
  const role = (name: string, session: string, instance: boolean, rotateMs: number) => ({
    kind: "role" as const,
    principalId: `AROA${createRandom(seed, "role", name).text(BASE32, 17)}`,
    session,
    instance,
    rotateMs,
  });
  const bot = {
    environment: "production",
    account: PRODUCTION,
    human: false,
    timezone: "UTC",
    hours: null,
    region: "eu-central-1",
    active: { from: null, until: null },
    trips: [] as Agent["trips"],
  } satisfies Partial<Agent>;
  const staging = { environment: "staging", account: STAGING } as const;
  const cloud = ["198.51.100.0/24"];
  const london = (from: number) => ({
    from: daysAgo(from),
    until: daysAgo(from - 4),
    timezone: "Europe/London",
    addresses: ["2001:db8:200::41", "2001:db8:200::57"],
  });

  const agents: Agent[] = [
    {
      ...bot,
      name: "billing-report-bot",
      owner: "team-finance",
      access: "read",
      timezone: "Europe/Berlin",
      hours: { days: "mon-fri", from: "08:00", to: "18:00" },
      networks: ["203.0.113.0/24"],
      rhythm: { kind: "bursts", callsPerDay: 70, burst: 5 },
      operations: { "ce:GetCostAndUsage": 5, "ce:GetCostForecast": 1, "s3:ListObjects": 3, "s3:GetObject": 8 },
      errors: { not_found: 0.01, throttled: 0.004 },
      credential: user("billing-report-bot"),
      source: { kind: "fixed", addresses: ["203.0.113.10", "203.0.113.11"] },
      userAgent: "Boto3/1.40.11 md/Botocore#1.40.11 ua/2.1 os/linux#6.8.0 lang/python#3.12.3",
    },
    {
      ...bot,
      name: "backup-cron",
      owner: "team-platform",
      access: "write",
      hours: { days: "daily", from: "02:00", to: "02:20" },
      networks: cloud,
      rhythm: { kind: "bursts", callsPerDay: 60, burst: 12 },
      operations: { "s3:PutObject": 12, "s3:ListObjects": 2, "rds:CreateDBSnapshot": 1, "rds:DescribeDBSnapshots": 1 },
      errors: { throttled: 0.01 },
      credential: user("backup-cron"),
      source: { kind: "fixed", addresses: ["198.51.100.21"] },
      userAgent: "aws-cli/2.27.5 md/awscrt#0.26.1 ua/2.1 os/linux#6.1 exec-env/EC2",
    },
    {
      ...bot,
      name: "ci-deploy",
      owner: "team-platform",
      access: "write",
      timezone: "Europe/Berlin",
      networks: ["2001:db8:c000::/36"],
      rhythm: { kind: "bursts", callsPerDay: 110, burst: 9, weekend: 0.1 },
      operations: {
        "ecr:GetAuthorizationToken": 3,
        "ecr:BatchGetImage": 3,
        "ecr:InitiateLayerUpload": 5,
        "ecr:PutImage": 3,
        "ecs:RegisterTaskDefinition": 2,
        "ecs:UpdateService": 2,
        "ecs:DescribeServices": 6,
        "lambda:GetFunction20150331v2": 2,
        "lambda:UpdateFunctionCode20150331v2": 2,
      },
      errors: { throttled: 0.008, denied: 0.001 },
      credential: user("ci-deploy"),
      source: { kind: "ephemeral", prefix: "2001:db8:c" },
      userAgent: "aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.2 md/GOOS#linux md/GOARCH#amd64",
    },
    {
      ...bot,
      name: "finance-dashboard",
      owner: "team-finance",
      access: "read",
      networks: cloud,
      rhythm: { kind: "hourly", callsPerDay: 120, burst: 5 },
      operations: { "ce:GetCostAndUsage": 3, "s3:ListObjects": 2, "s3:GetObject": 6, "monitoring:GetMetricData": 2 },
      errors: { not_found: 0.005, throttled: 0.003 },
      credential: user("finance-dashboard"),
      source: { kind: "fixed", addresses: ["198.51.100.40"] },
      userAgent: "aws-sdk-js/3.844.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#22.17.0",
    },
    {
      ...bot,
      name: "alice",
      owner: "alice@example.com",
      access: "write",
      human: true,
      timezone: "America/New_York",
      hours: { days: "mon-fri", from: "09:00", to: "18:00" },
      networks: ["192.0.2.0/24", "2001:db8:100::/48", "2001:db8:200::/48"],
      rhythm: { kind: "bursts", callsPerDay: 40, burst: 4, evenings: 0.12 },
      operations: {
        "ec2:DescribeInstances": 5,
        "ec2:StartInstances": 1,
        "ec2:StopInstances": 1,
        "s3:ListBuckets": 2,
        "s3:GetObject": 4,
        "s3:PutObject": 1,
        "logs:FilterLogEvents": 6,
        "lambda:ListFunctions20150331": 2,
        "rds:DescribeDBInstances": 2,
      },
      errors: { not_found: 0.015, denied: 0.004 },
      credential: user("alice"),
      source: {
        kind: "fixed",
        addresses: ["192.0.2.33"],
        home: ["2001:db8:100::a11c"],
      },
      region: "us-east-1",
      userAgent: "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/macos#24.5.0 md/arch#arm64 lang/python#3.13.4",
      trips: [london(72), london(34)],
    },
    {
      ...bot,
      name: "legacy-import",
      owner: "team-data",
      access: "write",
      timezone: "Europe/Berlin",
      hours: { days: "daily", from: "05:00", to: "07:00" },
      networks: ["203.0.113.0/24"],
      rhythm: { kind: "bursts", callsPerDay: 24, burst: 6 },
      operations: { "s3:GetObject": 3, "s3:PutObject": 4, "sqs:SendMessage": 1 },
      errors: { not_found: 0.01 },
      credential: user("legacy-import"),
      source: { kind: "fixed", addresses: ["203.0.113.40"] },
      userAgent: "aws-sdk-java/1.12.700 Linux/4.19 OpenJDK_64-Bit_Server_VM/11.0.22",
      active: { from: null, until: daysAgo(60) },
    },
    {
      ...bot,
      name: "web-app",
      owner: "team-shop",
      access: "write",
      networks: cloud,
      rhythm: { kind: "bursts", callsPerDay: 150, burst: 3 },
      operations: {
        "dynamodb:GetItem": 6,
        "dynamodb:PutItem": 3,
        "s3:GetObject": 3,
        "sqs:SendMessage": 2,
        "kms:Decrypt": 1,
      },
      errors: { throttled: 0.004 },
      credential: role("web-app", `i-0${createRandom(seed, "instance").text(HEX, 16)}`, true, 6 * HOUR_MS),
      source: {
        kind: "fixed",
        addresses: ["198.51.100.77"],
        endpoint: { id: "vpce-0a1b2c3d4e5f60718", addresses: ["10.0.12.34"], share: 0.3 },
      },
      userAgent: "aws-sdk-java/2.31.60 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1 lang/java#21.0.7",
    },
    {
      ...bot,
      name: "auditor",
      owner: "audit@example.com",
      access: "read",
      human: true,
      timezone: "Australia/Sydney",
      hours: { days: "mon-fri", from: "09:00", to: "17:00" },
      networks: ["2001:db8:300::/48"],
      rhythm: { kind: "bursts", callsPerDay: 25, burst: 5 },
      operations: {
        "cloudtrail:LookupEvents": 4,
        "cloudtrail:DescribeTrails": 1,
        "config:DescribeConfigRules": 2,
        "config:GetComplianceDetailsByConfigRule": 4,
        "iam:ListUsers": 1,
        "iam:ListRoles": 1,
        "iam:GetAccountSummary": 1,
      },
      errors: { throttled: 0.005, denied: 0.004 },
      credential: role("auditor", "audit@example.com", false, 12 * HOUR_MS),
      source: { kind: "fixed", addresses: ["2001:db8:300::7", "2001:db8:300::9"] },
      userAgent: "aws-cli/2.27.31 md/awscrt#0.26.1 ua/2.1 os/windows#11 md/arch#amd64 lang/python#3.13.3",
    },
    {
      ...bot,
      name: "monthly-invoices",
      owner: "team-finance",
      access: "write",
      hours: { days: "daily", from: "04:00", to: "06:00" },
      networks: cloud,
      rhythm: { kind: "monthly", callsPerDay: 60, burst: 10 },
      operations: {
        "s3:GetObject": 5,
        "s3:PutObject": 3,
        "athena:StartQueryExecution": 1,
        "athena:GetQueryResults": 2,
      },
      errors: { not_found: 0.01 },
      credential: user("monthly-invoices"),
      source: { kind: "fixed", addresses: ["198.51.100.60"] },
      userAgent: "Boto3/1.39.4 md/Botocore#1.39.4 ua/2.1 os/linux#6.1 lang/python#3.11.9",
    },
    {
      ...bot,
      name: "support-bangalore",
      owner: "team-support",
      ...staging,
      access: "write",
      timezone: "Asia/Kolkata",
      hours: { days: "mon-fri", from: "10:00", to: "19:00" },
      networks: ["2001:db8:400::/48"],
      rhythm: { kind: "bursts", callsPerDay: 45, burst: 4 },
      operations: {
        "support:DescribeCases": 5,
        "support:AddCommunicationToCase": 1,
        "logs:FilterLogEvents": 3,
        "monitoring:DescribeAlarms": 2,
      },
      errors: { throttled: 0.01, denied: 0.002 },
      credential: user("support-bangalore"),
      source: { kind: "fixed", addresses: ["2001:db8:400::21", "2001:db8:400::22"] },
      region: "ap-south-1",
      userAgent: "Boto3/1.38.2 md/Botocore#1.38.2 ua/2.1 os/linux#5.15 lang/python#3.10.12",
    },
    {
      ...bot,
      name: "warehouse-etl",
      owner: "team-data",
      ...staging,
      access: "write",
      networks: cloud,
      rhythm: { kind: "hourly", callsPerDay: 72, burst: 3 },
      operations: { "glue:StartJobRun": 1, "glue:GetJobRun": 3, "s3:ListObjects": 1 },
      errors: { throttled: 0.006 },
      credential: user("warehouse-etl"),
      source: { kind: "fixed", addresses: ["198.51.100.90"] },
      userAgent: "Boto3/1.40.2 md/Botocore#1.40.2 ua/2.1 os/linux#6.1 lang/python#3.12.3",
    },
    {
      ...bot,
      name: "old-ci",
      owner: "team-platform",
      access: "write",
      timezone: "Europe/Berlin",
      networks: ["2001:db8:c000::/36"],
      rhythm: { kind: "bursts", callsPerDay: 40, burst: 8, weekend: 0.1 },
      operations: { "ecr:PutImage": 2, "ecr:BatchGetImage": 2, "ecs:UpdateService": 1, "ecs:DescribeServices": 4 },
      errors: { throttled: 0.008 },
      credential: user("old-ci"),
      source: { kind: "ephemeral", prefix: "2001:db8:c" },
      userAgent: "aws-sdk-go-v2/1.24.0 ua/2.1 os/linux lang/go#1.21.5 md/GOOS#linux md/GOARCH#amd64",
      active: { from: null, until: daysAgo(22) },
    },
  ];
  return { seed, end, agents };
}

/** agentNamed finds a member of the fleet; a name that is not there is a fault of the caller. */
export function agentNamed(fleet: Fleet, name: string): Agent {
  const agent = fleet.agents.find((a) => a.name === name);
  if (!agent) throw new Error(`no agent named "${name}" in the demo fleet`);
  return agent;
}
