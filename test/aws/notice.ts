import { etagOf } from "./s3.ts";
import { BUCKET } from "./server.ts";

/** keyOnWire is a key as S3 writes it in a notification. */
export const keyOnWire = (key: string): string => encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/");

/** notice is S3's own event notification. */
export const notice = (key: string, body: Buffer, over: object = {}): string =>
  JSON.stringify({
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        awsRegion: "eu-central-1",
        eventTime: "2026-11-22T02:00:00.000Z",
        eventName: "ObjectCreated:Put",
        s3: {
          s3SchemaVersion: "1.0",
          bucket: { name: BUCKET, arn: `arn:aws:s3:::${BUCKET}` },
          object: { key: keyOnWire(key), size: body.length, eTag: etagOf(body), sequencer: "0055AED6DCD90281E5" },
        },
        ...over,
      },
    ],
  });

/** bySns wraps it as a topic does without raw delivery. */
export const bySns = (message: string): string =>
  JSON.stringify({
    Type: "Notification",
    MessageId: "20000000-0000-4000-8000-000000000001",
    TopicArn: "arn:aws:sns:eu-central-1:111122223333:trail",
    Message: message,
    Timestamp: "2026-11-22T02:00:00.000Z",
  });

/** byEventBridge is the event of the same upload on a bus; its key is not encoded. */
export const byEventBridge = (key: string, body: Buffer, type = "Object Created"): string =>
  JSON.stringify({
    version: "0",
    id: "30000000-0000-4000-8000-000000000001",
    "detail-type": type,
    source: "aws.s3",
    account: "111122223333",
    time: "2026-11-22T02:00:00Z",
    region: "eu-central-1",
    resources: [`arn:aws:s3:::${BUCKET}`],
    detail: {
      version: "0",
      bucket: { name: BUCKET },
      object: { key, size: body.length, etag: etagOf(body) },
      reason: "PutObject",
    },
  });

/** byCloudTrail is what a trail tells its own topic. */
export const byCloudTrail = (keys: string[]): string => JSON.stringify({ s3Bucket: BUCKET, s3ObjectKey: keys });
