import { describe, expect, test } from "vitest";
import { digestOf } from "../../alert/digest.ts";
import { riskOf } from "../../alert/fold.ts";
import { createBook, incidentsOf, MAX_FINDINGS, MAX_HELD } from "../../alert/incident.ts";
import type { Finding } from "../../schemas/finding.ts";
import { type Command, incidentUid } from "../../schemas/incident.ts";
import { DAY, finding, HOUR, MINUTE, T0, weak } from "./support.ts";

/** What a list of findings decides, as kinds. */
const kinds = (findings: Finding[], book = createBook()): string[] =>
  findings.flatMap((f) => book.apply(f, T0).map((d) => d.transition.kind));
const at = (ms: number, change: Partial<Finding> = {}) =>
  finding({ first_seen: T0 + ms, dimension: `d${ms}`, ...change });

describe("an incident opens", () => {
  test.each<[string, Finding[], string[]]>([
    ["on one finding of medium", [finding()], ["opened"]],
    ["not on one weak finding", [weak("off_hours")], []],
    ["on two weak findings of different detections", [weak("off_hours"), weak("new_operation")], ["opened"]],
    [
      "not on two weak findings of one detection about the same kind of fact",
      [weak("new_source", { dimension: "a" }), weak("new_source", { dimension: "b" })],
      [],
    ],
    [
      "not on weak findings a day apart",
      [weak("off_hours"), weak("new_operation", { first_seen: T0 + DAY, last_seen: T0 + DAY })],
      [],
    ],
    [
      "on weak findings just under a day apart",
      [weak("off_hours"), weak("new_operation", { first_seen: T0 + DAY - 1, last_seen: T0 + DAY - 1 })],
      ["opened"],
    ],
    ["on a risk of 60 alone", [weak("off_hours", { risk: 0.6 })], ["opened"]],
    ["never on informational findings, whatever their risk", [finding({ severity: "informational", risk: 1 })], []],
    [
      "not on weak findings of two subjects",
      [weak("off_hours", { subject_uid: "a" }), weak("new_operation", { subject_uid: "b" })],
      [],
    ],
    [
      "when a weak finding grows to medium",
      [weak("off_hours"), weak("off_hours", { version: 2, severity: "medium" })],
      ["opened"],
    ],
  ])("%s", (_name, findings, expected) => expect(kinds(findings)).toEqual(expected));

  test("with the uid of the opening finding, at medium, and with the weak findings that waited", () => {
    const [a, b] = [weak("off_hours"), weak("new_operation", { first_seen: T0 + HOUR, last_seen: T0 + HOUR })];
    const [incident] = incidentsOf([a, b]);
    expect(incident).toMatchObject({
      uid: incidentUid(b.uid),
      severity: "medium",
      finding_uids: [a.uid, b.uid],
      detections: ["off_hours", "new_operation"],
      first_seen: T0,
      last_seen: T0 + HOUR,
      event_count: 2,
      n: 1,
    });
  });
});

describe("an open incident", () => {
  test.each<[string, Finding[], string[]]>([
    ["is updated by another finding that is no worse", [at(0), at(HOUR)], ["opened", "updated"]],
    [
      "escalates when the severity rises",
      [at(0), at(HOUR, { severity: "high" }), at(2 * HOUR, { severity: "critical" })],
      ["opened", "escalated", "escalated"],
    ],
    ["escalates when its own finding rises", [at(0), at(0, { version: 2, severity: "high" })], ["opened", "escalated"]],
    ["takes no notice of the same version again", [at(0), at(0), at(0)], ["opened"]],
    ["is one with what is closer than a day", [at(0), at(DAY - 1)], ["opened", "updated"]],
    ["is another one a day later", [at(0), at(DAY)], ["opened", "opened"]],
    ["takes in what came late and lies before it", [at(DAY), at(HOUR)], ["opened", "updated"]],
    [
      "never falls in severity",
      [at(0, { severity: "high" }), at(0, { version: 2, severity: "low" })],
      ["opened", "updated"],
    ],
  ])("%s", (_name, findings, expected) => expect(kinds(findings)).toEqual(expected));

  test("is not kept alive, raised or made riskier by informational findings, but shows them", () => {
    const book = createBook();
    const [opened] = book.apply(at(0), T0);
    const [updated] = book.apply(
      at(20 * HOUR, { severity: "informational", risk: 1, detection: "provider_degraded" }),
      T0,
    );
    const { severity, risk, last_seen } = opened!.transition.state;
    expect(updated!.transition.state).toMatchObject({ severity, risk, last_seen });
    expect(updated!.transition.state.finding_uids).toHaveLength(2);
  });

  test("numbers its transitions without a gap and carries the whole state", () => {
    const book = createBook();
    const all = [at(0), at(HOUR), at(2 * HOUR, { severity: "high" })].flatMap((f) => book.apply(f, T0));
    expect(all.map((d) => d.transition.n)).toEqual([1, 2, 3]);
    expect(all.map((d) => d.transition.state.n)).toEqual([1, 2, 3]);
    expect(all[0]!.transition.state.finding_uids).toHaveLength(1);
    expect(all[1]!.transition.note).toBe("Key used from a place it never used before");
    expect(all[2]!.transition.note).toBe("medium -> high: Key used from a place it never used before");
  });

  test("says key, what and from where in its title", () => {
    expect(incidentsOf([finding()])[0]!.title).toBe(
      "billing-report-bot: Key used from a place it never used before, from 203.0.113.9 (Example Net, DE)",
    );
    expect(incidentsOf([finding({ key_name: null })])[0]!.title).toMatch(/^AKIA…MPLE: /);
  });
});

