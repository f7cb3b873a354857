import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import {
  clickBody,
  PD_SECRET,
  pagerdutyEvent,
  pagerdutySign,
  SIGNING_SECRET,
  slackHeaders,
} from "../alert/inbound/parts.ts";
import { finding } from "../alert/support.ts";
import { openWeb, type Web, withTokens } from "./support.ts";

const routing_key = "R0123456789ABCDEFGHIJKLMNOPQRSTU";
const hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>';

let web: Web;
let app: App;
let base: string;
beforeAll(async () => {
  web = await openWeb({
    // Tokens are for the API; who answers proves itself otherwise.
    ...withTokens,
    alert: { external_url: "https://keywatch.example.com", max_age: "99999d" },
    route: { receiver: "all", group_wait: "9000d" },
    receivers: [
      {
        name: "all",
        channels: [
          { kind: "slack", webhook_url: "http://127.0.0.1:9/x", signing_secret: SIGNING_SECRET },
          { kind: "pagerduty", routing_key, api_url: "http://127.0.0.1:9", webhook_secrets: [PD_SECRET] },
        ],
      },
    ],
  });
  ({ app, base } = web);
}, 60_000);
afterAll(() => web.close());

let many = 0;
const newIncident = async () => {
  const subject_uid = `aws_cloudtrail:${many++}`;
  return (await app.alerter.apply([finding({ subject_uid, title: hostile, key_name: hostile })]))[0]!.incident_uid;
};
const statusOf = async (uid: string) => (await app.alerter.get(uid))!.status;
const post = (path: string, body: string, headers: Record<string, string>) =>
  fetch(base + path, { method: "POST", body, headers });

test("Slack's signature is over the bytes that came, and stands for a token", async () => {
  const uid = await newIncident();
  const body = clickBody({ action: "acknowledge", uid });
  const forged = await post(
    "/v1/slack/interactions",
    body,
    slackHeaders(body, Date.now(), "a secret that is not the app's"),
  );
  expect([forged.status, await statusOf(uid)]).toEqual([401, "open"]);
  const headers = slackHeaders(body, Date.now());
  expect([(await post("/v1/slack/interactions", body, headers)).status, await statusOf(uid)]).toEqual([
    200,
    "acknowledged",
  ]);
  expect((await post("/v1/slack/interactions", body, headers)).status).toBe(409);
});

test("PagerDuty's webhook acknowledges by its dedup key", async () => {
  const uid = await newIncident();
  const body = pagerdutyEvent({ type: "incident.acknowledged", key: uid, at: Date.now() });
  const headers = { "content-type": "application/json", "x-pagerduty-signature": pagerdutySign(body) };
  expect((await post("/v1/pagerduty/webhook", body, { ...headers, "x-pagerduty-signature": "v1=00" })).status).toBe(
    401,
  );
  expect((await post("/v1/pagerduty/webhook", body, headers)).status).toBe(202);
  expect(await statusOf(uid)).toBe("acknowledged");
});

test.each(["/v1/slack/interactions", "/v1/pagerduty/webhook", "/v1/opsgenie/webhook"])(
  "%s: too much is refused, and nothing of it is repeated",
  async (path) => {
    const answer = await post(path, `payload=${"x".repeat(300_000)}`, slackHeaders("", Date.now()));
    expect(answer.status).toBe(413);
    const unproven = await post(path, "secret-looking-text", { authorization: "Bearer secret-looking-text" });
    expect(unproven.status).toBe(401);
    expect(await unproven.text()).not.toContain("secret-looking");
  },
);

test("the address of a mail shows a page; only the form on it acts", async () => {
  const uid = await newIncident();
  const token = app.links.sign({
    incident: uid,
    action: "acknowledge",
    to: `${hostile} (mail)`,
    n: 1,
    expires: Date.now() + 60_000,
  });
  const address = `/answer?t=${token}`;
  for (const method of ["GET", "HEAD", "GET"]) expect((await fetch(base + address, { method })).status).toBe(200);
  for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"])
    expect((await fetch(base + address, { method })).status).toBe(404);
  expect((await post(address, "", {})).status).toBe(404);
  expect((await post(address, `t=${token}`, {})).status).toBe(403);
  expect(await statusOf(uid)).toBe("open");

  const page = await fetch(base + address);
  const html = await page.text();
  expect(html).not.toMatch(/<script|<img/);
  expect(html).toContain("&lt;script&gt;");
  expect(page.headers.get("content-security-policy")).toContain("form-action 'self'");
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(page.headers.get("referrer-policy")).toBe("no-referrer");

  // What a browser sends when the button is pressed.
  const fields = new URLSearchParams(
    [...html.matchAll(/<input type="hidden" name="(\w)" value="([^"]+)">/g)].map((m): [string, string] => [
      m[1]!,
      m[2]!,
    ]),
  );
  const form = { "content-type": "application/x-www-form-urlencoded", origin: "null" };
  const done = await post("/answer", fields.toString(), form);
  expect([done.status, await statusOf(uid)]).toEqual([200, "acknowledged"]);
  expect(await (await post("/answer", fields.toString(), form)).text()).toContain("It was so already");
});

test.each([
  ["/answer", 404],
  ["/answer?t=x", 404],
  ["/answer?t=x&t=y", 404],
  [`/answer?t=${"x".repeat(5_000)}`, 404],
])("%s is a page that says so", async (path, status) => {
  const answer = await fetch(base + path);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([status, "text/html; charset=utf-8"]);
});

test("an address that is too old says so", async () => {
  const uid = await newIncident();
  const token = app.links.sign({ incident: uid, action: "expected", to: "x", n: 1, expires: Date.now() - 1 });
  expect((await fetch(`${base}/answer?t=${token}`)).status).toBe(410);
});

test("signed addresses live as long as the pepper: a restart does not end them", async () => {
  const token = app.links.sign({ incident: "i", action: "yes", to: "x", n: 1, expires: 1 });
  const { createLinkSigner } = await import("../../alert/inbound/link.ts");
  const { loadPepper } = await import("../../ingest/fingerprint.ts");
  const again = createLinkSigner(loadPepper({ directory: app.config.store.path, env: process.env }));
  expect(again.read(token)).toMatchObject({ incident: "i", action: "yes" });
});
