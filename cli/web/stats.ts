import { countryName } from "../../detect/words.ts";
import { alignTo, DAY_MS, HOUR_MS, iso, MINUTE_MS } from "../../schemas/duration.ts";
import type { Stats } from "../../schemas/http_api.ts";
import { activityByTime, countriesSeen, findingsByTime } from "../../schemas/queries/page.ts";
import { activityByHour, countriesByDay, countriesByHour } from "../../schemas/queries/rollups.ts";
import type { App } from "../app.ts";

const STEPS_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS];
const MAX_BARS = 110;
const MAX_COUNTRIES = 12;

/** statsOf counts what a span of time held, in steps that a chart can show. Steps of hours and days begin and end with one. */
export async function statsOf(app: App, first: number, last: number): Promise<Stats> {
  const step = STEPS_MS.find((ms) => (last - first) / ms <= MAX_BARS) ?? 7 * DAY_MS;
  const whole = step >= DAY_MS ? DAY_MS : step >= HOUR_MS ? HOUR_MS : 1;
  const [from, to] = [alignTo(first, whole), -alignTo(-last, whole)];
  const span = { from, to, step };
  const [activity, findings, countries] = await Promise.all([
    app.store.ask(whole === 1 ? activityByTime : activityByHour, span),
    app.store.ask(findingsByTime, span),
    app.store.ask(whole === 1 ? countriesSeen : whole === HOUR_MS ? countriesByHour : countriesByDay, {
      from,
      to,
      limit: MAX_COUNTRIES,
    }),
  ]);
  return {
    from: iso(from),
    to: iso(to),
    step_ms: step,
    events: activity.reduce((sum, a) => sum + a.success + a.denied + a.failed, 0),
    activity,
    findings,
    countries: countries.map((c) => ({ ...c, name: countryName(c.country) })),
  };
}
