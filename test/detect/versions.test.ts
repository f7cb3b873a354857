import { expect, test } from "vitest";
import { versionOf } from "../../detect/versions.ts";

test.each([
  ["Boto3/1.40.11 md/Botocore#1.40.11 os/linux#6.8.0", "Boto3/1.40.11"],
  ["aws-cli/2.27.50 md/awscrt#0.26.1", "aws-cli/2.27.50"],
  ["[aws-cli/2.27.50]", "aws-cli/2.27.50"],
  ["curl/8.5.0", "curl/8.5.0"],
  ["deployer/v3", "deployer/v3"],
  ["AWS Internal", null],
  ["s3.amazonaws.com", null],
  ["", null],
  [null, null],
])("the version in %j is %j", (user_agent, version) => {
  expect(versionOf({ user_agent })).toBe(version);
});
