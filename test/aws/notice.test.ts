import { describe, expect, test } from "vitest";
import { regionOf } from "../../ingest/sources/aws.ts";
import { awsFault } from "../../ingest/sources/aws_fault.ts";
import { beforeDay, datedFolders } from "../../ingest/sources/s3_layout.ts";
import { noticeOf } from "../../ingest/sources/s3_notice.ts";
import { byCloudTrail, byEventBridge, bySns, notice } from "./notice.ts";
import { etagOf } from "./s3.ts";
import { BUCKET } from "./server.ts";

const body = Buffer.from("{}");
const named = (key: string) => ({ bucket: BUCKET, key, etag: etagOf(body) });

describe("a message names its objects", () => {
  const key = "AWSLogs/1 + 2/ünï%41.json.gz";
  test.each<[string, string]>([
    ["by S3", notice(key, body)],
    ["by S3 through SNS", bySns(notice(key, body))],
    ["by EventBridge", byEventBridge(key, body)],
    ["by EventBridge through SNS", bySns(byEventBridge(key, body))],
    ["by a store of another maker", notice(key, body, { eventSource: "minio:s3", eventName: "s3:ObjectCreated:Put" })],
    ["by S3, restored from an archive", notice(key, body, { eventName: "ObjectRestore:Completed" })],
  ])("%s", (_, message) => {
    expect(noticeOf(message)).toEqual({ kind: "objects", objects: [named(key)], passed: [] });
  });

  test("by CloudTrail, several at once and without their content", () => {
    const objects = ["a b", "c+d"].map((k) => ({ bucket: BUCKET, key: k, etag: null }));
    expect(noticeOf(bySns(byCloudTrail(["a b", "c+d"])))).toEqual({ kind: "objects", objects, passed: [] });
  });

  test.each([
    ["S3's test", '{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-22T02:00:00Z","Bucket":"acme-logs"}'],
    ["a deleted object", notice("a", body, { eventName: "ObjectRemoved:Delete" })],
    ["a deleted object by EventBridge", byEventBridge("a", body, "Object Deleted")],
  ])("%s names nothing to read and is understood", (_, message) => {
    expect(noticeOf(message)).toMatchObject({ kind: "objects", objects: [], passed: [expect.stringContaining("S3")] });
  });

  const key0 = notice("a", body);
  test.each([
    "",
    "[]",
    "null",
    "7",
    "{",
    "hello",
    "{}",
    '{"Records":7}',
    '{"Records":[7]}',
    '{"Records":[{"s3":{}}]}',
    '{"Records":[{"eventName":"GetObject","eventSource":"s3.amazonaws.com"}]}',
    bySns("hello"),
    bySns(bySns(bySns(bySns(key0)))),
    key0.replace('"key":"a"', '"key":"%zz"'),
    key0.replace('"key":"a"', '"key":7'),
    '{"source":"aws.s3","detail-type":"Object Created","detail":[]}',
  ])("%s is not understood", (message) => {
    expect(noticeOf(message).kind).toBe("unknown");
  });
});

describe("folders named by the day", () => {
  const day = Date.UTC(2026, 0, 5, 23, 59);
  test.each<[string[], string, string]>([
    [["2025/", "2026/"], "2026/01/05/x", "2026/01/05"],
    [["2026/"], "2026/01/05/06/x", "2026/01/05"],
    [["dt=2026-01-04/", "dt=2026-01-05/"], "dt=2026-01-04/x", "dt=2026-01-05"],
    [["year=2026/"], "year=2026/month=01/day=05/x", "year=2026/month=01/day=05"],
    [["2026-01-04/"], "2026-01-04/x", "2026-01-05"],
    [["20260104/", "20260105/"], "20260104/x", "20260105"],
    [["2026-01/"], "2026-01/04/x", "2026-01/05"],
    [["eventDay=20260104/"], "eventDay=20260104/x", "eventDay=20260105"],
  ])("%s", (folders, sample, before) => {
    expect(beforeDay(datedFolders(folders, sample)!, day)).toBe(before);
  });

  test.each<[string[], string]>([
    [["111122223333/"], "111122223333/CloudTrail/x"],
    [["2026/", "archive/"], "2026/01/05/x"],
    [["2026/"], "2026/x"],
    [["2026/"], "2026/1/5/x"],
    [["12345678/"], "12345678/x"],
    [["99998888/"], "99998888/x"],
    [["2026/"], "2026/13/05/x"],
    [["dt=2026-01-04/", "dt=2026-01-05-old/"], "dt=2026-01-04/x"],
  ])("%s may not be left out by their names", (folders, sample) => {
    expect(datedFolders(folders, sample)).toBeNull();
  });
});

test("the region stands in the queue's address", () => {
  expect(regionOf("https://sqs.eu-central-1.amazonaws.com/111122223333/q")).toBe("eu-central-1");
  expect(regionOf("https://eu-west-1.queue.amazonaws.com/111122223333/q")).toBe("eu-west-1");
  expect(regionOf("http://127.0.0.1:9324/q")).toBeUndefined();
});

test("what nobody knows is said with the words of the SDK, and an unread status by its meaning", () => {
  const asked = { right: "s3:GetObject", on: "s3://a/b" };
  expect(awsFault(new Error("odd"), asked).message).toBe("s3://a/b: Error, odd");
  expect(awsFault(Object.assign(new Error(""), { name: "403", $metadata: { httpStatusCode: 403 } }), asked).kind).toBe(
    "denied",
  );
  expect(awsFault(new Error("Region is missing"), asked).message).toContain("AWS_REGION");
});