test("risk takes the strongest finding of each detection", () => {
  const risk = riskOf([0.2, 0.5].map((r) => digestOf(finding({ risk: r }))));
  expect(risk).toBe(50);
  expect(riskOf([finding({ risk: 0.5 }), finding({ detection: "off_hours", risk: 0.5 })].map(digestOf))).toBe(75);
});

describe("people", () => {
  const opened = () => {
    const book = createBook();
    const { incident_uid } = book.apply(at(0), T0)[0]!.transition;
    let id = 0;
    const say = (kind: Command["kind"], change: Partial<Command> = {}) =>
      book.command(
        "aws_cloudtrail:f00d",
        {
          id: `c${id++}`,
          incident_uid,
          kind,
          actor: "ann",
          at: T0 + MINUTE,
          note: "",
          assignee: null,
          verdict: null,
          ...change,
        },
        T0 + MINUTE,
      )?.transition ?? null;
    return { book, say };
  };

  test("acknowledge, assign, comment and resolve, once each", () => {
    const { say } = opened();
    expect(say("acknowledge")).toMatchObject({
      kind: "acknowledged",
      actor: "ann",
      n: 2,
      state: { status: "acknowledged" },
    });
    expect(say("acknowledge")).toBeNull();
    expect(say("assign", { assignee: "bob" })).toMatchObject({ kind: "assigned", state: { assignee: "bob" } });
    expect(say("comment", { note: "looking" })).toMatchObject({ kind: "commented", note: "looking" });
    expect(say("resolve", { verdict: "benign" })).toMatchObject({
      kind: "resolved",
      state: { status: "resolved", verdict: "benign" },
    });
    expect(say("resolve", { verdict: "benign" })).toBeNull();
    expect(say("reopen")).toMatchObject({ kind: "reopened", n: 6, state: { status: "reopened", verdict: null } });
  });

  test("the same command id again changes nothing", () => {
    const { say } = opened();
    expect(say("comment", { id: "same", note: "a" })).not.toBeNull();
    expect(say("comment", { id: "same", note: "a" })).toBeNull();
  });

  test("are told in a sentence what cannot be done", () => {
    const { say } = opened();
    expect(() => say("resolve")).toThrow(/needs a verdict: true_positive, benign/);
    expect(() => say("comment")).toThrow(/needs a text/);
    say("resolve", { verdict: "benign" });
    expect(() => say("acknowledge")).toThrow(/is resolved\. Reopen it first/);
  });

  test.each<[string, Command["verdict"], Partial<Finding>, string]>([
    ["found it real: any new signal wakes it", "true_positive", {}, "reopened"],
    ["called it benign: the same detection does not", "benign", {}, "updated"],
    ["called it expected: another detection does", "expected", { detection: "concurrent_use" }, "reopened"],
    ["called it a false alarm: a worse one does", "false_positive", { severity: "high" }, "reopened"],
    ["a weak signal never does", "true_positive", { severity: "low" }, "updated"],
  ])("%s", (_name, verdict, change, expected) => {
    const { book, say } = opened();
    say("resolve", { verdict });
    expect(kinds([at(HOUR, change)], book)).toEqual([expected]);
  });

  test("a resolved incident is left alone a day later: a new one opens", () => {
    const { book, say } = opened();
    say("resolve", { verdict: "true_positive" });
    expect(kinds([at(DAY)], book)).toEqual(["opened"]);
  });
});

