import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../ingest/provider.ts";
import { createRedactor } from "../../ingest/redact/redactor.ts";

const DRAWN = "q7Zt0Lw3Vx9Kd2Rm5Bn8q7Zt0Lw3Vx9K";
const HEX = "9f86d081884c7d659a2feaa0c55ad015";
const UUID = "8f14e45f-ceea-467f-a8d5-3e2f1b0a9c77";

const redactor = createRedactor();
const redact = (record: unknown) =>
  redactor.record(JSON.stringify(record), JSON.parse(JSON.stringify(record)) as JsonObject, []);
const gone = (record: unknown, secret: string): void => {
  const { raw, found } = redact(record);
  expect(raw).not.toContain(secret);
  expect(found).toHaveLength(1);
  expect(redactor.record(raw, JSON.parse(raw) as JsonObject, [])).toMatchObject({ raw, found: [] });
};
const stays = (record: unknown): void =>
  expect(redact(record)).toMatchObject({ raw: JSON.stringify(record), found: [] });

describe("keys of somebody", () => {
  test.each(
    "x-rapidapi-key x-functions-key OPENAI_KEY STRIPE_KEY datadogKey mailgun_key sessionKey sas_key apiKeyV2 DD_KEY".split(
      " ",
    ),
  )("%s: drawn values, digests and UUIDs go, names stay", (name) => {
    for (const secret of [DRAWN, HEX, UUID]) {
      gone({ headers: { [name]: secret } }, secret);
      gone({ env: [{ name, value: secret }] }, secret);
      if (!name.startsWith("apiKey")) gone({ line: `set ${name}=${secret} now` }, secret);
    }
    if (!name.startsWith("apiKey")) stays({ headers: { [name]: "billing" }, env: [{ name, value: "billing" }] });
  });
  test.each("primaryKey primaryMasterKey acme_key APP_KEY wrappingKey".split(" "))("%s: drawn values go", (name) => {
    gone({ [name]: DRAWN }, DRAWN);
    gone({ env: [{ name, value: DRAWN }] }, DRAWN);
    for (const value of [HEX, UUID, "tenant-17", "reports/2026/11/21/part-0001.csv", "1234567890123456"])
      stays({ [name]: value });
  });
  test.each(
    "partitionKey cache_key objectKey row_key sortKey idempotency-key Idempotency-Key foreignKey publicKey kmsKey s3Key routingKey condition_key".split(
      " ",
    ),
  )("%s names a thing", (name) => {
    for (const value of [HEX, UUID, "tenant-17", "a1b2c3d4e5f6a7b8c9d0x1"]) stays({ [name]: value });
    stays({ env: [{ name, value: UUID }] });
  });
});

test.each("ssid PHPSESSID JSESSIONID sessionid connect.sid laravel_session".split(" "))(
  "%s: a drawn session goes, a name stays",
  (name) => {
    gone({ [name]: DRAWN }, DRAWN);
    gone({ line: `Set: ${name}=${DRAWN}` }, DRAWN);
    gone({ url: `/a?${name}=${UUID}` }, UUID);
    stays({ [name]: "office-guests" });
  },
);
test.each("mnemonic seedPhrase recovery_phrase kubeconfig .dockerconfigjson .dockercfg".split(" "))(
  "%s: any text goes",
  (name) => {
    gone({ [name]: "legal winner thank year" }, "winner");
    gone({ line: `{"${name}": "legal winner thank year", ` }, "winner");
  },
);

describe("XML", () => {
  test.each([
    "<password>hunter2Secret!</password>",
    `<apiKey>${DRAWN}</apiKey>`,
    `<a><OPENAI_KEY>${DRAWN}</OPENAI_KEY></a>`,
    '<wsse:Password Type="text"> hunter2Secret! </wsse:Password>',
    "<password><![CDATA[hunter2Secret!]]></password>",
    "<r><user>ann</user><password>hunter2Secret!",
  ])("%s goes", (body) => {
    const { raw, found } = redact({ body });
    expect(raw).not.toMatch(/hunter2|q7Zt0/);
    expect(found).toHaveLength(1);
    expect(redactor.record(raw, JSON.parse(raw) as JsonObject, [])).toMatchObject({ raw, found: [] });
  });
  test.each([
    "<password/><user>ann</user>",
    "<tokenType>Bearer</tokenType><key>reports/1.csv</key>",
    "login <user> <password> then wait <ms>",
    "a -> b",
  ])("%s stays", (body) => stays({ body }));
});
