let n = 0;

/** cloudTrail builds one CloudTrail record of ours: a read of the example key, now, unless told otherwise. Ids never repeat in a process. */
export const cloudTrail = (over: object = {}): Record<string, unknown> => ({
  eventVersion: "1.09",
  eventID: `10000000-0000-4000-8000-${String(++n).padStart(12, "0")}`,
  eventTime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
  eventSource: "s3.amazonaws.com",
  eventName: "GetObject",
  awsRegion: "eu-central-1",
  sourceIPAddress: "203.0.113.10",
  userAgent: "Boto3/1.40",
  userIdentity: {
    type: "IAMUser",
    arn: "arn:aws:iam::111122223333:user/app",
    accountId: "111122223333",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    userName: "app",
  },
  recipientAccountId: "111122223333",
  readOnly: true,
  ...over,
});
