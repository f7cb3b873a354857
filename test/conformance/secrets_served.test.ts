import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpReceiver, smtpReceiver } from "../alert/receivers.ts";
import { cloudTrail } from "../records.ts";
import { keywatch, tempFolder, until } from "../support.ts";
import { sharedData } from "./shared_data.ts";

const file = sharedData("redaction/secrets.json.gz");

interface Secret {
  value: string;
  vendor: string;
  shaped: boolean;
}

const secrets =
  file === null ? [] : (JSON.parse(gunzipSync(readFileSync(file)).toString()) as { secrets: Secret[] }).secrets;

/** A key of its own for each secret, so that each has an incident and messages of its own. */
const keyId = (n: number): string =>
  `AKIAEXAMPLEKEY${String(n)
    .padStart(6, "0")
    .replace(/[0189]/g, (d) => "ABCD"["0189".indexOf(d)]!)}`;
const nameOf = (n: number): string => `service-${n}`;

const record = (n: number, over: object) =>
  cloudTrail({
    eventSource: "ssm.amazonaws.com",
    eventName: "PutParameter",
    readOnly: false,
    userIdentity: {
      type: "IAMUser",
      arn: `arn:aws:iam::111122223333:user/${nameOf(n)}`,
      accountId: "111122223333",
      accessKeyId: keyId(n),
      userName: nameOf(n),
    },
    ...over,
  });

/** Kinds with values without a mark of their own, such as a bare UUID or hash: beside no word that tells, they are ids, and ids are kept. */
const LIKE_AN_ID = new Set([
  "atlassian-api-token",
  "facebook-secret",
  "heroku-api-key",
  "sonar-api-token",
  "sourcegraph-access-token",
  "sumologic-access-token",
]);

/** The record's places in which a secret is a secret, whatever it looks like; what has a known shape stands in free text too. */
const recordsWith = ({ value, vendor, shaped }: Secret, n: number): object[] => [
  record(n, { requestParameters: { headers: { Authorization: `Bearer ${value}` } } }),
  record(n, {
    requestParameters: { url: `https://api.example.com/v1/a?access_token=${encodeURIComponent(value)}&page=2` },
  }),
  record(n, { requestParameters: { client_secret: value } }),
  record(n, { requestParameters: { payload: JSON.stringify({ service: { password: value } }) } }),
  record(n, { userAgent: `app/1.0 (password=${value})` }),
  ...(shaped
    ? [record(n, { errorCode: "InvalidParameter", errorMessage: `The token ${value} is not valid for this account` })]
    : []),
  ...(shaped && !LIKE_AN_ID.has(vendor)
    ? [
        record(n, { userAgent: `app/1.0 ${value}` }),
        record(n, { eventName: `Put ${value}` }),
        record(n, { sourceIPAddress: value }),
        record(n, { errorCode: value, errorMessage: "no" }),
        record(n, { eventTime: value }),
        record(n, { eventID: value }),
        record(n, { resources: [{ ARN: `arn:aws:s3:::bucket/${value}`, type: "AWS::S3::Object" }] }),
      ]
    : []),
];

/** Every way in which a value may be written in what goes out: as it is, escaped for JSON, HTML or a URL. */
const spellings = (value: string): string[] => [
  ...new Set([
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    value.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]!),
  ]),
];

