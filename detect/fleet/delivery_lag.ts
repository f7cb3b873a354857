import { DAY_MS, formatDuration, MINUTE_MS } from "../../schemas/duration.ts";
import { fleetSubject } from "../../schemas/fleet.ts";
import type { Signal } from "../../schemas/signal.ts";
import { lagOf, newLags, quantileStep, totalOf } from "../stats/lag.ts";
import { SLOT_MS } from "../stats/rhythm.ts";
import { oneIn, plural } from "../words.ts";
import { defineFleet, type FleetHit } from "./fleet_detection.ts";

const MIN_DAYS = 14;
/** Quarters of an hour with arrivals that stand behind a judgement, and how many are kept; beyond it the past fades. */
const MIN_QUARTERS = 300;
const MAX_QUARTERS = 56 * 96;
/** Events of a quarter of an hour that a 95 % quantile needs. */
const MIN_EVENTS = 20;
const P95 = 0.95;
/** Told is what is three times the 99 % quantile of the past, and a quarter of an hour more, twice in a row. */
const USUAL = 0.99;
const RATIO = 3;
const MIN_MORE_MS = 15 * MINUTE_MS;
/** What lasts longer is the new way of this source, and is learned. */
const LEARNS_MS = 3 * DAY_MS;
const MAX_FEEDS = 512;

interface Feed {
  provider: string;
  account: string | null;
  since: number;
  /** Newest quarter that was judged, ms, and what arrived in it: each engine's count by step. */
  time: number;
  arrived: [engine: string, lags: [number, number][]][];
  /** 95 % quantiles of past quarters, by step. */
  past: number[];
  late: Late | null;
}

/** Late is a run of late quarters: the first of them, how many, and the worst with what was usual then. */
interface Late {
  from: number;
  quarters: number;
  worst: Judged;
}

interface Judged {
  p95: number;
  usual: number;
  p: number;
  late: boolean;
}

/** Events that come later than they used to delay every finding about their keys. */
export default defineFleet({
  id: "delivery_lag",
  version: 1,
  title: "Log source delivers late",
  level: "informational",
  weight: 0.1,
  tags: ["attack.t1562.008"],
  needs: ["time"],
  runbook: [
    "Look whether the collector keeps up: its queue, its rate limits, the bucket or the topic between it and the provider.",
    "Look at the provider's status page: delivery of audit logs is delayed there now and then.",
    "Until it catches up, whatever its keys do is told that much later.",
  ],
  falsePositives: ["history of the last hours is read in beside the live log", "the collector was stopped for a while"],
  create() {
    let feeds = new Map<string, Feed>();

    function take(signal: Signal): FleetHit[] {
      if (signal.kind !== "lag") return [];
      const { provider, account, subject_uid, time, lags = [] } = signal;
      const id = JSON.stringify([provider, account]);
      let feed = feeds.get(id);
      if (feed === undefined) {
        feed = { provider, account, since: time, time, arrived: [], past: newLags(), late: null };
        feeds.set(id, feed);
        if (feeds.size > MAX_FEEDS) feeds.delete(feeds.keys().next().value!);
      }
      if (time < feed.time) return [];
      const hit = time > feed.time ? judgeQuarter(feed) : null;
      feed.time = time;
      feed.arrived = [...feed.arrived.filter(([engine]) => engine !== subject_uid), [subject_uid, lags]];
      return hit === null ? [] : [hit];
    }

    return {
      take,
      state: () => [...feeds.values()],
      restore(state) {
        feeds = new Map((state as Feed[]).map((feed) => [JSON.stringify([feed.provider, feed.account]), feed]));
      },
      forget: () => undefined,
    };
  },
});

