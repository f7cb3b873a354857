import { createSocket } from "node:dgram";
import { describe, expect, onTestFinished, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import { syslogLine } from "../../alert/channels/syslog.ts";
import { channelConfig } from "../../schemas/config_channels.ts";
import { severities } from "../../schemas/severity.ts";
import { until } from "../support.ts";
import { hasOpenssl, selfSigned } from "./certificates.ts";
import { hostileFinding, messageOf, storyOf } from "./support.ts";
import { syslogReceiver } from "./syslog_receiver.ts";

const never = new AbortController().signal;
const opener = (change: object) =>
  openChannel(channelConfig.parse({ kind: "syslog", ...change }), {
    now: Date.now,
    output: { write: () => {}, colour: false },
  });
const receiver = async (tls: Parameters<typeof syslogReceiver>[0] = null) => {
  const server = await syslogReceiver(tls);
  onTestFinished(server.stop);
  return server;
};

/** The grammar of RFC 5424, section 6, without structured data, with text of plain ASCII. */
const RFC5424 =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) - ([ -~]+)$/;
const lineOptions = { facility: "local0", app_name: "keywatch", format: "ocsf", max_bytes: 8_000 } as const;

test("a message is RFC 5424 with a document of OCSF as its text", async () => {
  const server = await receiver();
  const channel = await opener({ address: `tcp://127.0.0.1:${server.port}` });
  expect(await channel.send(messageOf(), never)).toMatchObject({ kind: "ok" });
  await until("the message", () => server.lines.length === 1);
  const [, priority, time, , app, , id, text] = RFC5424.exec(server.lines[0]!)!;
  expect([priority, time, app, id]).toEqual(["132", "2026-03-01T03:12:09.000Z", "keywatch", "incident.opened"]);
  expect(JSON.parse(text!)).toMatchObject({ class_uid: 2004, metadata: { uid: "msg_1" } });
});

test("the priority is facility and severity", () => {
  const priorities = severities.map(
    (severity) =>
      RFC5424.exec(syslogLine(storyOf(["opened"], { state: { severity } }), { ...lineOptions, facility: "auth" }))![1],
  );
  expect(priorities).toEqual(["38", "37", "36", "35", "34"]);
});

test("the same message is the same bytes at every attempt", () => {
  expect(syslogLine(messageOf(), lineOptions)).toBe(syslogLine(messageOf(), lineOptions));
});

test.each(["ocsf", "ecs"] as const)("hostile text of a megabyte in %s is one message within max_bytes", (format) => {
  const message = messageOf({ finding: hostileFinding() });
  for (const max_bytes of [2_048, 8_000, 60_000]) {
    const line = syslogLine(message, { ...lineOptions, format, max_bytes }, "a".repeat(300));
    expect(line.length).toBeLessThanOrEqual(max_bytes);
    const text = RFC5424.exec(line)?.[7];
    expect(text).toBeDefined();
    expect(text).toContain(message.incident.uid);
    JSON.parse(text!);
  }
});

test("a host name that is no ASCII cannot break the header", () => {
  expect(syslogLine(messageOf(), lineOptions, "wü rm\n<1>")).toMatch(RFC5424);
  expect(syslogLine(messageOf(), lineOptions, "é")).toMatch(/Z - keywatch /);
});

test("a receiver that keeps the line open has the message all the same", async () => {
  const server = await receiver();
  server.script("late");
  const channel = await opener({ address: `tcp://127.0.0.1:${server.port}` });
  expect(await channel.send(messageOf(), never)).toMatchObject({ kind: "ok" });
  expect(server.lines).toHaveLength(1);
});

test("over UDP each message is one datagram", async () => {
  const seen: string[] = [];
  const socket = createSocket("udp4", (datagram) => seen.push(datagram.toString("utf8")));
  onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const channel = await opener({ address: `udp://127.0.0.1:${socket.address().port}`, format: "ecs" });
  expect(await channel.check!(never)).toMatchObject({ kind: "ok" });
  expect(await channel.send(messageOf({ finding: hostileFinding() }), never)).toMatchObject({ kind: "ok" });
  expect(await channel.send(messageOf(), never)).toMatchObject({ kind: "ok" });
  await until("both datagrams", () => seen.length === 2);
  for (const datagram of seen) expect(datagram).toMatch(RFC5424);
});

const why = hasOpenssl ? "" : " (skipped: needs openssl)";
describe.skipIf(!hasOpenssl)(`over TLS${why}`, () => {
  const server = hasOpenssl ? selfSigned() : { key: "", cert: "" };
  const own = hasOpenssl ? selfSigned() : { key: "", cert: "" };

  test("a certificate that nobody vouches for is refused, and nothing is sent", async () => {
    const listening = await receiver(server);
    const channel = await opener({ address: `tls://127.0.0.1:${listening.port}` });
    const result = await channel.send(messageOf(), never);
    expect(result).toMatchObject({ kind: "fail", reason: "auth" });
    expect(listening.lines).toEqual([]);
  });

  test("a receiver that asks who we are gets our certificate", async () => {
    const listening = await receiver({ ...server, ca: own.cert });
    const address = `tls://127.0.0.1:${listening.port}`;
    const known = await opener({ address, ca: server.cert, cert: own.cert, key: own.key });
    expect(await known.send(messageOf(), never)).toMatchObject({ kind: "ok" });
    await until("the message", () => listening.lines.length === 1);
    const unknown = await opener({ address, ca: server.cert });
    expect((await unknown.send(messageOf(), never)).kind).not.toBe("ok");
    expect(listening.lines).toHaveLength(1);
  });
});

test.each([
  ["http://siem.example.com", /tls:\/\/siem\.example\.com:6514/],
  ["tcp://user@siem.example.com", /tls:\/\//],
])("the address %s is a fault", (address, message) => {
  const parsed = channelConfig.safeParse({ kind: "syslog", address });
  expect(parsed.error?.issues[0]?.message).toMatch(message);
});

test("faults between parts are told", () => {
  const faults = (change: object) =>
    channelConfig.safeParse({ kind: "syslog", ...change }).error?.issues.map((i) => i.message);
  const pem = "-----BEGIN CERTIFICATE-----";
  expect(faults({ address: "tls://[2001:db8::1]:6514", cert: pem })).toEqual(["cert and key go together"]);
  expect(faults({ address: "tcp://192.0.2.1", ca: pem })).toEqual(["ca, cert and key are of use with tls:// only"]);
});
