import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import { decoded, headersOf, smtpReceiver } from "./receivers.ts";
import { messageOf } from "./support.ts";

const never = new AbortController().signal;
const surroundings = { now: Date.now, output: { write: () => {}, colour: false } };

describe("email", () => {
  let server: Awaited<ReturnType<typeof smtpReceiver>>;
  beforeEach(async () => {
    server = await smtpReceiver();
  });
  afterEach(() => server.stop());
  const open = () =>
    openChannel(
      {
        kind: "email",
        smtp_url: `smtp://127.0.0.1:${server.port}`,
        from: "keywatch <alerts@example.com>",
        to: ["user@example.com", "b@example.com"],
        send_resolved: true,
      },
      surroundings,
    );

  test("text first, HTML second, and the headers of an automatic list mail", async () => {
    await (await open()).send(messageOf(), never);
    const [mail] = server.mails as [string];
    const headers = headersOf(mail);
    expect(headers.get("subject")).toMatch(/^\[MEDIUM\] billing-report-bot: Key used from a place it never used/);
    expect(headers.get("subject")).toMatch(/\(INC-[0-9a-f]{8}\)$/);
    expect(headers.get("message-id")).toMatch(/^<inc-[0-9a-f-]{36}\.0@example\.com>$/);
    expect(headers.get("auto-submitted")).toBe("auto-generated");
    expect(headers.get("list-id")).toBe("keywatch incidents <incidents.keywatch.example.com>");
    expect(headers.get("to")).toBe("user@example.com, b@example.com");
    expect(headers.has("in-reply-to")).toBe(false);
    expect(mail.indexOf("text/plain")).toBeGreaterThan(0);
    expect(mail.indexOf("text/html")).toBeGreaterThan(mail.indexOf("text/plain"));
    for (const part of ["WHY", "DO NOW", "1. Ask team-finance", "team-finance", "/incidents/"])
      expect(decoded(mail)).toContain(part);
    expect(decoded(mail)).not.toMatch(/<img|<script|https?:\/\/(?!127\.0\.0\.1)/);
  });

  test("later mails stand in the thread of the first, under its subject, whatever the severity is now", async () => {
    const channel = await open();
    const first = await channel.send(messageOf(), never);
    const root = { receipt: first.kind === "ok" ? first.receipt : "" };
    await channel.send(messageOf({ n: 2, root, finding: { severity: "critical", title: "Another title" } }), never);
    const [a, b] = server.mails.map(headersOf);
    expect(b!.get("subject")).toBe(a!.get("subject"));
    expect(b!.get("in-reply-to")).toBe(a!.get("message-id"));
    expect(b!.get("references")).toBe(a!.get("message-id"));
    expect(b!.get("message-id")).not.toBe(a!.get("message-id"));
  });

  test("the same message again is the same mail", async () => {
    const channel = await open();
    for (let i = 0; i < 2; i++) await channel.send(messageOf(), never);
    const [a, b] = server.mails.map(headersOf);
    expect(b!.get("message-id")).toBe(a!.get("message-id"));
    expect(b!.get("date")).toBe(a!.get("date"));
  });

  test.each([
    "\r\nBcc: thief@example.org",
    "\nBcc: thief@example.org\n\nbody",
    "\u2028Bcc: thief@example.org",
    "\r\n.\r\nMAIL FROM:<x@example.org>",
  ])("a title with %j adds no header, no recipient and no second mail", async (evil) => {
    const finding = { title: `Odd${evil}`, key_name: `key${evil}`, reasons: [evil], owner: evil };
    const channel = await open();
    await channel.send(messageOf({ finding }), never);
    await channel.send(messageOf({ n: 2, root: { receipt: `Odd${evil}` }, finding, actor: evil, note: evil }), never);
    expect(server.mails).toHaveLength(2);
    for (const mail of server.mails) {
      expect(headersOf(mail).has("bcc")).toBe(false);
      expect(headersOf(mail).get("to")).toBe("user@example.com, b@example.com");
      expect(mail.split("\r\n\r\n")[0]).not.toMatch(/^(bcc|mail from)/im);
    }
  });

  test("HTML of a log is text in the mail", async () => {
    const evil = `<img src=x onerror=alert(1)><a href="https://evil.example">x</a>`;
    await (await open()).send(
      messageOf({ finding: { title: evil, reasons: [evil], runbook: [evil], owner: evil } }),
      never,
    );
    const html = decoded(server.mails[0]!).split("<!doctype html>")[1]!;
    expect(html).not.toMatch(/<img|<a href="https:\/\/evil/);
    expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;");
  });
});