/** judgeQuarter judges what arrived in the quarter of an hour before, when the next one has begun. */
function judgeQuarter(feed: Feed): FleetHit | null {
  const lags = newLags();
  for (const [, counted] of feed.arrived) for (const [step, n] of counted) lags[step]! += n;
  feed.arrived = [];
  if (totalOf(lags) < MIN_EVENTS) return null;
  const judged = judge(feed, lags);
  const { late } = feed;
  if (!judged.late || (late !== null && feed.time - late.from > LEARNS_MS)) learn(feed.past, judged.p95);
  if (!judged.late) {
    feed.late = null;
    return late !== null && late.quarters > 1 ? hitOf(feed, late, true) : null;
  }
  feed.late = {
    from: late?.from ?? feed.time,
    quarters: (late?.quarters ?? 0) + 1,
    worst: late !== null && late.worst.p95 >= judged.p95 ? late.worst : judged,
  };
  return feed.late.quarters > 1 ? hitOf(feed, feed.late, false) : null;
}

function judge(feed: Feed, lags: readonly number[]): Judged {
  const quarters = totalOf(feed.past);
  const p95 = quantileStep(lags, P95);
  const usual = quantileStep(feed.past, USUAL);
  const asLate = feed.past.reduce((sum, n, step) => (step >= p95 ? sum + n : sum), 0);
  const known = quarters >= MIN_QUARTERS && feed.time - feed.since >= MIN_DAYS * DAY_MS;
  const more = lagOf(p95) >= RATIO * lagOf(usual) && lagOf(p95) - lagOf(usual) >= MIN_MORE_MS;
  // Half of all have to be late: a past that is read in beside the live log makes only its own part old.
  const most = quantileStep(lags, 0.5) > usual;
  return { p95, usual, p: (asLate + 1) / (quarters + 1), late: known && more && most };
}

function learn(past: number[], p95: number): void {
  past[p95]!++;
  if (totalOf(past) > MAX_QUARTERS) for (const [step, n] of past.entries()) past[step] = Math.floor(n / 2);
}

function hitOf(feed: Feed, { from, quarters, worst: { p95, usual, p } }: Late, over: boolean): FleetHit {
  const { provider, account, time } = feed;
  const who = account === null ? provider : `${provider} ${account}`;
  const past = totalOf(feed.past);
  const days = Math.floor((time - feed.since) / DAY_MS);
  return {
    provider,
    account,
    who,
    subject: fleetSubject("delivery_lag", provider, ""),
    dimension: account ?? "",
    bucket: from,
    level: "informational",
    members: [],
    reasons: [
      `Events of ${who} arrived up to ${formatDuration(lagOf(p95))} after their time (95 % of a quarter of an hour), where ${formatDuration(lagOf(usual))} is usual.`,
      over
        ? `It lasted ${formatDuration(time - from)}; they arrive in their usual time again.`
        : `It has lasted ${formatDuration(time + SLOT_MS - from)} so far.`,
      `Of ${plural(past, "quarter hour")} in ${plural(days, "day")} ${oneIn(p)} was as late.`,
    ],
    quiet_if: [
      `The lag had stayed below ${formatDuration(Math.max(RATIO * lagOf(usual), lagOf(usual) + MIN_MORE_MS))}, or had been back to usual in the next quarter of an hour.`,
    ],
    anomaly: {
      parameter: "delivery lag, 95 % of 15 min",
      observed: formatDuration(lagOf(p95)),
      expected: formatDuration(lagOf(usual)),
      p,
      facts: { lag_seconds: lagOf(p95) / 1_000, usual_seconds: lagOf(usual) / 1_000, late_quarter_hours: quarters },
    },
    evidence: { events: [], count: 0, first: from, last: over ? time - 1 : time + SLOT_MS - 1 },
    history: { days, events: past },
    unapplied: {
      peers: "It is about a whole source, not about a place that keys share.",
      first_seen: "It is about no single value.",
      chart: "The lag is told by its quantiles; `v_sources` has the lag of each source as it is now.",
    },
    ended: over ? time : null,
    growth: 2 * quarters + (over ? 1 : 0),
  };
}
