import { describe, expect, test } from "vitest";
import { createRedactor } from "../../ingest/redact/redactor.ts";

const AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const DRAWN = "q7Zt0Lw3Vx9Kd2Rm5Bn8";
const UUID = "8f14e45f-ceea-467f-a8d5-3e2f1b0a9c77";
const redactor = createRedactor();

describe("free text", () => {
  test.each([
    `{"user":"ann","password":"correct horse`,
    `{\\"user\\":\\"ann\\",\\"password\\":\\"correct horse\\",\\"n\\":1}`,
    `password: "correct horse"`,
    `Authorization: Bearer ${DRAWN}`,
    `GET /?key=${DRAWN}&token=${DRAWN} HTTP/1.1`,
    `Cookie: a=b; session=${DRAWN}`,
    `{"passwords":["correct horse"],`,
    `aws_secret_access_key = ${AWS_SECRET}`,
    `Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/x, Signature=${"0a1b2c3d".repeat(8)}`,
    `Authorization: Digest username="ann", response="${"0a1b2c3d".repeat(4)}"`,
    `pAsSwOrD=${DRAWN}`,
    `secret => '${DRAWN}'`,
    `token%3D${DRAWN}%26x%3D1`,
    `/cb?code=${DRAWN}&state=x`,
    `https://app.azurewebsites.net/api/f?code=${DRAWN}==`,
    `/cb?state=x&code=4%2F0A${DRAWN}`,
    `POST /services/T0AB1CD2E/B0AB1CD2E/abcdEFGH${DRAWN} HTTP/1.1`,
    `/services/T0AB1CD2E/B0AB1CD2E/abcdEFGHijklMNOPqrst${DRAWN.slice(0, 4)}`,
  ])("%s", (line) => {
    const { text, found } = redactor.text(line);
    for (const secret of ["horse", DRAWN, AWS_SECRET, "AKIAIOSFODNN7EXAMPLE", "0a1b2c3d0a1b2c3d", "abcdEFGH"])
      expect(text).not.toContain(secret);
    expect(found.length).toBeGreaterThan(0);
    expect(redactor.text(text).text, "cleaned again").toBe(text);
  });
  test.each([
    `{"otp":{"code":"482913`,
    `{"otp":{"code":482913,"x":1}`,
    `{"mfa":{"method":"app","code":"482913"},"user":"ann`,
    `line 7: {"password":{"value":"correct horse","n":1},"x`,
    `{"secret":{"a":{"b":"correct horse"}},"x":"`,
    `{"credentials":{"user":"ann","pin":"correct horse`,
    `{"passwords":["correct horse","other horse"],`,
    `[{"name":"DB_PASSWORD","value":"correct horse"},{"name":"X","val`,
    `{"password":"correct \\"horse\\`,
    `{'api_key': '${DRAWN}', 'n': None}`,
    `body={'user': 'ann', 'passwords': ['correct horse', 'other horse'], 'ok': True} status=200`,
    `[{'name': 'password', 'value': 'correct horse'}]`,
    `[('password', 'correct horse'), ('user', 'ann')]`,
    `{u'password': u'correct horse', 'at': datetime.datetime(2026, 3, 2)}`,
    `{'otp': {'code': '482913'}}`,
    `{"password":"it's a horse", 'x': "`,
    `&lt;password&gt;correct horse&lt;/password&gt;`,
    `<log>&lt;Password&gt;horse&lt;/Password&gt;</log>`,
    `&amp;lt;password&amp;gt;horse&amp;lt;/password&amp;gt;`,
    `&#60;password&#x3e;horse&#60;/password&#62;`,
    `{&quot;password&quot;:&quot;correct horse&quot;}`,
    `?a=1&amp;token=${DRAWN}&amp;b=2`,
  ])("nested, cut off, of Python or escaped: %s", (line) => {
    const { text, found } = redactor.text(line);
    for (const secret of ["horse", DRAWN, "482913"]) expect(text).not.toContain(secret);
    expect(found.length).toBeGreaterThan(0);
    expect(redactor.text(text).text, "cleaned again").toBe(text);
  });
  test.each([
    "Cannot parse token: unexpected end of input",
    "The password must have at least 12 characters",
    `request ${UUID} failed after 30 s with status 503`,
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709 by user@example.com",
    `token=$TOKEN password=$${"{DB_PASSWORD}"} secret=<your secret>`,
    "/cb?code=200&error_code=E1001",
    "/login?code=not-found-in-directory&state=x",
    "GET /services/T0AB1CD2E/B0AB1CD2E/list",
    `{"code": "${UUID}", "line": "x"`,
    "2026-11-21T17:02:00Z 203.0.113.7 GET /v1/tokens/count 200",
    `{"verification":{"code":"404","status":"fail`,
    `{'name': 'ann', 'keys': ['a', 'b'], 'token_type': 'Bearer', 'pair': ('a', None)}`,
    `found ["password","token"] in ('secret', 'cookie') of {"fields": ["auth"]`,
    `{'otp': {'status': 'sent', 'code': 'invalid'}}`,
    "&lt;token&gt;&lt;/token&gt; &amp; &lt;b&gt;bold&lt;/b&gt; &#169; R&amp;D",
    "a &lt; b &amp;&amp; password &gt; ''",
  ])("%s survives", (line) => expect(redactor.text(line)).toEqual({ text: line, found: [] }));
});
