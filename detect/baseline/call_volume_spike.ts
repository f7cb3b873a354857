import { DAY_MS } from "../../schemas/duration.ts";
import { type DetectEvent, defineBaseline, type Hit } from "../detection.ts";
import { heldBack, levelOf } from "../held_counts.ts";
import { createMemo } from "../memo.ts";
import { operationOf } from "../observe.ts";
import type { Sealed } from "../profile.ts";
import { dailyModel, dayVerdict, usualCalls, weekTrend } from "../stats/daily_volume.ts";
import { negativeBinomialTail } from "../stats/negative_binomial.ts";
import { slowPath, type VolumeModel } from "../stats/seasonal_volume.ts";
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
 * Three paths (DETECTION.md, section 6). The fast one: calls of one quarter of an hour against the key's own active quarters of an hour, by a
 * negative binomial whose dispersion comes from their sums. Calls that the provider refused for load or fault do not count,
 * so that an outage with its repetitions is no spike. Then the day against days of its kind, by the seasonal negative binomial, and the
 * week against the one four weeks before.
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
    const { window, sealed } = view;
    if (window.judged - window.denied < MIN_CALLS || window.judged < boundOf(sealed)) return longer(event, view);
    const expected = meanOf(sealed);
    const p = tailOf(sealed, window.judged);
    const hit: Hit = {
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
    return heldBack(hit, view, ["calls"], levelOf.calls, window.judged);
  },
});

/** longer judges the day so far, and the week that it ends. */
function longer(event: DetectEvent, { day, sealed }: View): Hit | null {
  const today = dayBoundsOf(sealed, day.day);
  if (day.done < slowPath.minCount && day.done < today.week) return null;
  today.both ??= bothBound(sealed, today);
  if (day.done < today.both) return null;
  const model = modelOf(sealed)!;
  const verdict = dayVerdict(model, day.day, day.done);
  if (verdict.verdict === "finding") return longHit("day", day.day, event, day.done, verdict.expected, verdict.p);
  const trend = weekTrend(sealed.volume, day.day, day.done);
  return trend?.fires ? longHit("week", day.day, event, trend.now, trend.before, trend.p) : null;
}

function longHit(
  span: "day" | "week",
  day: number,
  event: DetectEvent,
  observed: number,
  expected: number,
  p: number,
): Hit {
  return {
    dimension: span,
    bucket: day * DAY_MS,
    // A busy day has a hundred harmless causes: alone it is a risk. What is read on it, bulk_read tells.
    level: "low",
    reasons: [
      span === "day"
        ? `${plural(observed, "call")} on one day so far, the last one ${operationOf(event)}; ${expected.toFixed(1)} are usual for such a day.`
        : `${plural(observed, "call")} in seven days, ${expected} in the seven days four weeks before.`,
      `That is beyond its own past: ${oneIn(p)}.`,
    ],
    quiet_if: [
      span === "day"
        ? "The key had been this busy on such a day before."
        : "Its calls had grown less than twofold in four weeks.",
    ],
    anomaly: {
      parameter: `calls in a ${span}`,
      observed,
      expected: Math.round(expected * 10) / 10,
      p,
      facts: { span },
    },
    firstOnly: true,
  };
}

const models = createMemo<Sealed, { through: number; model: VolumeModel | null }>();

function modelOf(sealed: Sealed): VolumeModel | null {
  const known = models.get(sealed);
  if (known?.through === sealed.volume.through) return known.model;
  const model = dailyModel(sealed.volume);
  models.set(sealed, { through: sealed.volume.through, model });
  return model;
}

/** DayBounds are counts below which nothing speaks of a day: most calls are compared with them and no more. */
interface DayBounds {
  through: number;
  day: number;
  /** Below it the week says nothing. */
  week: number;
  /** Below it neither the week nor the day does; null until a day could be busy, as its model is dear. */
  both: number | null;
}

const dayBounds = createMemo<Sealed, DayBounds>();

function dayBoundsOf(sealed: Sealed, day: number): DayBounds {
  const { through } = sealed.volume;
  const known = dayBounds.get(sealed);
  if (known?.through === through && known.day === day) return known;
  const trend = weekTrend(sealed.volume, day, 0);
  const week = trend === null ? Number.POSITIVE_INFINITY : Math.max(1, 2 * trend.before - trend.now);
  const fresh = { through, day, week, both: null };
  dayBounds.set(sealed, fresh);
  return fresh;
}

function bothBound(sealed: Sealed, { day, week }: DayBounds): number {
  const model = modelOf(sealed);
  if (model === null) return Number.POSITIVE_INFINITY;
  return Math.min(week, Math.max(slowPath.minCount, Math.ceil(slowPath.minRatio * usualCalls(model, day))));
}

const bounds = createMemo<Sealed, { n: number; bound: number }>();

/** boundOf is the smallest count that fires, reckoned once a sealed day: a busy key asks at every call. */
function boundOf(sealed: Sealed): number {
  const known = bounds.get(sealed);
  if (known?.n === sealed.calls.n) return known.bound;
  let bound = Number.POSITIVE_INFINITY;
  if (sealed.calls.windows >= MIN_WINDOWS) {
    let low = Math.max(MIN_CALLS, Math.ceil(MIN_RATIO * meanOf(sealed))) - 1;
    let high = 2 * low;
    while (tailOf(sealed, high) >= FIRE_P) high *= 2;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (tailOf(sealed, middle) < FIRE_P) high = middle;
      else low = middle;
    }
    bound = high;
  }
  bounds.set(sealed, { n: sealed.calls.n, bound });
  return bound;
}

const meanOf = ({ calls }: Sealed): number => calls.n / Math.max(1, calls.windows);

function tailOf(sealed: Sealed, count: number): number {
  const { windows, nn } = sealed.calls;
  const mean = meanOf(sealed);
  const variance = Math.max(0, nn / windows - mean * mean);
  const own = (variance - mean) / (mean * mean);
  const phi = Math.max(PHI_MIN, (own * windows + PRIOR_WINDOWS) / (windows + PRIOR_WINDOWS));
  return negativeBinomialTail(count, mean, phi * (1 + 1 / windows));
}
