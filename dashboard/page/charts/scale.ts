/** nice rounds up to a few times a power of ten, so that an axis ends on a number that people read. */
export function nice(max: number): number {
  if (max <= 5) return Math.max(1, Math.ceil(max));
  const power = 10 ** Math.floor(Math.log10(max));
  for (const step of [1, 1.5, 2, 3, 4, 6, 8, 10]) if (step * power >= max) return step * power;
  return 10 * power;
}

const DAY = 86_400_000;
const STEPS = [
  60_000,
  300_000,
  900_000,
  3_600_000,
  10_800_000,
  21_600_000,
  43_200_000,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
];

/** ticks gives moments of a span that stand far enough apart, with their words (UTC). */
export function ticks(from: number, to: number, width: number): { at: number; text: string }[] {
  const most = Math.max(2, Math.floor(width / 62));
  const step = STEPS.find((s) => (to - from) / s <= most) ?? 90 * DAY;
  const found = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) {
    const text = new Date(at).toISOString();
    found.push({ at, text: step >= DAY || at % DAY === 0 ? day(at) : text.slice(11, 16) });
  }
  return found;
}

const day = (at: number): string =>
  new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
