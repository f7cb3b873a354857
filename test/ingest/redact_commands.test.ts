import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../ingest/provider.ts";
import { createRedactor } from "../../ingest/redact/redactor.ts";

const DRAWN = "q7Zt0Lw3Vx9Kd2Rm5Bn8";
const HEX = "9f86d081884c7d659a2feaa0c55ad015";
const PASSWORD = "hunter2Secret!";
const BODY = "MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu";

const redactor = createRedactor();
const redact = (record: unknown) =>
  redactor.record(JSON.stringify(record), JSON.parse(JSON.stringify(record)) as JsonObject, []);
const EXEC = "/api/v1/namespaces/a/pods/b/exec";

describe("command lines", () => {
  test.each<[args: string[], shown: string[]]>([
    [
      ["mysql", "--password", PASSWORD],
      ["mysql", "--password", "[redacted:password]"],
    ],
    [
      ["--token", DRAWN, "--verbose"],
      ["--token", "[redacted:token]", "--verbose"],
    ],
    [
      ["--api-key", HEX],
      ["--api-key", "[redacted:api_key]"],
    ],
    [
      ["-Password", "correct horse"],
      ["-Password", "[redacted:password]"],
    ],
    [
      ["tool", "--key", DRAWN],
      ["tool", "--key", "[redacted:key]"],
    ],
    [
      ["--token", `--${DRAWN}`],
      ["--token", "[redacted:token]"],
    ],
    [
      ["curl", "-u", `bob:${PASSWORD}`, "https://example.com"],
      ["curl", "-u", "bob:[redacted:password]", "https://example.com"],
    ],
    [
      ["curl", "--user", "bob:plain words"],
      ["curl", "--user", "bob:[redacted:password]"],
    ],
  ])("%j: what follows the flag goes", (args, shown) => {
    const { raw, found } = redact({ containers: [{ command: args }] });
    expect(JSON.parse(raw)).toEqual({ containers: [{ command: shown }] });
    expect(found).toHaveLength(1);
    expect(redactor.record(raw, JSON.parse(raw) as JsonObject, [])).toMatchObject({ raw, found: [] });
    const inside = redact({ body: JSON.stringify(args) });
    expect(JSON.parse(inside.raw)).toEqual({ body: JSON.stringify(shown) });
  });
  test.each<[args: string[]]>([
    [["--password", "--host", "db.example.com"]],
    [["--password", "-h", "--token", ""]],
    [["--token-ttl", "3600", "--secret-name", "billing-db"]],
    [["docker", "run", "-u", "1000:1000", "--user", "bob"]],
    [["sqlmap", "-u", "https://example.com/?id=1"]],
    [["--token", "$TOKEN", "--password", "****"]],
    [["password", "email", "token", "name"]],
    [["--key", "reports/2026/part-0001.csv", "--partition-key", "tenant"]],
  ])("%j stays", (args) => expect(redact({ args })).toMatchObject({ raw: JSON.stringify({ args }), found: [] }));

  test.each([
    [
      `${EXEC}?command=mysql&command=--password&command=hunter2Secret%21&container=c`,
      `${EXEC}?command=mysql&command=--password&command=[redacted:password]&container=c`,
    ],
    [
      `${EXEC}?command=--password&command=a1&command=--token&command=${DRAWN}`,
      `${EXEC}?command=--password&command=[redacted:password]&command=--token&command=[redacted:token]`,
    ],
    [
      `${EXEC}?command=curl&command=-u&command=bob%3Ahunter2Secret%21`,
      `${EXEC}?command=curl&command=-u&command=bob:[redacted:password]`,
    ],
  ])("the command of a query: %s", (requestURI, shown) => {
    const { raw, found } = redact({ requestURI });
    expect(JSON.parse(raw)).toEqual({ requestURI: shown });
    expect(found.length).toBeGreaterThan(0);
    expect(redactor.record(raw, JSON.parse(raw) as JsonObject, [])).toMatchObject({ raw, found: [] });
  });
  test.each([
    `${EXEC}?command=ls&command=-l&command=/tmp&container=c`,
    `${EXEC}?command=--password&command=--host&command=db`,
  ])("%s stays", (requestURI) => expect(redact({ requestURI }).raw).toBe(JSON.stringify({ requestURI })));
});

test("a private key given line by line goes to its last line", () => {
  const lines = [
    "a",
    "-----BEGIN RSA PRIVATE KEY-----",
    BODY,
    BODY.toLowerCase(),
    "-----END RSA PRIVATE KEY-----",
    "b",
  ];
  const { raw, found } = redact({ files: [{ lines }], note: `see ${BODY}` });
  expect(raw).not.toMatch(/MIIBOgIB|miibogib/);
  expect((JSON.parse(raw) as { files: [{ lines: string[] }] }).files[0].lines).toEqual([
    "a",
    ...Array(4).fill("[redacted:private_key]"),
    "b",
  ]);
  expect(found).toHaveLength(1);
  expect(redactor.record(raw, JSON.parse(raw) as JsonObject, [])).toMatchObject({ raw, found: [] });
});
