import type { Json, JsonObject } from "../../ingest/provider.ts";
import type { Agent } from "./agent.ts";
import { type OperationId, operations } from "./operations.ts";
import { BASE32, BASE62, createRandom, type Random } from "./random.ts";

/** CloudTrailRecord is one entry of `Records` as CloudTrail delivers it; only the fields the demo reads back are named. */
export type CloudTrailRecord = JsonObject & {
  eventTime: string;
  eventID: string;
  eventSource: string;
  eventName: string;
};

export type ErrorKind = "not_found" | "throttled" | "denied";

export interface Call {
  agent: Agent;
  seed: number;
  /** ms since the epoch; CloudTrail keeps whole seconds. */
  time: number;
  operation: OperationId;
  address: string;
  /** VPC endpoint the call came through. */
  endpoint?: string;
  error?: ErrorKind | null;
  userAgent?: string;
  /** Replaces the usual request parameters. */
  request?: JsonObject;
  random: Random;
}

const GLOBAL_SERVICES = ["iam", "ce", "cur", "organizations", "route53", "cloudfront", "support"];
const CIPHER = "TLS_AES_128_GCM_SHA256";

/** cloudTrailRecord writes one API call the way CloudTrail logs it; ids come from the call's random stream. */
export function cloudTrailRecord(call: Call): CloudTrailRecord {
  const { agent, random, time } = call;
  const shape = operations[call.operation];
  const [service = "", eventName = ""] = call.operation.split(":");
  const region = GLOBAL_SERVICES.includes(service) ? "us-east-1" : agent.region;
  const failed = call.error ? errorOf(service, call) : null;
  const request = call.request ?? shape.request?.(random) ?? null;
  const bucket = typeof request?.bucketName === "string" ? request.bucketName : null;

  return {
    eventVersion: shape.data ? "1.11" : "1.09",
    userIdentity: identityOf(agent, call.seed, time),
    eventTime: cloudTrailTime(time),
    eventSource: `${service}.amazonaws.com`,
    eventName,
    awsRegion: region,
    sourceIPAddress: call.address,
    userAgent: call.userAgent ?? agent.userAgent,
    ...(failed ?? {}),
    requestParameters: failed && call.error === "denied" ? null : request,
    responseElements: failed ? null : (shape.response?.(random) ?? null),
    ...(service === "s3" ? { additionalEventData: s3Details(shape.data, random) } : {}),
    requestID: service === "s3" ? random.text(BASE32, 16) : random.uuid(),
    eventID: random.uuid(),
    readOnly: shape.readOnly,
    ...(bucket
      ? { resources: [{ accountId: agent.account, type: "AWS::S3::Bucket", ARN: `arn:aws:s3:::${bucket}` }] }
      : {}),
    eventType: "AwsApiCall",
    managementEvent: !shape.data,
    recipientAccountId: agent.account,
    ...(call.endpoint ? { vpcEndpointId: call.endpoint } : {}),
    eventCategory: shape.data ? "Data" : "Management",
    tlsDetails: {
      tlsVersion: "TLSv1.3",
      cipherSuite: CIPHER,
      clientProvidedHostHeader: `${service}.${region}.amazonaws.com`,
    },
  };
}

/** keyIdAt is the access key id an agent signs with at a time: its own, or the temporary key of that span. */
export function keyIdAt(agent: Agent, seed: number, time: number): string {
  if (agent.credential.kind === "user") return agent.credential.keyId;
  const span = Math.floor(time / agent.credential.rotateMs);
  return `ASIA${createRandom(seed, "temporary key", agent.name, span).text(BASE32, 16)}`;
}

