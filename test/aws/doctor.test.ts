import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awsLines } from "../../cli/doctor/aws.ts";
import { config } from "../../schemas/config.ts";
import { type AwsServer, awsServer } from "./server.ts";
import { environment, logFile, s3Source, sqsSource } from "./world.ts";

let server: AwsServer;
beforeAll(async () => {
  Object.assign(process.env, environment);
  server = await awsServer();
});
afterAll(() => server.stop());

const look = () => awsLines({ ...config.parse({}), sources: [s3Source(server), sqsSource(server)] });

describe("doctor", () => {
  test("looks into buckets and queues, and takes nothing out", async () => {
    server.bucket.set("a.json.gz", { body: logFile(Date.now()), modified: new Date() });
    server.queue.send("{}");
    server.queue.maxReceiveCount = 5;
    expect((await look()).map((l) => [l.state, l.says])).toEqual([
      ["ok", "can be listed and read"],
      ["ok", "1 messages wait, 0 are being read"],
    ]);
    expect(server.queue.messages[0]!.received).toBe(0);
  });

  test("says what is missing", async () => {
    server.bucket.clear();
    server.queue.maxReceiveCount = 1_000;
    expect((await look()).map((l) => [l.state, l.mend !== null])).toEqual([
      ["warn", true],
      ["warn", true],
    ]);
    server.refuse = ({ operation }) =>
      operation === "ListObjectsV2"
        ? { status: 403, code: "AccessDenied" }
        : { status: 403, code: "AccessDeniedException" };
    const lines = await look();
    expect(lines.map((l) => l.state)).toEqual(["fail", "fail"]);
    expect(lines[0]!.says).toContain("must allow s3:ListBucket");
    expect(lines[1]!.says).toContain("must allow sqs:GetQueueAttributes");
  });
});
