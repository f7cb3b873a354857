import { median } from "simple-statistics";
import { DAY_MS, formatDuration } from "../../schemas/duration.ts";
import { defineBaseline } from "../detection.ts";
import { plural } from "../words.ts";

const MIN_GAP_MS = 30 * DAY_MS;
/** With fewer than two earlier silences known, only a half year says something: monthly jobs exist. */
const UNKNOWN_GAP_MS = 180 * DAY_MS;
const MIN_GAPS = 2;

export default defineBaseline({
  id: "dormant_key_used",
  version: 1,
  title: "Key used again after a long silence",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1078.004"],
  needs: ["time"],
  whileLearning: true,
  runbook: [
    "Ask {owner} who still holds {key_hint} and for what.",
    "Nobody knows: disable it. A key that nobody misses is best deleted.",
  ],
  falsePositives: ["a yearly job", "a restored backup or a machine that was switched on again"],
  sameAs: () => "",
  judge(event, view) {
    const { sealed } = view;
    if (sealed.lastTime === 0) return null;
    // Judged by the day, not the event: all events of a day get the same verdict, whatever their order.
    const begin = view.day.day * DAY_MS;
    if (begin - sealed.lastTime <= MIN_GAP_MS) return null;
    // While its source is silent nobody knows whether a key is.
    const unheard = view.unheard(sealed.lastTime, begin);
    const threshold = thresholdOf(sealed.gaps, sealed.activeDays);
    if (begin - sealed.lastTime - unheard <= threshold) return null;
    const gap = event.time - sealed.lastTime - unheard;
    return {
      dimension: "",
      level: "medium",
      reasons: [
        `First use after ${formatDuration(gap)} of silence; it was last used on ${new Date(sealed.lastTime).toISOString().slice(0, 10)}.`,
        sealed.gaps.length === 0
          ? `Before that it was used on ${plural(sealed.activeDays, "day")} without a silence of a day or more.`
          : `Its ${plural(sealed.gaps.length, "earlier silence")} lasted at most ${formatDuration(Math.max(...sealed.gaps))}.`,
      ],
      quiet_if: [`The silence had been shorter than ${formatDuration(threshold)}.`],
      anomaly: {
        parameter: "silence",
        observed: formatDuration(gap),
        expected: formatDuration(threshold),
        p: null,
        facts: { gap_days: Math.round(gap / DAY_MS), known_gaps: sealed.gaps.length },
      },
    };
  },
});

/** A key used on most days has its rhythm in its active days, even where no silence was longer than one. */
function thresholdOf(gaps: number[], activeDays: number): number {
  const daily = Array<number>(Math.min(16, Math.floor(activeDays / 2))).fill(DAY_MS);
  const known = gaps.length >= MIN_GAPS ? gaps : [...gaps, ...daily];
  if (known.length < MIN_GAPS) return UNKNOWN_GAP_MS;
  return Math.max(MIN_GAP_MS, 2 * Math.max(...known), 5 * median(gaps.length > 0 ? gaps : known));
}
