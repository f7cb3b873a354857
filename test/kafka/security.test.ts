import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectKafka } from "../../ingest/kafka/connect.ts";
import { createTopics, topicsOf } from "../../ingest/kafka/topics.ts";
import { type KafkaConfig, kafkaConfig } from "../../schemas/config_kafka.ts";
import { tempFolder } from "../support.ts";
import { ACCOUNT, type Broker, brokerMissing, startBroker } from "./broker.ts";

const missing = brokerMissing();

describe.skipIf(missing !== null)(`TLS and SASL${missing ? ` (skipped: ${missing})` : ""}`, () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker({ secure: true });
  });
  afterAll(() => broker?.stop());

  const said: string[] = [];
  const topics = (over: object): Promise<string[]> => {
    const config: KafkaConfig = kafkaConfig.parse({
      brokers: [broker.secure!.address],
      tls: { ca: broker.secure!.ca },
      ...over,
    });
    const kafka = connectKafka(config, (_level, sentence, facts) => void said.push(sentence + JSON.stringify(facts)));
    return createTopics(kafka, topicsOf("secure"), { partitions: 1, replication: 1 }).then(({ said }) => said);
  };

  /** What an identity provider's tool would print: a token without a signature, which this broker takes. */
  function tokenCommand(): string[] {
    const file = join(tempFolder(), "token.mjs");
    writeFileSync(
      file,
      `const part = (o) => Buffer.from(JSON.stringify(o)).toString("base64url");
const now = Math.floor(Date.now() / 1000);
console.log(part({ alg: "none" }) + "." + part({ sub: "keywatch", iat: now, exp: now + 600 }) + ".");`,
    );
    return [process.execPath, file];
  }

  test.each(["plain", "scram-sha-256", "scram-sha-512"] as const)("%s", async (mechanism) => {
    const lines = await topics({ sasl: { mechanism, ...ACCOUNT } });
    expect(lines.length).toBe(5);
  });

  test("oauthbearer, the token from a command", async () => {
    expect((await topics({ sasl: { mechanism: "oauthbearer", command: tokenCommand() } })).length).toBe(5);
    const failing = {
      mechanism: "oauthbearer",
      command: [process.execPath, "-e", "process.exit(3)", "hunter2hunter2"],
    };
    await expect(topics({ sasl: failing })).rejects.toThrow(/kafka.sasl.command ended with 3/);
  });

  test("a wrong password and an unknown authority are refused, and no secret is said", async () => {
    const wrong = { mechanism: "scram-sha-512", username: ACCOUNT.username, password: "wrong horse battery" };
    await expect(topics({ sasl: wrong })).rejects.toThrow(/SASL|[Aa]uthentication/);
    await expect(topics({ sasl: { mechanism: "plain", ...ACCOUNT }, tls: true })).rejects.toThrow(
      /certificate|self.signed/i,
    );
    expect(said.join("\n")).not.toMatch(/wrong horse|a password for tests|hunter2/);
  });
});
