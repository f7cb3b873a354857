import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { config } from "../../schemas/config.ts";
import { packageRoot } from "../../schemas/package_root.ts";

const text = readFileSync(join(packageRoot, "docs", "aws.md"), "utf8");
const blocks = (kind: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${kind}\\n(.*?)\`\`\``, "gs"))].map((m) => m[1]!);

interface Policy {
  Statement: { Effect: string; Action: string | string[]; Resource: string; Principal?: object }[];
}
const actionsOf = (policy: Policy): string[] => policy.Statement.flatMap((s) => s.Action).sort();

describe("the page of S3", () => {
  const policies = blocks("json").map((block) => JSON.parse(block) as Policy);

  test("shows a config that is one", () => {
    const { sources } = config.parse(parse(blocks("yaml")[0]!));
    expect(sources.map((s) => s.kind)).toEqual(["sqs", "s3"]);
  });

  test("grants the rights that the sources tell they need, to one bucket and one queue, and no others", () => {
    const folder = join(packageRoot, "ingest", "sources");
    const code = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const needed = new Set(
      code.flatMap((file) => [...file.matchAll(/(?:right: |told\()"((?:s3|sqs):\w+)"/g)].map((m) => m[1]!)),
    );
    const [listing, queue] = policies;
    expect(actionsOf(listing!)).toEqual(["kms:Decrypt", "s3:GetObject", "s3:ListBucket"]);
    expect(new Set([...actionsOf(listing!), ...actionsOf(queue!)])).toEqual(new Set([...needed, "kms:Decrypt"]));
    expect(actionsOf(queue!)).not.toContain("s3:ListBucket");
    for (const { Resource } of policies.flatMap((p) => p.Statement)) expect(Resource).not.toBe("*");
  });

  test("lets the bucket and nobody else send to the queue", () => {
    expect(policies[2]!.Statement).toMatchObject([
      { Principal: { Service: "s3.amazonaws.com" }, Action: "sqs:SendMessage" },
    ]);
  });
});

test("with Kafka between the stages there is nobody to ask a bucket or a queue, and check says so", () => {
  const { error } = config.safeParse({ ...parse(blocks("yaml")[0]!), kafka: { brokers: ["127.0.0.1:9092"] } });
  expect(error!.issues.map((i) => i.path.join("."))).toEqual(expect.arrayContaining(["sources.0", "sources.1"]));
});
