import { byEventTime } from "../../schemas/activity.ts";
import { DAY_MS, dayOf } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import { inventory } from "../../schemas/inventory.ts";
import { postures } from "../catalogue.ts";
import { type Baseline, type DetectEvent, POSTURE_DAYS, type Policy } from "../detection.ts";
import { createEngine } from "../engine.ts";
import type { EngineOptions } from "../engine_options.ts";
import { createInventoryIndex, type InventoryIndex } from "../inventory_index.ts";
import { operationOf } from "../observe.ts";
import { judgePosture } from "../posture.ts";
import { createMaker } from "./calls.ts";
import type { RuleCase } from "./case.ts";

/** A Monday, 00:00 UTC: the first day of every history. */
export const FIRST_DAY = Date.UTC(2026, 5, 1);

export interface CaseOptions {
  detections: readonly (Policy | Baseline)[];
  learning: EngineOptions["learning"];
  overrides?: EngineOptions["overrides"];
}

/** CaseResult has a sentence for each expectation that was not met. */
export interface CaseResult {
  name: string;
  faults: string[];
  /** All findings that list an event of `when`, or are about a condition of the key. */
  findings: Finding[];
}

/** runCase plays a case on an engine of its own; the clock is the case's. */
export function runCase(detection: string, c: RuleCase, options: CaseOptions): CaseResult {
  const { given, judged, start } = eventsOf(c);
  const declared = declaredIn(c);
  const engine = createEngine({
    ...options,
    overrides: options.overrides ?? {},
    inventory: declared,
    latenessOf: () => 0,
    isOwn: () => false,
  });
  const found = new Map<string, Finding>();
  const keep = (findings: readonly Finding[]) => {
    for (const f of findings) found.set(f.uid, f);
  };
  const all = [...given, ...judged].sort(byEventTime);
  keep(engine.process(all, { sorted: true, now: Number.MAX_SAFE_INTEGER }));
  const about = new Set(judged.map((e) => e.event_uid));
  /** A finding of many keys may list none of their calls. */
  const isAbout = (f: Finding): boolean =>
    f.event_uids.length === 0 ? f.last_seen >= start : f.event_uids.some((uid) => about.has(uid));
  const last = judged.reduce((time, e) => Math.max(time, e.time), start);
  const faults: string[] = [];
  const posture = new Map<string, Finding>();
  // The case goes on live: who spoke until now is missed when it does not any more.
  for (const provider of engine.providers()) keep(engine.advance(provider, last));
  for (const { after, says, quiet } of [...c.then].sort((a, b) => a.after - b.after)) {
    for (const provider of engine.providers()) keep(engine.advance(provider, last + after));
    for (const f of judgePosture(
      dayOf(last + after),
      keysOf(declared, all, last + after),
      [...posture.values()],
      postures,
    ))
      posture.set(f.uid, f);
    const told = [...found.values()].filter(isAbout);
    const heard = [...told, ...[...posture.values()].filter((f) => f.resolved_at === null)];
    for (const [id, severity] of Object.entries(says)) {
      const levels = [...new Set(heard.filter((f) => f.detection === id).map((f) => f.severity))];
      if (levels.length === 0) faults.push(`after ${hours(after)}: ${id} is silent, and should say ${severity}`);
      else if (!levels.includes(severity))
        faults.push(`after ${hours(after)}: ${id} says ${levels.join(" and ")}, and should say ${severity}`);
    }
    for (const id of new Set([...quiet, ...(detection in says ? [] : [detection])])) {
      const loud = heard.find((f) => f.detection === id);
      if (loud)
        faults.push(
          `after ${hours(after)}: ${id} says ${loud.severity}, and should be silent: ${loud.reasons.join(" ")}`,
        );
    }
  }
  return { name: c.name, faults, findings: [...[...found.values()].filter(isAbout), ...posture.values()] };
}

const hours = (ms: number): string =>
  ms % DAY_MS === 0 && ms > 0 ? `${ms / DAY_MS} d` : `${Math.round(ms / 60_000)} min`;

function eventsOf(c: RuleCase): { given: DetectEvent[]; judged: DetectEvent[]; start: number } {
  const maker = createMaker();
  const histories = c.given.filter((g) => g.rhythm !== "silence");
  const silent = c.given.filter((g) => g.rhythm === "silence").reduce((sum, g) => sum + g.days, 0);
  const start = FIRST_DAY + (Math.max(0, ...histories.map((g) => g.days)) + silent) * DAY_MS;
  return {
    given: histories.flatMap((g) => maker.history(FIRST_DAY, g.days, g.rhythm, g.fields)),
    judged: c.when.flatMap((w) => maker.calls(start, w.calls, w.spanMs, w.fields)),
    start,
  };
}

function declaredIn(c: RuleCase): InventoryIndex {
  const { keys = [], ...rest } = c.inventory as { keys?: object[] };
  const own =
    c.declared === null
      ? []
      : [{ name: "reporter", provider: "aws_cloudtrail", id: "k1", owner: "team-a", ...c.declared }];
  const empty = own.length === 0 && Object.keys(c.inventory).length === 0;
  const document = empty ? [] : [{ effective_at: 0, inventory: inventory.parse({ ...rest, keys: [...own, ...keys] }) }];
  return createInventoryIndex(document, (provider, id) => `${provider}:${id}`);
}

/** keysOf says of each declared key what the events of the case say of its use. */
function keysOf(declared: InventoryIndex, events: readonly DetectEvent[], time: number) {
  const now = dayOf(time) * DAY_MS;
  const before = events.filter((e) => e.time < now);
  return declared.list(now).map((key) => {
    const { policy, key_uid } = key;
    const used = before.filter((e) => declared.lookup(e)?.name === policy.name);
    const subject_uid = key_uid ?? `${policy.provider}:${policy.principal ?? policy.name}`;
    const recent = used.filter((e) => e.time >= now - POSTURE_DAYS * DAY_MS);
    return {
      declared: key,
      ...{ subject_uid, principal_uid: subject_uid, principal: null, key_hint: null, account: null },
      facts: {
        now,
        watchedSince: Math.max(FIRST_DAY, policy.rotation?.created_at ?? 0),
        firstUse: used.length === 0 ? null : Math.min(...used.map((e) => e.time)),
        events: used.length,
        operations: [...new Set(recent.map(operationOf))],
      },
    };
  });
}
