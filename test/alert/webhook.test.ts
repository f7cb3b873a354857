import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import { httpReceiver } from "./receivers.ts";
import { hostileFinding, messageOf, storyOf } from "./support.ts";

const secretOf = (text: string) => `whsec_${Buffer.from(text.padEnd(32, "-")).toString("base64")}`;
interface AlertmanagerBody {
  version: string;
  status: string;
  groupKey: string;
  groupLabels: Record<string, string>;
  alerts: { status: string; labels: Record<string, string>; endsAt: string; fingerprint: string }[];
}

const [old, fresh] = [secretOf("old"), secretOf("new")];
const never = new AbortController().signal;
const surroundings = { now: Date.now, output: { write: () => {}, colour: false } };

describe("webhook", () => {
  let server: Awaited<ReturnType<typeof httpReceiver>>;
  beforeEach(async () => {
    server = await httpReceiver();
  });
  afterEach(() => server.stop());
  const open = (change: object = {}) =>
    openChannel(
      {
        kind: "webhook",
        url: server.url,
        secrets: [old, fresh],
        format: "keywatch",
        allow_private_addresses: true,
        timeout: 300,
        send_resolved: true,
        ...change,
      },
      surroundings,
    );

  test("while secrets rotate, a receiver that knows either can verify", async () => {
    await (await open()).send(messageOf(), never);
    const [{ body, headers }] = server.requests as [(typeof server.requests)[0]];
    for (const secret of [old, fresh]) {
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
        type: "incident.triggered",
      });
    }
    expect(() => new Webhook(secretOf("other")).verify(body, headers as Record<string, string>)).toThrow();
    expect(() => new Webhook(old).verify(`${body} `, headers as Record<string, string>)).toThrow();
  });

  test("the body says type, time and the whole incident", async () => {
    const channel = await open();
    await channel.send(messageOf(), never);
    await channel.send(messageOf({ n: 2, root: { receipt: "" } }), never);
    const [first, second] = server.requests.map(
      (r) => JSON.parse(r.body) as { type: string; timestamp: string; data: { incident: object } },
    );
    expect(first).toMatchObject({
      type: "incident.triggered",
      timestamp: "2026-03-01T03:12:09.000Z",
      data: {
        transitions: [{ kind: "opened", n: 1, actor: "keywatch", at: "2026-03-01T03:12:09.000Z" }],
        incident: { severity: "medium", key_name: "billing-report-bot" },
      },
    });
    expect(second!.type).toBe("incident.acknowledged");
  });

  test.each([
    "http://127.0.0.1:9/x",
    "http://localhost:9/x",
    "http://[::1]:9/x",
    "http://[::ffff:7f00:1]:9/",
    "http://169.254.169.254/",
    "http://0x7f.1/",
  ])("%s is not called unless private addresses are allowed", async (url) => {
    const result = await (await open({ url, allow_private_addresses: false })).send(messageOf(), never);
    expect(result).toMatchObject({ kind: "fail", reason: "rejected" });
    expect(JSON.stringify(result)).toContain("allow_private_addresses");
  });

  test("410 ends the endpoint: nothing more is sent there", async () => {
    server.script("gone");
    const channel = await open();
    for (let i = 0; i < 3; i++) {
      expect(await channel.send(messageOf(), never)).toMatchObject({ kind: "fail", reason: "rejected" });
    }
    expect(server.requests).toHaveLength(1);
  });

  test("a receiver that says nothing is given up after the timeout of the config", async () => {
    server.script("hang");
    expect(await (await open()).send(messageOf(), never)).toMatchObject({ kind: "retry", reason: "timeout" });
  });

  test("alertmanager: version 4 of its webhook, one fingerprint from firing to resolved", async () => {
    const channel = await open({ format: "alertmanager" });
    await channel.send(storyOf(["opened"]), never);
    await channel.send(storyOf(["resolved"], { root: { receipt: "" }, from: 2 }), never);
    const bodies = server.requests.map((r) => JSON.parse(r.body) as AlertmanagerBody);
    for (const body of bodies) {
      expect(Object.keys(body).sort()).toEqual([
        ...["alerts", "commonAnnotations", "commonLabels", "externalURL", "groupKey", "groupLabels", "receiver"],
        ...["status", "truncatedAlerts", "version"],
      ]);
      expect(body.version).toBe("4");
      expect(body.alerts).toHaveLength(1);
      expect(body.alerts[0]).toMatchObject({
        status: body.status,
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
      expect(body.alerts[0]!.labels).toMatchObject(body.groupLabels);
    }
    expect(bodies.map((b) => [b.status, b.alerts[0]!.endsAt])).toEqual([
      ["firing", "0001-01-01T00:00:00Z"],
      ["resolved", "2026-03-01T03:12:09.000Z"],
    ]);
    expect(new Set(bodies.map((b) => `${b.groupKey} ${b.alerts[0]!.fingerprint}`)).size).toBe(1);
  });

  test("cloudevents: the attributes of 1.0, its id the one of the message, signed like every body", async () => {
    await (await open({ format: "cloudevents" })).send(messageOf(), never);
    const [{ body, headers }] = server.requests as [(typeof server.requests)[0]];
    expect(headers["content-type"]).toBe("application/cloudevents+json");
    expect(new Webhook(old).verify(body, headers as Record<string, string>)).toMatchObject({
      ...{ specversion: "1.0", id: headers["webhook-id"], source: "urn:keywatch:incidents" },
      ...{ type: "keywatch.incident.triggered", time: "2026-03-01T03:12:09.000Z", datacontenttype: "application/json" },
      subject: messageOf().incident.uid,
      data: { incident: { key_name: "billing-report-bot" } },
    });
  });

  test("ocsf: a Detection Finding", async () => {
    await (await open({ format: "ocsf" })).send(messageOf(), never);
    expect(JSON.parse(server.requests[0]!.body)).toMatchObject({ class_uid: 2004, type_uid: 200401 });
  });

  test.each(["keywatch", "alertmanager", "ocsf", "cloudevents"])(
    "%s: hostile text stays short and inert",
    async (format) => {
      await (await open({ format })).send(messageOf({ finding: hostileFinding() }), never);
      const [{ body }] = server.requests as [(typeof server.requests)[0]];
      expect(body.length).toBeLessThan(64 * 1024);
      expect(body).not.toMatch(/\\u001b|\\r|\u202e|\u200b/);
    },
  );

  test("hostile text of a megabyte arrives as one short harmless line", async () => {
    const evil = `\u001b[2J\r\nX: y\u202e<script>${"A".repeat(1_000_000)}`;
    await (await open()).send(
      messageOf({ finding: { title: evil, reasons: [evil], key_name: evil, tags: [evil] } }),
      never,
    );
    const [{ body }] = server.requests as [(typeof server.requests)[0]];
    expect(body.length).toBeLessThan(20_000);
    expect(body).not.toMatch(/\\u001b|\\r|\\n|\u202e/);
  });
});
