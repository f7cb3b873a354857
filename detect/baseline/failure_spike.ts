import { isDenied } from "../../schemas/activity.ts";
import { defineBaseline, type Hit } from "../detection.ts";
import { heldBack, levelOf } from "../held_counts.ts";
import { denialCountVerdict, failureVerdict } from "../stats/failures.ts";
import type { View } from "../view.ts";
import { isAligned, WINDOW_MS } from "../windows.ts";
import { oneIn, percent, plural } from "../words.ts";

/**
 * Two tests, one finding per quarter hour: the number of denied calls alone fires at once, since more calls never take it back;
 * the denied share is judged when the window is complete (DETECTION.md, section 5). Authorisation errors only.
 */
export default defineBaseline({
  id: "failure_spike",
  version: 1,
  title: "Burst of denied calls",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1580", "attack.t1110"],
  needs: ["outcome", "per_call"],
  whileLearning: true,
  runbook: [
    "Ask {owner} whether a deployment or a policy change broke {key_hint}: a broken job is denied the same calls over and over.",
    "If nothing was deployed: somebody tries what the key can do. Disable {key_hint} and look at what was not denied.",
  ],
  falsePositives: ["a policy was tightened and a job not told", "a deployment lost a permission"],
  applies: isDenied,
  judge(_event, view) {
    const { window, sealed } = view;
    const verdict = denialCountVerdict({
      k: window.denied,
      windowsSealed: sealed.calls.windows,
      deniedSealed: sealed.calls.k,
      deniedSquaresSealed: sealed.calls.deniedSquares,
    });
    if (!verdict.fires) return null;
    if (!window.fired.includes("failure_spike")) window.fired.push("failure_spike");
    return hitOf(view, verdict.p, `${verdict.mu < 0.1 ? "hardly any" : verdict.mu.toFixed(1)} in a quarter hour`, {
      expected_denied: verdict.mu,
      dispersion: verdict.phi,
    });
  },
  close(view) {
    const { window, sealed } = view;
    if (window.fired.includes("failure_spike")) return null;
    const verdict = failureVerdict({ n: window.judged, k: window.denied, history: sealed.calls });
    if (!verdict.fires) return null;
    return hitOf(view, verdict.p, `${percent(verdict.p0)} denied`, {
      denied_share: verdict.p0,
      wilson_low: verdict.wilsonLow,
      bound: verdict.bound,
      dispersion: verdict.rho,
    });
  },
});

/** Calls of operations that the key never used, from which on a burst is more than a job that lost a permission. */
const MIN_STRANGE = 5;

/** lostPermission tells a job that is denied what it always did: a release or a policy broke it. More calls never turn it back. */
function lostPermission({ window, sealed, learning }: View): boolean {
  if (learning) return false;
  let strange = 0;
  for (const [operation, times] of window.operations) {
    if (!sealed.values.operation.values.has(operation)) strange += times;
  }
  return strange < MIN_STRANGE;
}

function hitOf(view: View, p: number, expected: string, facts: Record<string, number>): Hit {
  const { window } = view;
  const top = [...window.operations].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const [operation, times] = top[0] ?? ["", 0];
  const share = window.judged > 0 ? ` of ${window.judged}` : "";
  const lost = lostPermission(view);
  const hit: Hit = {
    dimension: isAligned(window) ? "" : "straddling",
    bucket: window.start,
    level: lost ? "informational" : "medium",
    reasons: [
      `${window.denied}${share} calls were denied within 15 minutes; ${view.sealed.calls.windows === 0 ? "there is no history of this key to compare with" : `${expected} is usual for it`}.`,
      `Mostly ${operation}: ${plural(times, "time")}${top.length > 1 ? `, and ${plural(top.length - 1, "other operation")}` : ""}.`,
      `Chance under its own past: ${oneIn(p)}.`,
    ],
    quiet_if: ["Fewer than 10 calls had been denied, or the key were denied this often before."],
    anomaly: {
      parameter: "denied calls in 15 min",
      observed: window.denied,
      expected,
      p,
      facts: { ...facts, window_minutes: WINDOW_MS / 60_000, operations: top.length },
    },
    evidence: window.evidence,
  };
  return lost ? hit : heldBack(hit, view, ["calls", "operations"], levelOf.deniedCalls, window.denied);
}
