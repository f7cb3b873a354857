import type { Call } from "./agent.ts";

/** Operations by job, `<event source>:<event name>`, the most frequent first. */
export const jobs = {
  report: [
    "s3:GetObject",
    "s3:ListObjects",
    "ce:GetCostAndUsage",
    "athena:GetQueryResults",
    "athena:GetQueryExecution",
    "s3:GetBucketLocation",
  ],
  office: [
    "s3:GetObject",
    "s3:PutObject",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "sqs:SendMessage",
    "s3:ListObjects",
  ],
  backup: [
    "s3:PutObject",
    "ec2:DescribeVolumes",
    "ec2:CreateSnapshot",
    "ec2:DescribeSnapshots",
    "ec2:DeleteSnapshot",
    "s3:ListObjects",
  ],
  poller: [
    "ec2:DescribeInstances",
    "monitoring:GetMetricData",
    "rds:DescribeDBInstances",
    "elasticloadbalancing:DescribeTargetHealth",
  ],
  ci: [
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:PutImage",
    "ecs:DescribeServices",
    "ecs:UpdateService",
    "ecs:RegisterTaskDefinition",
    "ecr:GetAuthorizationToken",
    "s3:PutObject",
  ],
  serverless: ["dynamodb:GetItem", "dynamodb:PutItem", "s3:GetObject", "sqs:SendMessage", "kms:Decrypt"],
  instance: [
    "s3:GetObject",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "dynamodb:GetItem",
    "kms:Decrypt",
    "ssm:GetParameter",
  ],
  pipeline: [
    "s3:GetObject",
    "s3:PutObject",
    "glue:GetPartitions",
    "glue:BatchCreatePartition",
    "athena:StartQueryExecution",
    "athena:GetQueryExecution",
    "s3:ListObjects",
  ],
  vendor: [
    "ce:GetCostAndUsage",
    "ec2:DescribeInstances",
    "s3:ListObjects",
    "s3:GetObject",
    "organizations:ListAccounts",
  ],
  admin: [
    "iam:GetRole",
    "iam:GetPolicy",
    "iam:ListAttachedRolePolicies",
    "ec2:DescribeVpcs",
    "iam:CreateRole",
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
    "ec2:AuthorizeSecurityGroupIngress",
    "kms:DescribeKey",
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
  ],
  scanner: [
    "iam:ListUsers",
    "iam:ListRoles",
    "iam:GetAccountSummary",
    "s3:GetBucketAcl",
    "s3:GetBucketPolicy",
    "ec2:DescribeSecurityGroups",
    "kms:ListKeys",
    "cloudtrail:DescribeTrails",
    "rds:DescribeDBSnapshots",
    "lambda:ListFunctions20150331",
    "ec2:DescribeSnapshots",
    "sns:ListTopics",
    "sqs:ListQueues",
    "config:DescribeConfigRules",
    "iam:GetAccountAuthorizationDetails",
    "ecr:DescribeRepositories",
    "eks:ListClusters",
    "secretsmanager:ListSecrets",
  ],
  person: [
    "ec2:DescribeInstances",
    "s3:ListBuckets",
    "s3:GetObject",
    "logs:FilterLogEvents",
    "logs:DescribeLogGroups",
    "lambda:ListFunctions20150331",
    "cloudformation:DescribeStacks",
    "s3:PutObject",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "dynamodb:Scan",
  ],
} as const;
export type Job = keyof typeof jobs;

/** What people and growing programs reach for now and then. */
export const tail: Record<"reads" | "writes", readonly string[]> = {
  reads: [
    "rds:DescribeDBInstances",
    "iam:ListUsers",
    "iam:GetUser",
    "sns:ListTopics",
    "sqs:ListQueues",
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeImages",
    "ecs:ListClusters",
    "eks:DescribeCluster",
    "monitoring:DescribeAlarms",
    "route53:ListHostedZones",
    "cloudfront:ListDistributions",
    "acm:ListCertificates",
    "kms:ListAliases",
    "ssm:GetParameter",
    "secretsmanager:DescribeSecret",
    "glue:GetDatabases",
    "athena:ListWorkGroups",
    "states:ListStateMachines",
    "ecr:DescribeImages",
    "s3:GetBucketTagging",
    "events:ListRules",
    "apigateway:GetRestApis",
    "elasticache:DescribeCacheClusters",
  ],
  writes: [
    "sns:Publish",
    "ec2:CreateTags",
    "s3:DeleteObject",
    "lambda:UpdateFunctionCode20150331v2",
    "lambda:UpdateFunctionConfiguration20150331v2",
    "ecs:UpdateService",
    "cloudformation:UpdateStack",
    "monitoring:PutMetricAlarm",
    "route53:ChangeResourceRecordSets",
    "states:StartExecution",
    "events:PutRule",
    "dynamodb:UpdateTable",
    "sqs:CreateQueue",
    "ec2:RunInstances",
    "rds:CreateDBSnapshot",
    "logs:CreateLogGroup",
  ],
};

const READS = /^(Get|List|Describe|Head|Lookup|Query|Scan|BatchGet|Filter|Select|Decrypt)/;
const DATA =
  /^(s3:(GetObject|PutObject|DeleteObject|HeadObject|ListObjects)|dynamodb:(GetItem|PutItem|Query|Scan|UpdateItem))$/;
const BUCKETS = ["example-reports", "example-uploads", "example-warehouse", "example-assets", "example-archive"];

export const isReading = (operation: string): boolean => READS.test(operation.slice(operation.indexOf(":") + 1));
export const isData = (operation: string): boolean => DATA.test(operation);

/** requestOf gives plausible request parameters; the object number decides what the call acts on. */
export function requestOf(call: Call): Record<string, string> | null {
  if (call.request) return call.request;
  const { operation, object, agent } = call;
  const [service = "", name = ""] = operation.split(":");
  const bucketName = BUCKETS[(agent.name.length + (object % 2)) % BUCKETS.length]!;
  if (service === "s3") {
    if (name === "ListBuckets") return null;
    return /Object$/.test(name) ? { bucketName, key: `${agent.kind}/part-${object}.parquet` } : { bucketName };
  }
  if (service === "dynamodb") return { tableName: `table-${object % 3}` };
  if (service === "ssm") return { name: `/app/${agent.kind}/${object % 6}` };
  if (service === "secretsmanager") return { secretId: `app/${agent.kind}/${object % 4}` };
  if (service === "lambda") return { functionName: `function-${object % 8}` };
  if (service === "sqs") return { queueUrl: `https://sqs.example.com/${agent.account}/queue-${object % 4}` };
  if (service === "iam" && /Role/.test(name)) return { roleName: `role-${object % 40}` };
  if (service === "iam") return { userName: `user-${object % 40}` };
  if (service === "ecr") return { repositoryName: `repository-${object % 5}` };
  if (service === "ec2" && /Snapshot/.test(name)) return { snapshotId: `snap-${(0x1000 + object).toString(16)}` };
  return null;
}
