import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verbClassOf, verbOfMethod, verbOfName } from "../../../ingest/verbs.ts";
import { sensitivityClasses, sensitivityOf } from "../../../schemas/sensitivity.ts";
import { awsSensitivity } from "../../../schemas/sensitivity_aws.ts";
import { otherSensitivity } from "../../../schemas/sensitivity_others.ts";

test("a call flagged read-only never comes out as a write, whatever its name", () => {
  for (const [service, , , operations] of awsSensitivity) {
    for (const operation of operations.split(" "))
      expect(["read", "auth"]).toContain(verbClassOf(service, operation, true));
  }
});

test("a call flagged as changing never comes out as a read", () => {
  for (const [service, , , operations] of awsSensitivity) {
    for (const operation of operations.split(" ")) expect(verbClassOf(service, operation, false)).not.toBe("read");
  }
});

test.each([
  ["sts", "AssumeRole", "auth"],
  ["sts", "AssumeRoleWithWebIdentity", "auth"],
  ["sts", "GetCallerIdentity", "read"],
  ["sts", "GetFederationToken", "admin"],
  ["signin", "ConsoleLogin", "auth"],
  ["kms", "Decrypt", "read"],
  ["kms", "GenerateDataKey", "read"],
  ["bedrock", "InvokeModel", "read"],
  ["ses", "SendEmail", "write"],
  ["secretsmanager", "GetSecretValue", "read"],
  ["iam", "CreateAccessKey", "admin"],
  ["iam", "TagUser", "admin"],
  ["cloudtrail", "StopLogging", "admin"],
  ["ec2", "RunInstances", "write"],
  ["lambda", "AddPermission20150331v2", "admin"],
  ["lambda", "UpdateFunctionCode20150331v2", "write"],
  ["ec2", "GetPasswordData", "read"],
  [null, "GetObject", "read"],
])("with the flag hidden, %s %s is %s", (service, operation, verb) => {
  expect(verbClassOf(service, operation, null)).toBe(verb);
});

test.each([
  ["get_user", "read"],
  ["users:list", "read"],
  ["repo.create", "write"],
  ["user.deleted", "write"],
  ["google.iam.admin.v1.CreateServiceAccountKey", "write"],
  ["report.export", "read"],
  ["BatchGetItem", "read"],
  ["BatchWriteItem", "write"],
  ["user.login", "auth"],
  ["Wibble", "unknown"],
  ["", "unknown"],
])("the name %s is a %s", (name, verb) => {
  expect(verbOfName(name)).toBe(verb);
});

test("safe HTTP methods read", () => {
  expect(["GET", "head", "OPTIONS", "POST", "delete", "BREW"].map(verbOfMethod)).toEqual([
    "read",
    "read",
    "read",
    "write",
    "write",
    "unknown",
  ]);
});

test("sensitivity rows are well formed and none is told twice", () => {
  const seen = new Set<string>();
  for (const [service, kind, grade, operations] of awsSensitivity) {
    expect(sensitivityClasses).toContain(kind);
    expect(["critical", "high", "medium"]).toContain(grade);
    for (const operation of operations.split(" ")) {
      expect(operation).toMatch(/^[A-Z][A-Za-z0-9]+$/);
      expect(seen.has(`${service}:${operation}`), `${service}:${operation}`).toBe(false);
      seen.add(`${service}:${operation}`);
    }
  }
});

test("sensitivityOf knows the calls of a takeover and says nothing of the rest", () => {
  expect(sensitivityOf("iam", "CreateAccessKey")).toEqual({ class: "credentials", grade: "critical" });
  expect(sensitivityOf("secretsmanager", "GetSecretValue")).toEqual({ class: "secrets", grade: "high" });
  expect(sensitivityOf("lambda", "AddPermission20150331v2")?.class).toBe("policy");
  expect(sensitivityOf("s3", "GetObject")).toBeNull();
  expect(sensitivityOf(null, "CreateAccessKey")).toBeNull();
  expect(sensitivityOf("iam", "constructor")).toBeNull();
});

test("sensitivity rows of other providers are told once, and none shadows an AWS row", () => {
  const seen = new Set(
    awsSensitivity.flatMap(([service, , , names]) => names.split(" ").map((name) => `${service}:${name}`)),
  );
  for (const [service, kind, , operations] of otherSensitivity)
    for (const operation of operations) {
      expect(sensitivityClasses).toContain(kind);
      expect(seen.has(`${service}:${operation}`), `${service}:${operation}`).toBe(false);
      seen.add(`${service}:${operation}`);
    }
});

test.each([
  ["gcp_audit/create_service_account_key", "credentials"],
  ["gcp_audit/set_iam_policy_by_person", "policy"],
  ["azure_activity/list_keys_action", "secrets"],
  ["azure_keyvault/secret_get", "secrets"],
  ["entra_signin/audit_new_secret", "credentials"],
  ["kubernetes_audit/service_account_reads_secret", "secrets"],
  ["kubernetes_audit/forbidden_role_binding", "policy"],
  ["vault_audit/permission_denied", "policy"],
  ["github_audit/token_granted", "credentials"],
  ["openai_audit/key_created_by_session", "credentials"],
  ["anthropic_activity/key_created_by_person", "credentials"],
  ["slack_audit/app_installed", "policy"],
  ["cloudflare_audit/v1_token_created", "credentials"],
])("the call of %s is known for its %s", (file, kind) => {
  const { event } = JSON.parse(readFileSync(join(import.meta.dirname, `../../golden/${file}.json`), "utf8")) as {
    event: { service: string | null; operation: string };
  };
  expect(sensitivityOf(event.service, event.operation)?.class).toBe(kind);
});
