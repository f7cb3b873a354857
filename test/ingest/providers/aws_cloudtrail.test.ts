import { expect, test } from "vitest";
import { outcomeOfErrorCode } from "../../../ingest/outcome_of.ts";
import type { Draft, JsonObject } from "../../../ingest/provider.ts";
import cloudtrail from "../../../ingest/providers/aws_cloudtrail.ts";

const record = (more: JsonObject = {}): JsonObject => ({
  eventTime: "2026-03-02T10:15:30Z",
  eventSource: "ec2.amazonaws.com",
  eventName: "DescribeInstances",
  readOnly: true,
  recipientAccountId: "111122223333",
  userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/alice", userName: "alice" },
  ...more,
});

function draft(more: JsonObject = {}): Draft {
  const outcome = cloudtrail.normalize(record(more));
  if (outcome.kind !== "ok" || Array.isArray(outcome.value)) throw new Error(outcome.kind);
  return outcome.value;
}

test.each([
  ["AccessDenied", "denied"],
  ["AccessDeniedException", "denied"],
  ["VpceAccessDenied", "denied"],
  ["Client.UnauthorizedOperation", "denied"],
  ["UnauthorizedOperation", "denied"],
  ["Forbidden", "denied"],
  ["ForbiddenException", "denied"],
  ["UserNotAuthorizedException", "denied"],
  ["InvalidClientTokenId", "unauthenticated"],
  ["SignatureDoesNotMatch", "unauthenticated"],
  ["AuthFailure", "unauthenticated"],
  ["Client.AuthFailure", "unauthenticated"],
  ["ExpiredToken", "unauthenticated"],
  ["ExpiredTokenException", "unauthenticated"],
  ["UnrecognizedClientException", "unauthenticated"],
  ["ThrottlingException", "throttled"],
  ["Client.RequestLimitExceeded", "throttled"],
  ["TooManyRequestsException", "throttled"],
  ["SlowDown", "throttled"],
  ["NoSuchBucket", "not_found"],
  ["Client.InvalidVpcID.NotFound", "not_found"],
  ["ResourceNotFoundException", "not_found"],
  ["InternalFailure", "error"],
  ["Server.InternalError", "error"],
  ["ServiceUnavailable", "error"],
  ["ValidationException", "invalid"],
  ["MalformedPolicyDocument", "invalid"],
  ["MissingParameter", "invalid"],
  ["ExpiredNextTokenException", "invalid"],
  ["Client.VpcLimitExceeded", "invalid"],
  ["AuthorizationHeaderMalformed", "invalid"],
  ["Client.DryRunOperation", "success"],
  ["Wibble", "error"],
  ["503", "error"],
  ["403", "denied"],
])("the error code %s means %s", (code, outcome) => {
  expect(outcomeOfErrorCode(code)).toBe(outcome);
  expect(draft({ errorCode: code }).outcome).toBe(outcome);
});

test("a failure that has only a message is still a failure", () => {
  expect(draft({ errorMessage: "User is not authorized to perform this" }).outcome).toBe("denied");
  expect(draft({ errorMessage: "Something odd" }).outcome).toBe("error");
});

test("resources are bounded and named once", () => {
  const items = Array.from({ length: 400 }, (_, i) => ({ instanceId: `i-${(i % 50).toString(16).padStart(8, "0")}` }));
  const { resources } = draft({ requestParameters: { instancesSet: { items } } });
  expect(resources).toHaveLength(16);
  expect(new Set(resources).size).toBe(16);
});

test("requestParameters written as JSON text are read, broken text is left alone", () => {
  expect(draft({ requestParameters: '{"userName":"bob"}' }).resources).toEqual(["user/bob"]);
  expect(draft({ requestParameters: '{"userName":' }).resources).toEqual([]);
});

test.each<[string, JsonObject]>([
  ["identity is a text", { userIdentity: "nobody" }],
  ["identity is a list", { userIdentity: [1, 2] }],
  ["session context is null", { userIdentity: { type: "AssumedRole", sessionContext: null } }],
  ["issuer is a number", { userIdentity: { type: "AssumedRole", sessionContext: { sessionIssuer: 7 } } }],
  [
    "all is of the wrong kind",
    { eventSource: 1, userAgent: {}, resources: {}, requestParameters: 3, errorCode: [], readOnly: "x" },
  ],
  [
    "names of prototypes",
    { requestParameters: JSON.parse('{"__proto__":{"userName":"x"},"constructor":1}') as JsonObject },
  ],
])("a hand-edited record still gives a principal: %s", (_, more) => {
  expect(draft(more).principal_uid).toMatch(/.+/);
});

test("two sessions of one role are one principal and two sessions", () => {
  const of = (session: string) =>
    draft({
      userIdentity: {
        type: "AssumedRole",
        principalId: `AROAIOSFODNN7EXAMPLE:${session}`,
        arn: `arn:aws:sts::111122223333:assumed-role/app/${session}`,
        sessionContext: { sessionIssuer: { arn: "arn:aws:iam::111122223333:role/app", userName: "app" } },
      },
    });
  expect(of("a").principal_uid).toBe(of("b").principal_uid);
  expect(of("a").session_uid).not.toBe(of("b").session_uid);
});

test("claims is false, and does not throw, for what is not CloudTrail", () => {
  const others: JsonObject[] = [
    {},
    { eventName: "x" },
    { eventName: { value: "x" }, eventSource: null },
    { message: "plain words about eventSource and eventName" },
    { message: '{"eventSource":"x","eventName":' },
    { detail: { detail: { detail: { detail: { detail: { detail: {} } } } } } },
    { class_uid: 6003, metadata: {} },
  ];
  for (const other of others) expect(cloudtrail.claims(other), JSON.stringify(other)).toBe(false);
});
