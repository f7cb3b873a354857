import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Channel, openChannel } from "../../alert/channel.ts";
import type { Message } from "../../alert/template.ts";
import type { Finding } from "../../schemas/finding.ts";
import { template } from "../../schemas/message_template.ts";
import { links } from "./inbound/parts.ts";
import { decoded, type Harness, headersOf } from "./receivers.ts";
import { HOSTILE, hostileFinding, messageOf } from "./support.ts";

/** Every channel of the folder: a new one is held to this without a line here. */
const kinds = readdirSync(new URL("../../alert/channels/", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));
const harnesses: Harness[] = [];
for (const kind of kinds)
  harnesses.push(...((await import(`./channels/${kind}.ts`)) as { default: Harness[] }).default);

/** Documents for programs: what they hold is data, and is kept as it was said. */
const FOR_PROGRAMS = ["webhook", "alertmanager", "syslog", "file"];

const everywhere = (text: string): Partial<Finding> => ({
  ...{ title: text, key_name: text, key_hint: text, principal: text, principal_uid: text, owner: text },
  ...{ environment: text, account: text, provider: text, dimension: text, tags: [text] },
  ...{ reasons: [text, `b${text}`], runbook: [text, `b${text}`] },
});

const CASES: Record<string, Partial<Finding>> = {
  "a megabyte of everything": hostileFinding(),
  "a mention of all": everywhere("<!channel> <!here> <@U012AB3CD> <!subteam^S01> <at>everyone</at> @here"),
  HTML: everywhere(
    '<script>alert(1)</script><img src="https://evil.example/x" onerror=alert(1)><a href="javascript:alert(1)">x</a>',
  ),
  "mail headers": everywhere(
    "x\r\nBcc: thief@example.org\r\nSubject: other\r\n\r\nbody\r\n.\r\nMAIL FROM:<x@example.org>",
  ),
  "marks that turn the direction": everywhere("user\u202egnp.exe\u2066x\u2069\u200b\ufeff\u061c"),
  "a terminal": everywhere("\u001b[2J\u001b]0;owned\u0007\u009b31mred\u0008\u0000"),
  "templates and Markdown": everywhere(
    "{{DATE(2026-01-01T00:00:00Z)}} \u0024{7*7} @{triggerBody()} {owner} [click](https://evil.example/) **x**",
  ),
  "JSON and JavaScript": everywhere('"},"text":"<!channel>","x":{"\\u003c!channel\\u003e </script>'),
  "half characters": everywhere("a\ud800b\udfff"),
  ...Object.fromEntries(
    [
      '=HYPERLINK("https://evil.example/","x")',
      "@SUM(1+1)*cmd|' /C calc'!A0",
      "+cmd|' /C calc'!A0",
      "-2+3+cmd|' /C calc'!A0",
    ].map((f) => [`the formula ${f}`, everywhere(f)]),
  ),
};

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HARMFUL =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/u;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORMULA = /^\s*(?:[=@]|[+-](?![\d\s.,]*$))/;

/** Every text of a document, at any depth, names of fields too. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(textsOf)];
}

/** texts of what came over the wire, as the program at the other end reads them. */
function readBy(kind: string, wire: string): string[] {
  if (kind === "email") return [...decoded(wire).split(/(?=<!doctype html>)/), ...headersOf(wire).values()];
  if (kind === "console") return [wire];
  return textsOf(JSON.parse(wire.slice(wire.search(/[[{]/))));
}

const NOT_ALLOWED: Record<string, RegExp> = {
  slack: /<[!@#]|<(?!https?:\/\/(?:keywatch\.example\.com|127\.0\.0\.1))[^>]*\|/,
  email: /<(?:script|img|iframe|object|svg)|(?:href|src)="(?!http:\/\/127\.0\.0\.1)/i,
  teams: /<\/?at\b|\{\{|[$@]\{/i,
};

async function sendAll(channel: Channel, finding: Partial<Finding>): Promise<void> {
  const never = new AbortController().signal;
  const first: Message = messageOf({ finding });
  const sent = await channel.send(first, never);
  expect(sent).toMatchObject({ kind: "ok" });
  const root = { receipt: sent.kind === "ok" ? sent.receipt : "" };
  const said = finding.title!;
  expect(await channel.send(messageOf({ finding, n: 2, root, actor: said, note: said }), never)).toMatchObject({
    kind: "ok",
  });
}

const ownWords = template.parse({
  title: "{key} {title}",
  facts: { Held: "{principal} {from}" },
  do_now: ["{owner} {account}"],
});

describe.each(
  harnesses.flatMap((h) => [
    { ...h, how: h.name, own: false },
    { ...h, how: `${h.name}, with a template`, own: true },
  ]),
)("$how", ({ kind, start, own }) => {
  test.each(Object.entries(CASES))("%s is inert", async (_name, finding) => {
    const shown: string[] = [];
    const receiver = await start();
    const channel = await openChannel(
      { ...receiver.config, ...(own ? { template: ownWords } : {}) },
      { now: Date.now, links, output: { write: (text) => void shown.push(text), colour: false } },
    );
    try {
      await sendAll(channel, finding);
      const wires = [...receiver.received(), ...shown].flatMap((w) =>
        kind === "file" ? w.trimEnd().split("\n") : [w],
      );
      expect(wires.length).toBeGreaterThanOrEqual(2);
      for (const wire of wires) {
        expect(Buffer.byteLength(wire)).toBeLessThan(64 * 1024);
        for (const text of readBy(kind, wire)) {
          expect(text.replace(/\r\n/g, "\n")).not.toMatch(HARMFUL);
          // In the plain part of a mail markup is text like any other.
          if (NOT_ALLOWED[kind] && (kind !== "email" || text.startsWith("<!doctype html>")))
            expect(text).not.toMatch(NOT_ALLOWED[kind]);
          if (!FOR_PROGRAMS.includes(kind) && kind !== "email" && kind !== "console") expect(text).not.toMatch(FORMULA);
        }
        if (kind !== "email") continue;
        const headers = headersOf(wire);
        expect([headers.has("bcc"), headers.get("to")]).toEqual([false, "user@example.com"]);
        expect(headers.get("subject")).toMatch(/^(\[|=\?UTF-8\?)/);
      }
      if (kind === "email") expect(wires).toHaveLength(2);
    } finally {
      channel.close?.();
      await receiver.stop();
    }
  });
});

test("the cases hold what they say", () => {
  expect(CASES["a megabyte of everything"]!.title!.length).toBeGreaterThan(1_000_000);
  expect(HARMFUL.test(HOSTILE)).toBe(true);
});
