import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import { httpReceiver } from "./receivers.ts";
import { messageOf } from "./support.ts";

const secretOf = (text: string) => `whsec_${Buffer.from(text.padEnd(32, "-")).toString("base64")}`;
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
