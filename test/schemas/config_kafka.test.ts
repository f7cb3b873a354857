import { describe, expect, test } from "vitest";
import { config } from "../../schemas/config.ts";

const store = { url: "http://127.0.0.1:8123" };
const kafka = { brokers: ["kafka-1:9092"] };

const faults = (text: object): string[] => {
  const parsed = config.safeParse(text);
  return parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`);
};

describe("kafka in the config", () => {
  test("the defaults need brokers alone", () => {
    const parsed = config.parse({ store, kafka });
    expect(parsed.kafka).toMatchObject({ client_id: "keywatch", prefix: "keywatch", compression: "gzip", tls: false });
    expect(config.parse({}).kafka).toBeNull();
  });

  test.each([
    [
      { store, sources: [{ kind: "kafka", topic: "t" }] },
      "sources.0: a topic can only be read when `kafka` names the brokers",
    ],
    [{ kafka }, "store.url: with `kafka`, the store is a ClickHouse server that all processes share"],
    [
      {
        store,
        kafka,
        sources: [
          { kind: "kafka", topic: "t" },
          { kind: "kafka", topic: "t" },
        ],
      },
      'sources.1.topic: the topic "t" stands twice',
    ],
    [{ store, kafka: { brokers: ["no port"] } }, "kafka.brokers.0: write it like kafka-1:9092"],
    [{ store, kafka: { ...kafka, prefix: "a b" } }, "kafka.prefix: letters, digits, dots, _ and - only"],
  ])("%j is refused", (text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });

  const plain = { mechanism: "plain", username: "keywatch", password: "x" };
  const token = { mechanism: "oauthbearer", command: ["token"] };
  test.each([
    ["a password", { ...kafka, sasl: plain }, ["kafka-1:9092"]],
    [
      "one broker of several",
      { brokers: ["127.0.0.1:9092", "kafka-2:9092"], tls: false, sasl: plain },
      ["kafka-2:9092"],
    ],
    ["a token", { ...kafka, sasl: token }, ["kafka-1:9092"]],
    ["said so", { ...kafka, sasl: plain, allow_plain_tcp: true }, []],
    ["TLS", { ...kafka, tls: true, sasl: plain }, []],
    ["TLS with an authority", { ...kafka, tls: { ca: "-----BEGIN CERTIFICATE-----" }, sasl: plain }, []],
    ["a mechanism that keeps the password", { ...kafka, sasl: { ...plain, mechanism: "scram-sha-512" } }, []],
    ["the same machine", { brokers: ["127.0.0.1:9092", "localhost:9093", "[::1]:9094"], sasl: plain }, []],
  ])("what goes to brokers unencrypted: %s", (_, text, to) => {
    const what = text.sasl === token ? "token" : "password";
    expect(faults({ store, kafka: text })).toEqual(
      to.map(
        (broker) =>
          `kafka.sasl: the ${what} would go to ${broker} unencrypted; set kafka.tls, or allow_plain_tcp: true where the network between is private`,
      ),
    );
  });

  test("a SASL mechanism says what it needs", () => {
    expect(faults({ store, kafka: { ...kafka, sasl: { mechanism: "oauthbearer" } } }).join()).toContain(
      "kafka.sasl.command",
    );
    expect(faults({ store, kafka: { ...kafka, sasl: { mechanism: "plain" } } }).join()).toContain(
      "kafka.sasl.password",
    );
  });
});