test("a replay in the same order decides nothing", () => {
  const book = createBook();
  const findings = Array.from({ length: 60 }, (_, i) =>
    at(i * HOUR, { severity: (["low", "medium", "high"] as const)[i % 3]!, detection: `d${i % 5}` }),
  );
  expect(kinds(findings, book).length).toBeGreaterThan(20);
  expect(kinds(findings, book)).toEqual([]);
});

test("incidentsOf does not depend on the order of the list", () => {
  const findings = Array.from({ length: 40 }, (_, i) =>
    at(i * 5 * HOUR, { severity: i % 7 === 0 ? "medium" : "low", detection: `d${i % 3}`, subject_uid: `s${i % 4}` }),
  );
  const shuffled = findings
    .map((f, i) => ({ f, k: (i * 7919) % 40 }))
    .sort((a, b) => a.k - b.k)
    .map(({ f }) => f);
  expect(incidentsOf([...shuffled, ...findings])).toEqual(incidentsOf(findings));
});

test("incidentsOf puts the worst first", () => {
  const list = incidentsOf([
    at(0, { subject_uid: "a" }),
    at(0, { subject_uid: "b", severity: "critical" }),
    at(0, { subject_uid: "c", risk: 0.9 }),
  ]);
  expect(list.map((i) => i.subject_uid)).toEqual(["b", "c", "a"]);
});

test("memory of a subject is bounded", () => {
  const book = createBook();
  for (let i = 0; i < MAX_HELD * 3; i++)
    book.apply(weak("new_source", { first_seen: T0 + i, last_seen: T0 + i, dimension: `${i}`, risk: 0 }), T0);
  expect(book.subject("aws_cloudtrail:f00d")!.held.size).toBe(MAX_HELD);
  for (let i = 0; i < MAX_FINDINGS + 500; i++) book.apply(at(i), T0);
  const { known, incident } = book.subject("aws_cloudtrail:f00d")!.episodes[0]!;
  expect(known.size).toBeLessThanOrEqual(MAX_FINDINGS + MAX_HELD);
  expect(incident.reasons.length).toBeLessThanOrEqual(12);
  expect(kinds([at(MAX_FINDINGS + 501, { severity: "critical" })], book)).toEqual(["escalated"]);
});

describe("what ends by itself", () => {
  const silence = (account: string, change: Partial<Finding> = {}) =>
    finding({
      ...{ detection: "source_silent", subject_uid: "fleet:source_silent:aws_cloudtrail:", dimension: account },
      ...{ kind: "fleet", key_uid: null, members: [], resolved_at: null, ...change },
    });
  const ended = (account: string, change: Partial<Finding> = {}) =>
    silence(account, { version: 2, resolved_at: T0 + HOUR, ...change });

  test("resolves its incident when the last of its findings is over, without a verdict", () => {
    const book = createBook();
    expect(kinds([silence("1"), silence("2"), ended("1")], book)).toEqual(["opened", "updated", "updated"]);
    expect(kinds([ended("2")], book)).toEqual(["updated", "resolved"]);
    expect(book.subject("fleet:source_silent:aws_cloudtrail:")!.episodes[0]!.incident).toMatchObject({
      ...{ status: "resolved", verdict: null, detections: ["source_silent"], members: [] },
    });
  });

  test("wakes its incident when it comes again, and is over again", () => {
    const again = { bucket: T0 + 2 * HOUR, first_seen: T0 + 2 * HOUR, last_seen: T0 + 2 * HOUR };
    expect(kinds([silence("1"), ended("1"), silence("1", again), ended("1", again)])).toEqual([
      "opened",
      "updated",
      "resolved",
      "reopened",
      "updated",
      "resolved",
    ]);
  });

  test("and is known only when it is over, opens and resolves; the same again is silent", () => {
    const book = createBook();
    expect(kinds([ended("1")], book)).toEqual(["opened", "resolved"]);
    expect(kinds([ended("1")], book)).toEqual([]);
  });

  test("covers no finding of a key of the same provider", () => {
    const book = createBook();
    expect(
      kinds([silence("1"), finding({ detection: "failure_spike" }), finding({ subject_uid: "other" })], book),
    ).toEqual(["opened", "opened", "opened"]);
  });
});
