import { defineBaseline } from "../detection.ts";
import { operationOf } from "../observe.ts";
import { negativeBinomialTail } from "../stats/negative_binomial.ts";
import type { View } from "../view.ts";
import { WINDOW_MS } from "../windows.ts";
import { oneIn, plural } from "../words.ts";

const FIRE_P = 1e-6;
const MIN_CALLS = 50;
const MIN_RATIO = 3;
const MIN_WINDOWS = 20;
/** Windows that stand for a past not known yet, so that a key with few and equal windows is not taken for a clock. */
const PRIOR_WINDOWS = 4;
const PHI_MIN = 0.2;

/**
 * The fast path of DETECTION.md, section 6: calls of one quarter of an hour against the key's own active quarters of an hour, by a
 * negative binomial whose dispersion comes from their sums. Calls that the provider refused for load or fault do not count,
 * so that an outage with its repetitions is no spike.
 */
export default defineBaseline({
  id: "call_volume_spike",
  version: 1,
  title: "Far more calls than the key ever makes",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1530", "attack.t1496"],
  needs: ["time"],
  whileLearning: false,
  runbook: [
    "Ask {owner} whether {key_hint} was given a bigger job, or runs in a loop.",
    "If not: look at what {operation} touched since {first_seen}; when it is data that matters, disable the key first.",
  ],
  falsePositives: ["a job caught up after a pause", "somebody loads or moves data once"],
  applies: (event) => event.outcome === "success",
  judge(event, view) {
    const { window } = view;
    if (window.judged - window.denied < MIN_CALLS) return null;
    const { p, expected } = tailOf(view);
    if (p >= FIRE_P || window.judged < MIN_RATIO * expected) return null;
    return {
      dimension: "",
      bucket: window.start,
      level: "medium",
      reasons: [
        `${plural(window.judged, "call")} within ${WINDOW_MS / 60_000} minutes, the last one ${operationOf(event)}; ${expected.toFixed(1)} are usual when it is active.`,
        `That is beyond its own past: ${oneIn(p)}.`,
      ],
      quiet_if: [`Fewer than ${MIN_CALLS} calls, or the key had been this busy before.`],
      anomaly: {
        parameter: "calls in 15 min",
        observed: window.judged,
        expected: Math.round(expected * 10) / 10,
        p,
        facts: { windows: view.sealed.calls.windows },
      },
    };
  },
});

function tailOf({ sealed, window }: View): { p: number; expected: number } {
  const { windows, n, nn } = sealed.calls;
  const mean = n / Math.max(1, windows);
  if (windows < MIN_WINDOWS) return { p: 1, expected: mean };
  const variance = Math.max(0, nn / windows - mean * mean);
  const own = (variance - mean) / (mean * mean);
  const phi = Math.max(PHI_MIN, (own * windows + PRIOR_WINDOWS) / (windows + PRIOR_WINDOWS));
  return { p: negativeBinomialTail(window.judged, mean, phi * (1 + 1 / windows)), expected: mean };
}
