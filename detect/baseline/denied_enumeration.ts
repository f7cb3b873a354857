import { isDenied } from "../../schemas/activity.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { type AcrossMidnight, deniedAcross } from "../denied_tail.ts";
import { defineBaseline, type Hit } from "../detection.ts";
import { heldBack, levelOf } from "../held_counts.ts";
import type { OpenDay } from "../profile.ts";
import type { View } from "../view.ts";
import { emptyEvidence, insertSorted, isAligned } from "../windows.ts";
import { plural } from "../words.ts";

const FAST_OPERATIONS = 5;
const SLOW_OPERATIONS = 8;
/** Slow form only where the past is near 0: at most this many distinct denied operations on any day. */
const SLOW_PAST = 1;

export default defineBaseline({
  id: "denied_enumeration",
  version: 1,
  title: "Many different operations denied: somebody tries what the key can do",
  level: "high",
  weight: 0.8,
  tags: ["attack.t1580", "attack.t1087.004"],
  needs: ["outcome", "operation", "per_call"],
  whileLearning: true,
  runbook: [
    "A program knows what it may do; a thief tries. Ask {owner} whether somebody explored with {key_hint} since {first_seen}.",
    "If not: disable {key_hint} now; look at the calls that did succeed.",
  ],
  falsePositives: ["a posture scanner uses the key", "a new service is rolled out with too few permissions"],
  applies: isDenied,
  judge(_event, view) {
    const { window, day, sealed } = view;
    if (window.operations.size >= FAST_OPERATIONS && sealed.deniedOperations.most < FAST_OPERATIONS) {
      if (!window.fired.includes("denied_enumeration")) window.fired.push("denied_enumeration");
      return fast(view);
    }
    if (view.learning) return null;
    if (day.deniedOperations.size >= SLOW_OPERATIONS && sealed.deniedOperations.most <= SLOW_PAST)
      return slow(view, day.deniedOperations, sealed.deniedOperations.most);
    const before = sealed.deniedTail;
    if (before === null || before.most > SLOW_PAST) return null;
    const across = deniedAcross(day, before, SLOW_OPERATIONS);
    return across === null || across.size < SLOW_OPERATIONS ? null : slow(view, across, before.most);
  },
  close(view) {
    const { window, sealed } = view;
    if (
      isAligned(window) ||
      window.operations.size < FAST_OPERATIONS ||
      sealed.deniedOperations.most >= FAST_OPERATIONS
    )
      return null;
    return fast(view);
  },
});

function fast(view: View): Hit {
  const { window } = view;
  const names = [...window.operations.keys()].sort();
  const hit: Hit = {
    dimension: isAligned(window) ? "" : "straddling",
    bucket: window.start,
    level: "high",
    reasons: [
      `${plural(names.length, "different operation")} denied within 15 minutes: ${names.slice(0, 6).join(", ")}${names.length > 6 ? " …" : ""}.`,
      past(view),
    ],
    quiet_if: [`Fewer than ${FAST_OPERATIONS} different operations had been denied in a quarter hour.`],
    anomaly: {
      parameter: "distinct operations denied in 15 min",
      observed: names.length,
      expected: view.sealed.deniedOperations.most,
      p: null,
      facts: { denied: window.denied },
    },
    evidence: window.evidence,
  };
  return heldBack(hit, view, ["operations", "calls"], levelOf.total, names.length);
}

function slow(view: View, denied: OpenDay["deniedOperations"] | AcrossMidnight, most: number): Hit {
  const { day } = view;
  const evidence = emptyEvidence();
  for (const [time, uid] of denied.values()) {
    insertSorted(evidence.events, time, uid);
    evidence.count++;
    evidence.first = Math.min(evidence.first, time);
    evidence.last = Math.max(evidence.last, time);
  }
  const names = [...denied.keys()].sort();
  const hit: Hit = {
    dimension: "day",
    bucket: day.day * DAY_MS,
    level: "high",
    reasons: [
      `${plural(names.length, "different operation")} denied in 24 hours, spread out: ${names.slice(0, 6).join(", ")}${names.length > 6 ? " …" : ""}.`,
      past(view, most),
    ],
    quiet_if: [`Fewer than ${SLOW_OPERATIONS} different operations had been denied in 24 hours.`],
    anomaly: {
      parameter: "distinct operations denied in 24 h",
      observed: names.length,
      expected: most,
      p: null,
      facts: {},
    },
    evidence,
  };
  return heldBack(hit, view, ["operations", "calls"], levelOf.total, names.length);
}

const past = (view: View, most = view.sealed.deniedOperations.most): string =>
  view.history.days === 0
    ? "There is no history of this key to compare with."
    : `On its worst earlier day ${plural(most, "operation")} were denied.`;
