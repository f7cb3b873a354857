import { expect, test } from "vitest";
import { renderIncident } from "../../alert/render_console.ts";
import { MINUTE_MS } from "../../schemas/duration.ts";
import { ABROAD, at, call, office, type Played, play } from "./play.ts";
import { range } from "./scenario.ts";

const uids = (played: Played) => played.findings.map((f) => f.uid).sort();
const theft = () => [
  ...office(40),
  ...range(14).map((i) => call(at(36, 2, i), `iam:List${"ABCDEFG"[i % 7]}`, { from: ABROAD, error: "AccessDenied" })),
  call(at(36, 2, 30), "iam:CreateAccessKey", { from: ABROAD }),
];

test("14: three times the same records, shuffled within lateness, in batches of 1, 100 and 10,000, give the same finding uids", () => {
  const records = theft();
  const wanted = uids(play(records));
  expect(wanted.length).toBeGreaterThan(3);
  let state = 1;
  const jitter = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32) * 14 * MINUTE_MS;
  };
  const shuffled = [...records, ...records, ...records]
    .map((r) => ({ r, key: Date.parse(r.eventTime) + jitter() }))
    .sort((a, b) => a.key - b.key)
    .map(({ r }) => r);
  for (const batch of [1, 100, 10_000]) expect(uids(play(shuffled, { batch })), `batches of ${batch}`).toEqual(wanted);
});

test("15: six hours late a finding appears once, marked late, and none disappears", () => {
  const ordinary = office(40);
  const stolen = call(at(37, 9, 50), "iam:CreateAccessKey", { from: ABROAD });
  const before = uids(play(ordinary, { batch: 1 }));
  const arrival = at(37, 16);
  const late = [
    ...ordinary.filter((r) => Date.parse(r.eventTime) < arrival),
    stolen,
    ...ordinary.filter((r) => Date.parse(r.eventTime) >= arrival),
  ];
  const played = play(late, { batch: 1 });
  expect(uids(played)).toEqual(expect.arrayContaining(before));
  const told = played.findings.filter((f) => f.event_uids.includes(stolen.eventID));
  expect(told.map((f) => [f.detection, f.late, f.event_count])).toContainEqual(["new_operation", true, 1]);
});

test("22: a month replayed twice gives the same finding uids", () => {
  const records = theft();
  expect(uids(play(records))).toEqual(uids(play([...records, ...records])));
});

test("23: hostile strings in program and operation names are shown harmless", () => {
  const evil = "aws-cli\u001b[31m <!here> <script>alert(1)</script>\r\nBcc: user@example.com";
  const played = play([
    ...office(40),
    call(at(36, 2), `iam:Create\u001b]0;x\u0007AccessKey\u202e`, { from: ABROAD, agent: evil }),
    call(at(36, 2, 1), "iam:CreateAccessKey", { from: ABROAD, agent: evil }),
  ]);
  expect(played.incidents.length).toBeGreaterThan(0);
  for (const incident of played.incidents) {
    const text = renderIncident(incident, { colour: false, width: 100 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not come through
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202a-\u202e]/);
  }
});