/** assumeRoleRecord is how the log tells that EC2 fetched new keys for an instance: a call by a service, without a key. */
export function assumeRoleRecord(agent: Agent, seed: number, time: number, random: Random): CloudTrailRecord {
  if (agent.credential.kind !== "role") throw new Error(`${agent.name} holds no role`);
  const roleArn = `arn:aws:iam::${agent.account}:role/${agent.name}`;
  return {
    eventVersion: "1.09",
    userIdentity: { type: "AWSService", invokedBy: "ec2.amazonaws.com" },
    eventTime: cloudTrailTime(time),
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRole",
    awsRegion: agent.region,
    sourceIPAddress: "ec2.amazonaws.com",
    userAgent: "ec2.amazonaws.com",
    requestParameters: { roleArn, roleSessionName: agent.credential.session },
    responseElements: {
      credentials: {
        accessKeyId: keyIdAt(agent, seed, time),
        sessionToken: random.text(BASE62, 96),
        expiration: new Date(time + agent.credential.rotateMs).toUTCString(),
      },
    },
    requestID: random.uuid(),
    eventID: random.uuid(),
    readOnly: true,
    resources: [{ accountId: agent.account, type: "AWS::IAM::Role", ARN: roleArn }],
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: agent.account,
    sharedEventID: random.uuid(),
    eventCategory: "Management",
  };
}

function identityOf(agent: Agent, seed: number, time: number): Json {
  const { account, credential, name } = agent;
  const accessKeyId = keyIdAt(agent, seed, time);
  if (credential.kind === "user") {
    return {
      type: "IAMUser",
      principalId: credential.principalId,
      arn: `arn:aws:iam::${account}:user/${name}`,
      accountId: account,
      accessKeyId,
      userName: name,
    };
  }
  const created = Math.floor(time / credential.rotateMs) * credential.rotateMs;
  return {
    type: "AssumedRole",
    principalId: `${credential.principalId}:${credential.session}`,
    arn: `arn:aws:sts::${account}:assumed-role/${name}/${credential.session}`,
    accountId: account,
    accessKeyId,
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: credential.principalId,
        arn: `arn:aws:iam::${account}:role/${name}`,
        accountId: account,
        userName: name,
      },
      attributes: { creationDate: cloudTrailTime(created), mfaAuthenticated: agent.human ? "true" : "false" },
      ...(credential.instance ? { ec2RoleDelivery: "2.0" } : {}),
    },
  };
}

function errorOf(service: string, { agent, error, operation }: Call): { errorCode: string; errorMessage: string } {
  if (error === "throttled") {
    if (service === "s3") return { errorCode: "SlowDown", errorMessage: "Please reduce your request rate." };
    if (service === "ec2") return { errorCode: "Client.RequestLimitExceeded", errorMessage: "Request limit exceeded." };
    return { errorCode: "ThrottlingException", errorMessage: "Rate exceeded" };
  }
  if (error === "not_found") {
    if (service === "s3") return { errorCode: "NoSuchKey", errorMessage: "The specified key does not exist." };
    return { errorCode: "ResourceNotFoundException", errorMessage: "The resource does not exist." };
  }
  if (service === "ec2") {
    return {
      errorCode: "Client.UnauthorizedOperation",
      errorMessage: "You are not authorized to perform this operation.",
    };
  }
  const who =
    agent.credential.kind === "user"
      ? `arn:aws:iam::${agent.account}:user/${agent.name}`
      : `arn:aws:sts::${agent.account}:assumed-role/${agent.name}/${agent.credential.session}`;
  return {
    errorCode: "AccessDenied",
    errorMessage: `User: ${who} is not authorized to perform: ${operation} because no identity-based policy allows the action`,
  };
}

const s3Details = (data: boolean, random: Random): JsonObject => ({
  SignatureVersion: "SigV4",
  CipherSuite: CIPHER,
  bytesTransferredIn: 0,
  AuthenticationMethod: "AuthHeader",
  "x-amz-id-2": `${random.text(BASE62, 75)}=`,
  bytesTransferredOut: data ? 200 + random.int(200_000) : 300 + random.int(900),
});

/** cloudTrailTime cuts to whole seconds, as CloudTrail does. */
export const cloudTrailTime = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
