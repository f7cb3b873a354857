/**
 * awsActions corrects what a name alone would say of an AWS call, by CloudTrail event source; `*` stands for every service.
 * Source: CloudTrail user guide and the Service Authorization Reference (docs.aws.amazon.com), written down in November 2026.
 * auth = hands out or checks a session, read = changes nothing in spite of its name, write = changes or runs something.
 */
export const awsActions: readonly (readonly [service: string, verb: "auth" | "read" | "write", operations: string])[] =
  [
    ["sts", "auth", "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot GetSessionToken"],
    ["signin", "auth", "ConsoleLogin CheckMfa GetSigninToken SwitchRole ExitRole RenewRole UserAuthentication Logout"],
    [
      "signin",
      "auth",
      "CredentialChallenge CredentialVerification PasswordRecoveryRequested PasswordRecoveryCompleted",
    ],
    [
      "sso",
      "auth",
      "Authenticate Federate Logout GetRoleCredentials CreateToken RegisterClient StartDeviceAuthorization",
    ],
    ["sso-oauth", "auth", "CreateToken CreateTokenWithIAM RegisterClient StartDeviceAuthorization"],
    ["rolesanywhere", "auth", "CreateSession"],
    ["eks-auth", "auth", "AssumeRoleForPodIdentity"],
    [
      "cognito-idp",
      "auth",
      "InitiateAuth AdminInitiateAuth RespondToAuthChallenge AdminRespondToAuthChallenge GetTokensFromRefreshToken",
    ],
    ["cognito-identity", "auth", "GetId GetOpenIdToken GetCredentialsForIdentity"],
    ["sts", "read", "DecodeAuthorizationMessage GetCallerIdentity GetAccessKeyInfo"],
    ["sts", "write", "GetFederationToken"],
    ["kms", "read", "Decrypt Encrypt ReEncrypt Sign Verify VerifyMac GenerateDataKey GenerateDataKeyWithoutPlaintext"],
    [
      "kms",
      "read",
      "GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateMac GenerateRandom DeriveSharedSecret",
    ],
    [
      "bedrock",
      "read",
      "InvokeModel InvokeModelWithResponseStream Converse ConverseStream ApplyGuardrail RetrieveAndGenerate",
    ],
    ["iam", "read", "GenerateCredentialReport GenerateServiceLastAccessedDetails GenerateOrganizationsAccessReport"],
    ["s3", "read", "SelectObjectContent"],
    ["dynamodb", "read", "TransactGetItems"],
    ["ebs", "read", "GetSnapshotBlock"],
    [
      "ses",
      "write",
      "SendEmail SendRawEmail SendBulkEmail SendTemplatedEmail VerifyEmailIdentity VerifyDomainIdentity VerifyDomainDkim",
    ],
    ["lambda", "write", "Invoke InvokeAsync InvokeWithResponseStream"],
    ["health", "read", "DescribeEventAggregates"],
    [
      "ecr",
      "write",
      "BatchDeleteImage BatchImportUpstreamImage CompleteLayerUpload InitiateLayerUpload UploadLayerPart",
    ],
    ["sqs", "write", "ReceiveMessage"],
    ["devicefarm", "write", "GetTestGridSession"],
  ];

/** awsAdminServices hold identities, policies, logs and money: every write there is administration. */
export const awsAdminServices: ReadonlySet<string> = new Set([
  "iam",
  "sso",
  "sso-directory",
  "identitystore",
  "organizations",
  "account",
  "billing",
  "payments",
  "cloudtrail",
  "guardduty",
  "securityhub",
  "access-analyzer",
  "rolesanywhere",
]);
