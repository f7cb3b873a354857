import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { classify } from "../../ingest/enrich/address.ts";
import type { Draft, Json, JsonObject } from "../../ingest/provider.ts";
import { createRegistry, isAmbiguous } from "../../ingest/registry.ts";
import { sharedData } from "./shared_data.ts";

const file = sharedData("rule-tests/panther.dev.ndjson.gz");

interface Row {
  log_types: string[];
  log: JsonObject;
  countable: boolean;
}

/** The log types that are ours; all else must stay unclaimed. */
const OURS: Record<string, string> = {
  "AWS.CloudTrail": "aws_cloudtrail",
  "Amazon.EKS.Audit": "kubernetes_audit",
  "Anthropic.Activity": "anthropic_activity",
  "Azure.Audit": "entra_signin",
  "Azure.MonitorActivity": "azure_activity",
  "GCP.AuditLog": "gcp_audit",
  "GSuite.ActivityEvent": "google_workspace",
  "GitHub.Audit": "github_audit",
  "Okta.SystemLog": "okta_system_log",
  "OpenAI.Audit": "openai_audit",
  "Slack.AuditLogs": "slack_audit",
  "OCSF.DnsActivity": "ocsf",
  "OCSF.NetworkActivity": "ocsf",
};

type Fact = "time" | "actor" | "operation" | "outcome" | "src_ip" | "user_agent" | "key";

/** Where each log keeps each fact, after its documentation and apart from our mapping; the case of names does not matter. */
const HELD: Record<string, Partial<Record<Fact, string>>> = {
  aws_cloudtrail: {
    ...{
      time: "eventTime",
      operation: "eventName",
      outcome: "eventName",
      src_ip: "sourceIPAddress",
      user_agent: "userAgent",
    },
    ...{ actor: "userIdentity.arn userIdentity.principalId userIdentity.userName", key: "userIdentity.accessKeyId" },
  },
  kubernetes_audit: {
    ...{ time: "requestReceivedTimestamp stageTimestamp", actor: "user.username", operation: "verb" },
    ...{
      outcome: "responseStatus.code",
      src_ip: "sourceIPs.0",
      user_agent: "userAgent",
      key: "user.extra.accessKeyId.0",
    },
  },
  anthropic_activity: {
    ...{ time: "created_at", actor: "actor.user_id actor.email_address actor.api_key_id", operation: "type" },
    ...{ src_ip: "actor.ip_address", user_agent: "actor.user_agent", key: "actor.api_key_id actor.admin_api_key_id" },
  },
  entra_signin: {
    ...{
      time: "time",
      operation: "operationName",
      outcome: "resultType properties.status.errorCode properties.result",
    },
    actor:
      "properties.userPrincipalName properties.userId properties.servicePrincipalId properties.initiatedBy.user.id",
    ...{ src_ip: "callerIpAddress properties.ipAddress", user_agent: "properties.userAgent" },
    key: "properties.servicePrincipalCredentialKeyId",
  },
  azure_activity: {
    ...{
      time: "time",
      operation: "operationName",
      src_ip: "callerIpAddress",
      user_agent: "properties.userAgentHeader",
    },
    outcome: "resultType statusCode properties.metricResponseType",
    actor: "caller identity.claims.name identity.claims.appid identity.requester.objectId",
    key: "identity.tokenHash",
  },
  gcp_audit: {
    ...{
      time: "timestamp receiveTimestamp",
      operation: "protoPayload.methodName",
      outcome: "protoPayload.status.code",
    },
    actor: "protoPayload.authenticationInfo.principalEmail protoPayload.authenticationInfo.principalSubject",
    ...{
      src_ip: "protoPayload.requestMetadata.callerIp",
      user_agent: "protoPayload.requestMetadata.callerSuppliedUserAgent",
    },
    key: "protoPayload.authenticationInfo.serviceAccountKeyName",
  },
  google_workspace: {
    ...{ time: "id.time", actor: "actor.email actor.profileId", operation: "name type", src_ip: "ipAddress" },
  },
  github_audit: {
    ...{ time: "@timestamp created_at at_sign_timestamp", actor: "actor", operation: "action", outcome: "status_code" },
    ...{ src_ip: "actor_ip", user_agent: "user_agent", key: "token_id hashed_token" },
  },
  okta_system_log: {
    ...{ time: "published", actor: "actor.alternateId actor.id", operation: "eventType", outcome: "outcome.result" },
    ...{
      src_ip: "client.ipAddress",
      user_agent: "client.userAgent.rawUserAgent",
      key: "transaction.detail.requestApiTokenId",
    },
  },
  openai_audit: {
    ...{ time: "effective_at", actor: "actor.session.user.id actor.api_key.id", operation: "type" },
    ...{
      outcome: "login_failed.error_code",
      src_ip: "actor.session.ip_address",
      user_agent: "actor.session.user_agent",
    },
    key: "actor.api_key.id",
  },
  slack_audit: {
    ...{ time: "date_create", actor: "actor.user.id", operation: "action" },
    ...{ src_ip: "context.ip_address", user_agent: "context.ua", key: "context.app.id" },
  },
};

