import type { JsonObject } from "../../ingest/provider.ts";
import type { Agent, Call } from "./agent.ts";
import { HOUR } from "./calendar.ts";
import { isData, isReading, requestOf } from "./operations.ts";
import { type Draws, draws, HEX } from "./random.ts";

const GLOBAL = new Set(["iam", "ce", "organizations", "route53", "cloudfront"]);
const TEMPORARY_HOURS = 6;

/** cloudTrailRecord writes a call as CloudTrail 1.09 logs it: whole seconds, eventID as identity. */
export function cloudTrailRecord(call: Call, r: Draws): JsonObject {
  const [service = "", eventName = ""] = call.operation.split(":");
  const data = isData(call.operation);
  const request = call.error === "denied" ? null : requestOf(call);
  const bytes = call.operation === "s3:GetObject" && call.error === null ? 2_000 + r.int(400_000) : 300 + r.int(2_000);
  return {
    eventVersion: "1.09",
    userIdentity: identityOf(call),
    eventTime: `${new Date(call.time).toISOString().slice(0, 19)}Z`,
    eventSource: `${service}.amazonaws.com`,
    eventName,
    awsRegion: GLOBAL.has(service) ? "us-east-1" : call.region,
    sourceIPAddress: call.address,
    userAgent: call.userAgent,
    ...errorOf(service, call),
    requestParameters: request,
    responseElements: null,
    ...(service === "s3" ? { additionalEventData: { bytesTransferredIn: 0, bytesTransferredOut: bytes } } : {}),
    requestID: r.uuid(),
    eventID: call.uid ?? r.uuid(),
    readOnly: isReading(call.operation),
    eventType: "AwsApiCall",
    managementEvent: !data,
    recipientAccountId: call.agent.account,
    ...(call.endpoint ? { vpcEndpointId: call.endpoint } : {}),
    eventCategory: data ? "Data" : "Management",
  };
}

function identityOf({ agent, keyId, session, time }: Call): JsonObject {
  const { account, credential, name } = agent;
  if (credential.type === "user") {
    return {
      type: "IAMUser",
      principalId: credential.principalId,
      arn: `arn:aws:iam::${account}:user/${name}`,
      accountId: account,
      accessKeyId: keyId,
      userName: name,
    };
  }
  const began = Math.floor(time / (TEMPORARY_HOURS * HOUR)) * TEMPORARY_HOURS * HOUR;
  return {
    type: "AssumedRole",
    principalId: `${credential.principalId}:${session}`,
    arn: `arn:aws:sts::${account}:assumed-role/${name}/${session}`,
    accountId: account,
    accessKeyId: keyId,
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: credential.principalId,
        arn: `arn:aws:iam::${account}:role/${name}`,
        accountId: account,
        userName: name,
      },
      attributes: {
        creationDate: `${new Date(began).toISOString().slice(0, 19)}Z`,
        mfaAuthenticated: String(agent.human),
      },
      ...(credential.session === "instance" ? { ec2RoleDelivery: "2.0" } : {}),
    },
  };
}

/** keyIdOf is the access key an agent signs with at a moment: its own, or the temporary one of those six hours. */
export function keyIdOf(agent: Agent, seed: number, time: number, session: string | null): string {
  const { credential } = agent;
  if (credential.type === "user") {
    const key = credential.keys.find((k) => time >= k.from && time < k.until) ?? credential.keys.at(-1)!;
    return key.id;
  }
  const span = Math.floor(time / (TEMPORARY_HOURS * HOUR));
  return `ASIA${draws(seed, "temporary", agent.name, session ?? "", span).text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)}`;
}

/** sessionOf names the session of a role: functions share one, instances are replaced every few days. */
export function sessionOf(agent: Agent, seed: number, time: number, r: Draws): string | null {
  const { credential } = agent;
  if (credential.type === "user") return null;
  if (credential.session === "function") return agent.name;
  if (credential.session === "assumed") return "integration";
  if (credential.session === "federated") return "deploy";
  const slot = r.int(credential.sessions);
  const age = Math.floor(time / (9 * 24 * HOUR) + slot / credential.sessions);
  return `i-${draws(seed, "instance", agent.name, slot, age).text(HEX, 17)}`;
}

function errorOf(service: string, { error, agent, operation }: Call): JsonObject {
  if (error === null) return {};
  if (error === "not_found")
    return service === "s3"
      ? { errorCode: "NoSuchKey", errorMessage: "The specified key does not exist." }
      : { errorCode: "ResourceNotFoundException", errorMessage: "Requested resource not found" };
  if (error === "throttled") return { errorCode: "ThrottlingException", errorMessage: "Rate exceeded" };
  if (error === "unavailable") return { errorCode: "ServiceUnavailable", errorMessage: "Service is unavailable" };
  return service === "ec2"
    ? { errorCode: "Client.UnauthorizedOperation", errorMessage: "You are not authorized to perform this operation." }
    : {
        errorCode: "AccessDenied",
        errorMessage: `User: ${agent.name} is not authorized to perform: ${operation}`,
      };
}
