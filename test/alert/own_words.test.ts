import { expect, test } from "vitest";
import { openChannel } from "../../alert/channel.ts";
import { withTemplate } from "../../alert/own_words.ts";
import { channelConfig } from "../../schemas/config_channels.ts";
import { placeholders, template } from "../../schemas/message_template.ts";
import { hostileFinding, messageOf } from "./support.ts";

test("every placeholder becomes what it stands for", () => {
  const text = Object.keys(placeholders).map((name) => `${name}={${name}}`);
  const { facts } = withTemplate(
    messageOf(),
    template.parse({ facts: Object.fromEntries(text.map((t) => [t.split("=")[0]!, t])) }),
  );
  const filled = Object.fromEntries(facts.slice(0, text.length));
  expect(filled).toMatchObject({
    owner: "owner=team-finance",
    key: "key=billing-report-bot",
    severity: "severity=medium",
    from: "from=203.0.113.9 (Example Net, DE)",
    since: "since=2026-03-01 03:12:09 UTC",
    detection: "detection=new_source",
  });
  expect(Object.values(filled).join()).not.toMatch(/[{}]|undefined|null/);
});

test("own steps come first, own facts too; nothing of ours is lost", () => {
  const message = messageOf();
  const own = withTemplate(message, {
    title: "{severity}: {key}",
    facts: { Runbook: "https://wiki.example.com/{provider}" },
    do_now: ["Call {owner}."],
  });
  expect(own.title).toBe("medium: billing-report-bot");
  expect(own.facts).toEqual([["Runbook", "https://wiki.example.com/aws_cloudtrail"], ...message.facts]);
  expect(own.steps).toEqual(["Call team-finance.", ...message.steps]);
});

test("a value that looks like a placeholder, or like a pattern of a replacement, stays what it is", () => {
  const message = messageOf({ finding: { key_name: "{owner} $& $1 {{url}}" } });
  expect(withTemplate(message, { title: "{key}" }).title).toBe("{owner} $& $1 {{url}}");
});

test("hostile values in a template are short harmless text", () => {
  const own = withTemplate(messageOf({ finding: hostileFinding() }), {
    title: "{key} {owner}",
    do_now: ["{principal} {from} {account}"],
  });
  for (const text of [own.title, own.steps[0]!]) {
    expect(text.length).toBeLessThanOrEqual(400);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]/);
  }
});

test.each([
  [{ title: "{kee}" }, "unknown placeholder {kee}, did you mean {key}?"],
  [{ facts: { A: "{constructor}" } }, "unknown placeholder {constructor}, there are {title}"],
  [{ body: "x" }, "body"],
  [{ do_now: ["{__proto__}"] }, "unknown placeholder {__proto__}"],
])("%j is refused: %s", (value, reason) => {
  const parsed = template.safeParse(value);
  expect(parsed.success).toBe(false);
  expect(JSON.stringify(parsed.error!.issues).replaceAll("\\", "")).toContain(reason);
});

test("any channel takes one, and sends by it", async () => {
  const lines: string[] = [];
  const config = channelConfig.parse({ kind: "file", path: "-", template: { do_now: ["Call {owner}."] } });
  const channel = await openChannel(config, {
    now: Date.now,
    output: { write: (s) => void lines.push(s), colour: false },
  });
  await channel.send(messageOf(), new AbortController().signal);
  expect(lines.join()).toContain("Call team-finance.");
});