/** A mail as its reader sees it: quoted-printable and base64 parts undone, long lines joined. */
function mailText(mail: string): string {
  const printable = mail
    .replace(/=\r\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const blocks = [...mail.matchAll(/(?:^[A-Za-z0-9+/=]{20,}\r\n)+/gm)].map((m) =>
    Buffer.from(m[0], "base64").toString(),
  );
  return [mail, printable, ...blocks].join("\n");
}

const folder = tempFolder();
const base = `http://127.0.0.1:${20_000 + (process.pid % 20_000)}`;
const whsec = `whsec_${Buffer.from("test-signing-key-that-is-long-enough").toString("base64")}`;
const places: [where: string, text: string][] = [];
let slack: Awaited<ReturnType<typeof httpReceiver>>;
let hook: Awaited<ReturnType<typeof httpReceiver>>;
let mail: Awaited<ReturnType<typeof smtpReceiver>>;
let serving: ReturnType<typeof keywatch>;
let said = "";

/** What the server answers, kept to be looked through. */
async function ask(where: string, path: string, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(base + path, init);
  const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  places.push([where, `${head}\n${await answer.text()}`]);
  return answer.status;
}

const leaksIn = (texts: readonly [string, string][]): string[] =>
  secrets.flatMap(({ value, vendor }) => {
    const forms = spellings(value);
    return texts
      .filter(([, text]) => forms.some((form) => text.includes(form)))
      .map(([where]) => `${vendor} in ${where}`);
  });

describe.skipIf(file === null)("no raw secret leaves a running serve", () => {
  beforeAll(async () => {
    [slack, hook, mail] = await Promise.all([httpReceiver(() => "ok"), httpReceiver(), smtpReceiver()]);
    // Failures too, because what is said about them goes to the log and the delivery log.
    slack.script("server_error", "rejected");
    hook.script("drop", "rejected");
    mail.script("rejected");
    writeFileSync(
      join(folder, "keywatch.yaml"),
      JSON.stringify({
        store: { path: join(folder, "data") },
        http: { listen: base.slice("http://".length) },
        alert: { external_url: "https://keywatch.example.com" },
        route: { receiver: "all", group_wait: "0s" },
        receivers: [
          {
            name: "all",
            channels: [
              { kind: "console" },
              { kind: "slack", webhook_url: `${slack.url}/services/T0/B0/x`, budget: null },
              { kind: "webhook", url: hook.url, secrets: [whsec], allow_private_addresses: true },
              {
                kind: "email",
                budget: null,
                smtp_url: `smtp://127.0.0.1:${mail.port}`,
                from: "keywatch@example.com",
                to: ["user@example.com"],
              },
            ],
          },
        ],
      }),
    );
    serving = keywatch(["--config", join(folder, "keywatch.yaml"), "serve"], {
      env: { KEYWATCH_LOG: "trace" },
      onOutput: (text) => {
        said = text;
      },
    });
    await until("the address", () => said.includes("is at http"));
  }, 60_000);

  afterAll(async () => {
    serving.child.kill("SIGKILL");
    await Promise.all([serving, slack.stop(), hook.stop(), mail.stop()]);
  });

  test("messages of every channel, the log, HTTP answers and every column of the store hold none of them", async () => {
    const post = (
      where: string,
      body: string | Buffer,
      headers: Record<string, string> = {},
      provider = "aws_cloudtrail",
    ) => ask(where, `/v1/ingest/${provider}`, { method: "POST", body: body as string, headers });
    const all = secrets.flatMap(recordsWith);
    expect(await post("a push", gzipSync(JSON.stringify({ Records: all })))).toBe(200);
    const tell = async ({ value, vendor, shaped }: Secret): Promise<void> => {
      const quoted = JSON.stringify(value);
      expect(await post("a push of broken JSON", `{"eventVersion":"1.09","password":${quoted},"broken"`)).toBe(400);
      await post("a push of another shape", JSON.stringify({ secret: value }), {}, "auto");
      await post("a push to no provider", "{}", {}, encodeURIComponent(value));
      await post("a push with headers", "", {
        authorization: `Bearer ${encodeURIComponent(value)}`,
        "idempotency-key": encodeURIComponent(value),
      });
      if (shaped && !LIKE_AN_ID.has(vendor))
        await post("a push of a record without a time", JSON.stringify(record(0, { eventTime: value })));
      expect([404, 414]).toContain(await ask("a missing incident", `/v1/incidents/${encodeURIComponent(value)}`));
      // A token in an address is refused before anything is looked for.
      expect([400, 414]).toContain(
        await ask("a missing page", `/${encodeURIComponent(value)}?token=${encodeURIComponent(value)}`),
      );
      await ask("a broken path", `/v1/incidents/%zz${encodeURIComponent(value)}`);
    };
    for (let i = 0; i < secrets.length; i += 8) await Promise.all(secrets.slice(i, i + 8).map(tell));
    // Every secret has a key, every key an incident, every incident a message in each channel.
    await until(
      "the messages",
      () => Math.min(hook.requests.length, slack.requests.length, mail.mails.length) >= secrets.length,
      200_000,
    );
    const named = (text: string) => secrets.filter((_, n) => new RegExp(`${nameOf(n)}(?![0-9])`).test(text)).length;
    const sent: [string, string][] = [
      ...slack.requests.map((r): [string, string] => ["Slack", r.body]),
      ...hook.requests.map((r): [string, string] => ["webhook", `${JSON.stringify(r.headers)} ${r.body}`]),
      ...mail.mails.map((m): [string, string] => ["email", mailText(m)]),
    ];
    for (const channel of ["Slack", "webhook", "email"])
      expect(
        named(
          sent
            .filter(([where]) => where === channel)
            .map(([, text]) => text)
            .join("\n"),
        ),
      ).toBe(secrets.length);
    expect(await ask("the list of incidents", "/v1/incidents?limit=1000")).toBe(200);
    const { incidents } = JSON.parse(places.at(-1)![1].split("\n").at(-1)!) as { incidents: { uid: string }[] };
    expect(incidents.length).toBeGreaterThanOrEqual(secrets.length);
    for (const { uid } of incidents) {
      expect(await ask("an incident", `/v1/incidents/${uid}`)).toBe(200);
      expect(await ask("the evidence of an incident", `/v1/incidents/${uid}/evidence`)).toBe(200);
    }
    for (const path of [
      "/v1/status",
      "/v1/keys",
      "/v1/events?limit=500",
      "/v1/findings",
      "/v1/audit",
      "/metrics",
      "/readyz",
      "/healthz",
    ])
      await ask(path, path);
    serving.child.kill("SIGTERM");
    const { stdout, stderr } = await serving;
    expect(stderr).toContain('"level":');
    expect(named(stdout)).toBe(secrets.length);
    for (const table of ["events", "findings", "transitions", "incidents", "deliveries", "dead_letters"]) {
      const rows = await keywatch([
        "--config",
        join(folder, "keywatch.yaml"),
        "sql",
        `select * from ${table} final`,
        "--format",
        "json",
      ]);
      expect([table, rows.code, rows.stdout.length > 1000]).toEqual([table, 0, true]);
      places.push([`table ${table}`, rows.stdout]);
    }
    const leaks = leaksIn([...sent, ...places, ["console", stdout], ["log", stderr]]);
    expect([...new Set(leaks)]).toEqual([]);
  }, 400_000);
});