/** One row of a rule for many log types holds a Google record and does not list Google; the record names its own type. */
const saysItself = (log: JsonObject): string | null =>
  JSON.stringify(log).includes('"type.googleapis.com/google.cloud.audit.AuditLog"') ? "gcp_audit" : null;

function at(value: Json | undefined, path: string[]): Json | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (typeof value !== "object" || value === null) return undefined;
  const own = Object.keys(value).find((key) => key.toLowerCase() === name.toLowerCase());
  return own === undefined ? undefined : at((value as JsonObject)[own], rest);
}

/** holds tells whether the record says the fact; "redacted" and "..." say nothing. */
function holds(record: JsonObject, paths: string): boolean {
  return paths.split(" ").some((path) => {
    const found = at(record, path.split("."));
    return (
      typeof found === "number" || (typeof found === "string" && !/^(|-|\.+|none|null|unknown|redacted)$/i.test(found))
    );
  });
}

const told: Record<Fact, (draft: Draft) => boolean> = {
  time: (d) => d.time !== null,
  actor: (d) => d.principal_uid !== null,
  operation: (d) => d.operation !== "",
  outcome: (d) => d.outcome !== "unknown",
  src_ip: (d) => classify(d.source).src_kind !== "none",
  user_agent: (d) => d.user_agent !== null,
  key: (d) => d.key_id !== null,
};
const facts = Object.keys(told) as Fact[];

describe.skipIf(file === null)("rule tests", () => {
  const lines = file === null ? [] : gunzipSync(readFileSync(file)).toString("utf8").split("\n");
  const rows = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Row);
  const registry = createRegistry();
  const idOf = (log: JsonObject): string | null => {
    const answer = registry.recognise(log);
    return answer === null ? null : isAmbiguous(answer) ? `ambiguous ${answer.ambiguous.join(" ")}` : answer.id;
  };

  test("no record is taken for that of a wrong provider, and none for two", () => {
    expect(rows.length).toBe(1493);
    for (const { log, log_types } of rows) {
      const id = idOf(log);
      if (id === null || (log_types.length > 1 && saysItself(log) === id)) continue;
      const right = log_types.map((type) => OURS[type]);
      expect(right, JSON.stringify(log).slice(0, 300)).toContain(id);
    }
  });

  test("all countable records of a provider become events, and what a record holds is filled", () => {
    const table: string[][] = [["provider", "events", "recognised", ...facts]];
    const missed: string[] = [];
    for (const [type, id] of Object.entries(OURS)) {
      const mine = rows.filter((row) => row.countable && row.log_types.length === 1 && row.log_types[0] === type);
      if (mine.length === 0) continue;
      const recognised = mine.filter((row) => idOf(row.log) === id).length;
      const drafts = mine.map(({ log }) => draftOf(id, log));
      const shares = facts.map((fact) => {
        const held = mine
          .map((row, i) => [row.log, drafts[i]!] as const)
          .filter(([log]) => HELD[id]?.[fact] !== undefined && holds(log, HELD[id][fact]));
        for (const [log, draft] of held)
          if (!told[fact](draft)) missed.push(`${id} ${fact}: ${JSON.stringify(log).slice(0, 300)}`);
        return held.length === 0 ? "-" : `${held.filter(([, draft]) => told[fact](draft)).length}/${held.length}`;
      });
      table.push([id, `${mine.length}`, `${((recognised / mine.length) * 100).toFixed(1)} %`, ...shares]);
      expect(recognised / mine.length, id).toBeGreaterThanOrEqual(0.99);
    }
    console.info(printed(table));
    expect(missed).toEqual([]);
    expect(table).toHaveLength(12);
  });

  function draftOf(id: string, log: JsonObject): Draft {
    const outcome = registry.byId(id)!.normalize(log);
    if (outcome.kind !== "ok")
      throw new Error(`${id} ${outcome.kind} ${outcome.reason}: ${JSON.stringify(log).slice(0, 300)}`);
    return [outcome.value].flat()[0]!;
  }
});

function printed(table: string[][]): string {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ")).join("\n");
}
