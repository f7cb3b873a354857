import type { JsonObject } from "../../ingest/provider.ts";
import { BASE32, HEX, type Random } from "./random.ts";

/** Operation is what CloudTrail says of an API call besides who made it. */
export interface Operation {
  readOnly: boolean;
  /** Object-level call, logged as a data event. */
  data: boolean;
  request: ((random: Random) => JsonObject) | null;
  response: ((random: Random) => JsonObject) | null;
}

type Build = Operation["request"];
const read = (request: Build = null, data = false): Operation => ({ readOnly: true, data, request, response: null });
const write = (request: Build = null, response: Build = null, data = false): Operation => ({
  readOnly: false,
  data,
  request,
  response,
});

const BUCKETS = ["example-reports", "example-invoices", "example-backups", "example-web-assets"];
const FUNCTIONS = ["checkout", "resize-images", "send-receipts"];

const bucket = (r: Random): JsonObject => {
  const bucketName = r.pick(BUCKETS);
  return { bucketName, Host: `${bucketName}.s3.eu-central-1.amazonaws.com` };
};
const object = (r: Random): JsonObject => ({ ...bucket(r), key: `2026/${r.int(12) + 1}/part-${r.int(4000)}.parquet` });
const dates = (r: Random): JsonObject => ({
  timePeriod: { start: `2026-0${r.int(9) + 1}-01`, end: `2026-0${r.int(9) + 1}-28` },
  granularity: "DAILY",
});
const lambda = (r: Random): JsonObject => ({ functionName: r.pick(FUNCTIONS) });
const user = (r: Random): JsonObject => ({ userName: r.pick(["alice", "bob", "carol"]) });
const service = (r: Random): JsonObject => ({ cluster: "production", service: r.pick(["checkout", "search"]) });
const repository = (r: Random): JsonObject => ({ repositoryName: r.pick(["checkout", "search", "web-app"]) });
const table = (r: Random): JsonObject => ({ tableName: "orders", key: { id: r.text(HEX, 12) } });

