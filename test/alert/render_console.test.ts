import { describe, expect, test } from "vitest";
import { incidentsOf } from "../../alert/incident.ts";
import { renderIncident } from "../../alert/render_console.ts";
import { finding, HOUR, T0, weak } from "./support.ts";

const [incident] = incidentsOf([
  finding({
    severity: "high",
    detection: "write_on_read_only_key",
    title: "Write call on a read-only key",
    event_count: 41,
    last_seen: T0 + HOUR,
    reasons: ["s3:DeleteBucket by a key that is declared read-only, 41 calls in 12 min"],
  }),
  weak("off_hours", { reasons: ["03:12 on a Sunday holds 0.2 % of what this key ever did"], runbook: [] }),
]);

test("an incident in a terminal", () => {
  expect(renderIncident(incident!, { width: 80, link: "http://127.0.0.1:8686/incidents/1" })).toBe(
    `
[HIGH]  billing-report-bot: Write call on a read-only key, from 203.0.113.9
        (Example Net, DE)
  key    billing-report-bot (AKIA…MPLE) · held by billing
         aws_cloudtrail 111122223333
  owner  team-finance · production
  when   2026-03-01 03:12:09 to 04:12:09 UTC · for 60 min
  seen   2 findings · 42 events · risk 37 of 100
  state  open · INC-${incident!.uid.slice(0, 8)}

  Why
    • s3:DeleteBucket by a key that is declared read-only, 41 calls in 12 min
    • 03:12 on a Sunday holds 0.2 % of what this key ever did

  Do now
    1. Ask team-finance whether the bot moved.
    2. If not, disable AKIA…MPLE in IAM and rotate it.

  http://127.0.0.1:8686/incidents/1`.trimStart(),
  );
});

describe("a terminal", () => {
  test("gets colours only when somebody asked for them", () => {
    expect(renderIncident(incident!)).not.toContain("\u001b");
    const coloured = renderIncident(incident!, { colour: true });
    expect(coloured).toContain("\u001b[41;97;1m HIGH \u001b[0m");
  });

  test("is not steered by a log, and no line is wider than asked", () => {
    const evil = `\u001b[2J\u001b]0;owned\u0007\r\nfake line \u202e ${"x".repeat(500)}`;
    const [hostile] = incidentsOf([
      finding({
        title: evil,
        key_name: evil,
        owner: evil,
        principal: evil,
        account: evil,
        reasons: [evil],
        runbook: [evil],
      }),
    ]);
    const drawn = renderIncident({ ...hostile!, assignee: evil }, { width: 80 });
    for (const control of ["\u001b", "\u0007", "\r", "\u202e"]) expect(drawn).not.toContain(control);
    for (const line of drawn.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});
