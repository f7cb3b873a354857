import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../ingest/provider.ts";
import { createRedactor } from "../../ingest/redact/redactor.ts";

// Secrets made up for these tests; split where a scanner of our own repository would take them for real.
const STRIPE = `sk_live_${"4eC39HqLyjWDarjtT1zdp7dc"}`;
const GITHUB = `ghp_${"n0tAr3alT0k3nn0tAr3alT0k3nn0tAr3alT0"}`;
const AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const JWT = `${"eyJhbGciOiJIUzI1NiJ9"}.${"eyJzdWIiOiJ1c2VyQGV4YW1wbGUuY29tIn0"}.${"c2lnbmF0dXJlLW5vdC1yZWFs"}`;
const DRAWN = "q7Zt0Lw3Vx9Kd2Rm5Bn8";
const UUID = "8f14e45f-ceea-467f-a8d5-3e2f1b0a9c77";

const redactor = createRedactor({ fieldNames: ["patient number"] });
const redact = (record: unknown, keyIds: string[] = []) =>
  redactor.record(JSON.stringify(record), JSON.parse(JSON.stringify(record)) as JsonObject, keyIds);
const cleaned = (record: unknown, keyIds: string[] = []): unknown => JSON.parse(redact(record, keyIds).raw);

describe("field names", () => {
  test.each([
    "password",
    "PASSWORD",
    "masterUserPassword",
    "db_password",
    "db-passwd",
    "pwd",
    "passphrase",
    "secret",
    "clientSecret",
    "client_secret",
    "token",
    "sessionToken",
    "X-Amz-Security-Token",
    "access_token",
    "id_token",
    "refreshToken",
    "apiKey",
    "api_key",
    "API-KEY",
    "apikey",
    "x-api-key",
    "Authorization",
    "proxy-authorization",
    "Cookie",
    "Set-Cookie",
    "secretAccessKey",
    "aws_secret_access_key",
    "private_key",
    "privateKeyPem".slice(0, 10),
    "connectionString",
    "ConnectionStrings",
    "connection_string",
    "credential",
    "credentials",
    "secretString",
    "SecretBinary",
    "tokenValue",
    "webhook_secret",
    "signing_key",
    "accountKey",
    "Ocp-Apim-Subscription-Key",
    "authToken",
    "jwt",
    "otp",
    "mysecret",
    "userpassword1",
    "client_token",
    "hashed_password",
    "patientNumber",
    "Patient-Number",
  ])("%s: any text below it goes, and is reported with its path", (name) => {
    const { raw, found } = redact({ a: { [name]: "correct horse 1" } });
    expect(raw).not.toContain("horse");
    expect(found).toHaveLength(1);
    expect(found[0]!.path).toBe(/^[A-Za-z_$][\w$-]*$/.test(name) ? `a.${name}` : expect.stringContaining("a["));
  });

  test.each([
    ["tokenType", "Bearer"],
    ["token_id", "0123456789"],
    ["hashed_token", "0771cae4d170dc02a6ff393d9946cd684d6145c1="],
    ["passwordLastUsed", "2026-11-21T17:02:00Z"],
    ["secretId", "billing/db"],
    ["secretName", "billing-db"],
    ["SecretArn", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:billing-db-a1B2c3"],
    ["keyId", UUID],
    ["kmsKeyId", `arn:aws:kms:eu-central-1:111122223333:key/${UUID}`],
    ["SecretVersionId", UUID],
    ["mfaAuthenticated", "true"],
    ["principalId", "AROAEXAMPLEID1234567:session-name"],
    ["nextToken", "2"],
    ["clientToken", UUID],
    ["passwordPolicy", "strict"],
    ["httpTokens", "optional"],
    ["sshPublicKey", "ssh-ed25519 AAAA user@example.com"],
    ["authType", "saml"],
    ["key", "reports/2026/11/21/part-0001.csv"],
    ["key", `exports/${UUID}.csv`],
    ["ETag", "9b2cf535f27731c974343645a3985328"],
    ["sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ["x-amz-id-2", "RBVZE1aP5ZIWKUdG1hjRObcaPvsi1R4sMQr7GV+WPWocwL/I0cZVMkXnNBc55YA7mS056DtQDEI="],
    ["resultSignature", "Succeeded"],
    ["objectKey", "AWSLogs/o-0a1b2c3d4e/111122223333/CloudTrail-Digest/file_20261121T170200Z.json.gz"],
    ["GetSigninToken", "Success"],
    ["password", "HIDDEN_DUE_TO_SECURITY_REASONS"],
    ["password", "****"],
    ["token", ""],
    ["secret", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:billing-db-a1B2c3"],
    [
      "errorMessage",
      "User: arn:aws:iam::111122223333:user/a is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-central-1:111122223333:secret:billing-db-a1B2c3",
    ],
    [
      "userAgent",
      "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.4 OpenJDK_64-Bit_Server_VM/25.372-b08 vendor/Oracle_Corporation]",
    ],
    [
      "certificate",
      "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2xvdWQ5Zm9vYmFyMTIzNDU2\n-----END CERTIFICATE-----",
    ],
  ])("%s: %s survives", (name, value) => {
    expect(cleaned({ [name]: value, list: [value] })).toEqual({ [name]: value, list: [value] });
  });

  test("numbers, booleans and null stay under any name", () => {
    const record = { password: 4, token: true, secret: null, max_tokens: 512, cookies: [1, false] };
    expect(cleaned(record)).toEqual(record);
  });
  test("everything below a credential name goes, and what names itself otherwise stays", () => {
    const record = {
      credentials: {
        id: "cred-17",
        type: "user",
        expiration: "2026-11-21",
        extra: { list: [DRAWN, { x: "plain words" }] },
      },
    };
    expect(cleaned(record)).toEqual({
      credentials: {
        id: "cred-17",
        type: "user",
        expiration: "2026-11-21",
        extra: { list: ["[redacted:credential]", { x: "[redacted:credential]" }] },
      },
    });
  });
  test("a pair of name and value counts as a field, in any spelling", () => {
    for (const [name, value] of [
      ["name", "value"],
      ["Key", "Value"],
      ["parameterKey", "parameterValue"],
      ["displayName", "newValue"],
    ] as const) {
      expect(
        JSON.stringify(cleaned({ list: [{ [name]: "DB_PASSWORD", [value]: "correct horse" }] })),
        name,
      ).not.toContain("horse");
      expect(
        JSON.stringify(cleaned({ list: [{ [value]: "correct horse", [name]: "X-Api-Key" }] })),
        name,
      ).not.toContain("horse");
      expect(JSON.stringify(cleaned({ list: [{ [name]: "Stage", [value]: "correct horse" }] })), name).toContain(
        "horse",
      );
    }
  });
  test("header lists in a row hide the value after a credential name, and lists of names stay", () => {
    expect(cleaned({ h: ["Host", "example.com", "Authorization", `Bearer ${DRAWN}`] })).toEqual({
      h: ["Host", "example.com", "Authorization", "Bearer [redacted:authorization]"],
    });
    expect(cleaned({ changed: ["password", "email", "token", "name"] })).toEqual({
      changed: ["password", "email", "token", "name"],
    });
  });
  test("the data of a Kubernetes Secret goes, that of a ConfigMap stays", () => {
    expect(JSON.stringify(cleaned({ requestObject: { kind: "Secret", data: { color: "Ymx1ZQ==" } } }))).not.toContain(
      "Ymx1ZQ",
    );
    expect(JSON.stringify(cleaned({ requestObject: { kind: "ConfigMap", data: { color: "blue" } } }))).toContain(
      "blue",
    );
  });
});

describe("key ids", () => {
  const id = "AKIAIOSFODNN7EXAMPLE";
  test("become hints wherever they stand and are not reported", () => {
    const record = { userIdentity: { accessKeyId: id }, arn: `arn:x/${id}/y`, note: "plain" };
    const { raw, found, scrub } = redact(record, [id]);
    expect(JSON.parse(raw)).toEqual({
      userIdentity: { accessKeyId: "AKIA...MPLE" },
      arn: "arn:x/AKIA...MPLE/y",
      note: "plain",
    });
    expect(found).toEqual([]);
    expect(scrub(`by ${id}`)).toBe("by AKIA...MPLE");
  });
  test("are hidden unnamed too, where their form or field tells them", () => {
    expect(cleaned({ accessKeyId: "ABCDEFG1HIJ2KLMNOPQR", text: `key ${id} is old` })).toEqual({
      accessKeyId: "ABCD...OPQR",
      text: "key AKIA...MPLE is old",
    });
  });
  test.each([
    'key-with-"quote',
    "12345678",
    "ключ-из-десяти",
    "true,false",
    "a\\u0041bcdefg",
    "u0007abcd",
    "1",
    "",
    "8e10",
    "5e-300abc",
  ])("odd ones (%s) never break the JSON", (odd) => {
    const record = { id: odd, n: 12345678, e: 1.5e-300, s: "\u0007abcd", list: [true, false], text: `x ${odd} y` };
    expect(() => JSON.parse(redact(record, [odd]).raw)).not.toThrow();
  });
  test("a text that spells the id with escapes is seen through", () => {
    const text = '{"accessKeyId":"\\u0041KIAIOSFODNN7EXAMPLE"}';
    const { raw } = redactor.record(text, JSON.parse(text), [id]);
    expect(JSON.parse(raw)).toEqual({ accessKeyId: "AKIA...MPLE" });
  });
  test("a long drawn value in such a field is a secret", () => {
    expect(redact({ access_key: AWS_SECRET }).raw).not.toContain("K7MDENG");
  });
});

describe("values", () => {
  test.each([
    ["a known form in an ordinary field", { note: `see ${STRIPE} please` }, "stripe_secret_key"],
    ["a known form as a field name", { [GITHUB]: 1 }, "github_token"],
    ["a bearer header in text", { log: `curl -H 'Authorization: Bearer ${DRAWN}'` }, "authorization"],
    ["JSON in a string", { body: JSON.stringify({ password: "correct horse" }) }, "password"],
    ["JSON in JSON in a string", { body: JSON.stringify({ m: JSON.stringify({ apiKey: DRAWN }) }) }, "api_key"],
    ["a field name hidden by escapes in inner JSON", { body: '{"pass\\u0077ord":"correct horse"}' }, "password"],
    ["a URL query", { url: `https://api.example.com/?a=1&token=${DRAWN}#x` }, "token"],
    [
      "an encoded URL query",
      { url: `https://example.com/?next=${encodeURIComponent(`https://x.example.com/?token=${DRAWN}`)}` },
      "token",
    ],
    ["a URL's userinfo", { url: `postgres://app:${DRAWN}/x@db.example.com:5432/app` }, "url_password"],
    ["a token as a URL's user", { url: `https://${GITHUB}@github.com/a/b.git` }, "github_token"],
    ["base64 of JSON", { data: Buffer.from(JSON.stringify({ secret: "correct horse" })).toString("base64") }, "secret"],
    [
      "UTF-16 base64, as PowerShell has it",
      { cmd: `powershell -enc ${Buffer.from(`$password = "${DRAWN}"`, "utf16le").toString("base64")}` },
      "password",
    ],
    ["a connection string", { cs: `Server=db.example.com;Uid=app;Pwd=${DRAWN};Encrypt=yes` }, "password"],
    [
      "an Azure storage string",
      { cs: `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${"abCD12".repeat(14)}==` },
      "secret_key",
    ],
    [
      "a private key",
      { file: "x -----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJB\n-----END RSA PRIVATE KEY----- y" },
      "private_key",
    ],
    ["a JWT", { note: JWT }, "jwt"],
    ["an AWS secret beside its id", { row: `AKIAIOSFODNN7EXAMPLE,${AWS_SECRET}` }, "aws_secret_access_key"],
    ["curl -u", { cmd: `curl -u app:${DRAWN} https://example.com` }, "password"],
    ["a flag", { cmd: `tool --password ${DRAWN} --verbose` }, "password"],
    ["a sentence", { errorMessage: `Invalid API key provided: ${UUID}.` }, "api_key"],
  ])("%s goes", (_title, record, kind) => {
    const { raw, found, scrub } = redact(record);
    for (const secret of [STRIPE, GITHUB, DRAWN, AWS_SECRET, JWT, "correct horse", "MIIBOgIBAAJB", "abCD12abCD12"]) {
      expect(raw).not.toContain(secret);
      expect(scrub(JSON.stringify(record))).not.toContain(secret);
    }
    expect(raw).toContain("[redacted:");
    if (!("data" in record || "cmd" in record)) expect(found.map((f) => f.kind)).toContain(kind);
  });

  test("what was found in one place is removed from all others", () => {
    const { raw, scrub } = redact({ password: "correct horse battery", note: "she typed correct horse battery twice" });
    expect(raw).not.toContain("horse");
    expect(scrub("agent correct horse battery/1.0")).toBe("agent [redacted:password]/1.0");
  });
  test("a field given twice does not hide its first value", () => {
    const text = `{"password":"correct horse","a":1,"password":null}`;
    expect(redactor.record(text, JSON.parse(text), []).raw).not.toContain("horse");
    const inner = JSON.stringify({ body: `{"a":"${STRIPE}","a":"x"}` });
    expect(redactor.record(inner, JSON.parse(inner), []).raw).not.toContain(STRIPE);
  });
  test("numbers in a short spelling make no room for a field given twice", () => {
    for (let zeros = 1; zeros <= 15; zeros++)
      for (let count = 1; count <= 12; count++) {
        const usual = `${10 ** zeros}`;
        const room = count * (usual.length - `1e${zeros}`.length);
        const member = `"":"${"q".repeat(Math.max(0, room - 6))}",`;
        const text = `{"n":[${Array(count).fill(`1e${zeros}`)}],${member}"":1}`;
        expect(redactor.record(text, JSON.parse(text), []).raw).toBe(`{"n":[${Array(count).fill(usual)}],"":1}`);
      }
  });
  test("escapes in the room that a short number makes hide no id", () => {
    const text = String.raw`{"n":1e5,"id":"projects\/p\/keys\/abcdef123456"}`;
    const id = "projects/p/keys/abcdef123456";
    expect(redactor.record(text, JSON.parse(text), [id]).raw).not.toContain("abcdef123456");
  });
  test("at most 20 are reported and no value with them", () => {
    const { found } = redact({ list: Array.from({ length: 50 }, (_, i) => ({ password: `${DRAWN}${i}` })) });
    expect(found).toHaveLength(20);
    expect(found[3]).toEqual({ kind: "password", path: "list[3].password" });
    expect(JSON.stringify(found)).not.toContain(DRAWN);
  });
});

describe("values that come again", () => {
  test("a secret goes though values of its field, its length and its last letter were clean before it", () => {
    const plain = "nothing in this remark is to be kept away";
    for (const secret of [STRIPE, GITHUB, JWT]) {
      const twin = plain.padEnd(secret.length - 1, " ").slice(0, secret.length - 1) + secret.at(-1);
      for (let i = 0; i < 3; i++) {
        expect(cleaned({ remark: twin })).toEqual({ remark: twin });
        expect(redact({ remark: secret }).raw).not.toContain(secret);
      }
    }
  });

  test("what may stay under one name goes under another, and where a credential stands above it", () => {
    for (let i = 0; i < 3; i++) {
      expect(cleaned({ remark: DRAWN })).toEqual({ remark: DRAWN });
      expect(redact({ password: DRAWN }).raw).not.toContain(DRAWN);
      expect(redact({ password: { remark: DRAWN } }).raw).not.toContain(DRAWN);
    }
  });

  test("a key id is hidden in a value that was clean while it was none", () => {
    const id = "AKIAEXAMPLEKEYID0001";
    const value = `used ${id} again`;
    redact({ remark: value });
    expect(redact({ remark: value }, [id]).raw).not.toContain(id);
  });
});