/** operations are the calls of the demo, named `<event source prefix>:<event name>`. */
export const operations = {
  "s3:ListBuckets": read(),
  "s3:GetBucketLocation": read(bucket),
  "s3:GetBucketAcl": read(bucket),
  "s3:ListObjects": read(bucket, true),
  "s3:HeadObject": read(object, true),
  "s3:GetObject": read(object, true),
  "s3:PutObject": write(object, null, true),
  "s3:DeleteObject": write(object, null, true),
  "s3:PutBucketPolicy": write((r) => ({ ...bucket(r), bucketPolicy: { Version: "2012-10-17", Statement: [] } })),
  "ce:GetCostAndUsage": read(dates),
  "ce:GetCostForecast": read(dates),
  "ce:GetDimensionValues": read(dates),
  "cur:DescribeReportDefinitions": read(),
  "athena:StartQueryExecution": write((r) => ({ workGroup: "primary", clientRequestToken: r.uuid() })),
  "athena:GetQueryExecution": read((r) => ({ queryExecutionId: r.uuid() })),
  "athena:GetQueryResults": read((r) => ({ queryExecutionId: r.uuid() })),
  "rds:DescribeDBInstances": read(),
  "rds:DescribeDBSnapshots": read(),
  "rds:CreateDBSnapshot": write((r) => ({
    dBInstanceIdentifier: "orders",
    dBSnapshotIdentifier: `orders-${r.text(HEX, 8)}`,
  })),
  "ecs:DescribeServices": read(service),
  "ecs:DescribeTasks": read(service),
  "ecs:UpdateService": write(service),
  "ecs:RegisterTaskDefinition": write((r) => ({ family: r.pick(["checkout", "search"]), networkMode: "awsvpc" })),
  "ecr:GetAuthorizationToken": read(),
  "ecr:BatchGetImage": read(repository),
  "ecr:InitiateLayerUpload": write(repository),
  "ecr:PutImage": write(repository),
  "lambda:GetFunction20150331v2": read(lambda),
  "lambda:ListFunctions20150331": read(),
  "lambda:UpdateFunctionCode20150331v2": write(lambda),
  "logs:DescribeLogGroups": read(),
  "logs:FilterLogEvents": read(() => ({ logGroupName: "/aws/lambda/checkout", limit: 100 })),
  "monitoring:GetMetricData": read(),
  "monitoring:DescribeAlarms": read(),
  "ec2:DescribeInstances": read(() => ({ instancesSet: {}, filterSet: {} })),
  "ec2:DescribeSecurityGroups": read(),
  "ec2:StartInstances": write(() => ({ instancesSet: { items: [{ instanceId: "i-0f00dfacefeed0001" }] } })),
  "ec2:StopInstances": write(() => ({ instancesSet: { items: [{ instanceId: "i-0f00dfacefeed0001" }] } })),
  "dynamodb:GetItem": read(table, true),
  "dynamodb:PutItem": write(table, null, true),
  "sqs:ReceiveMessage": write(() => ({ queueUrl: "https://sqs.eu-central-1.amazonaws.com/111122223333/orders" })),
  "sqs:SendMessage": write(() => ({ queueUrl: "https://sqs.eu-central-1.amazonaws.com/111122223333/orders" })),
  "kms:Decrypt": read(() => ({ encryptionAlgorithm: "SYMMETRIC_DEFAULT", encryptionContext: {} })),
  "glue:GetJobRun": read(() => ({ jobName: "import-orders" })),
  "glue:StartJobRun": write(
    () => ({ jobName: "import-orders", arguments: { "--stage": "nightly" } }),
    (r) => ({ jobRunId: `jr_${r.text(HEX, 32)}` }),
  ),
  "support:DescribeCases": read(),
  "support:AddCommunicationToCase": write(() => ({ caseId: "case-111122223333-muen-2026-1" })),
  "cloudtrail:LookupEvents": read(() => ({ maxResults: 50 })),
  "cloudtrail:DescribeTrails": read(),
  "cloudtrail:GetTrailStatus": read(),
  "config:DescribeConfigRules": read(),
  "config:GetComplianceDetailsByConfigRule": read(),
  "iam:GetAccountSummary": read(),
  "iam:GetAccountAuthorizationDetails": read(),
  "iam:ListUsers": read(),
  "iam:ListRoles": read(),
  "iam:ListPolicies": read(),
  "iam:ListAccessKeys": read(user),
  "iam:CreateAccessKey": write(
    () => ({ userName: "backup-admin" }),
    (r) => ({
      accessKey: {
        accessKeyId: `AKIA${r.text(BASE32, 16)}`,
        status: "Active",
        userName: "backup-admin",
      },
    }),
  ),
  "iam:AttachUserPolicy": write(() => ({
    userName: "backup-admin",
    policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
  })),
  "sts:GetCallerIdentity": read(),
  "sts:AssumeRole": read(),
  "secretsmanager:ListSecrets": read(),
  "ssm:DescribeParameters": read(),
  "ssm:DescribeInstanceInformation": read(),
  "kms:ListKeys": read(),
  "kms:ListAliases": read(),
  "sns:ListTopics": read(),
  "sqs:ListQueues": read(),
  "dynamodb:ListTables": read(),
  "ec2:DescribeVpcs": read(),
  "ec2:DescribeSubnets": read(),
  "ec2:DescribeSnapshots": read(),
  "ec2:DescribeVolumes": read(),
  "ec2:DescribeKeyPairs": read(),
  "rds:DescribeDBClusters": read(),
  "redshift:DescribeClusters": read(),
  "eks:ListClusters": read(),
  "ecs:ListClusters": read(),
  "organizations:ListAccounts": read(),
  "organizations:DescribeOrganization": read(),
  "guardduty:ListDetectors": read(),
  "route53:ListHostedZones": read(),
  "cloudformation:ListStacks": read(),
  "elasticloadbalancing:DescribeLoadBalancers": read(),
  "apigateway:GetRestApis": read(),
  "cloudfront:ListDistributions": read(),
  "ses:ListIdentities": read(),
  "states:ListStateMachines": read(),
  "glue:GetDatabases": read(),
} satisfies Record<string, Operation>;

export type OperationId = keyof typeof operations;
