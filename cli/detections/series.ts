import { DAY_MS } from "../../schemas/duration.ts";
import type { Chart, CountsChart, Explanation } from "../../schemas/explanation.ts";
import type { Finding } from "../../schemas/finding.ts";
import { countsAround } from "../../schemas/queries/explain.ts";
import type { Store } from "../../schemas/store/store.ts";

/** Buckets before the judged one that are drawn: 12 hours of quarters, 30 days. */
const BUCKETS = { short: 48, day: 30 } as const;

/** What can be counted once more by a question; a count of new things needs the habits of its time. */
const COUNTABLE = /^(calls|denied calls|distinct operations denied) in /;

const NOTHING: Explanation = { peers: null, first_seen: [], charts: [], unapplied: {} };

/** explanationOf is the explanation that a finding carries, its counts filled up with the buckets before it from the store. */
export async function explanationOf(store: Store, finding: Finding): Promise<Explanation> {
  const { explanation = missing(finding) } = finding.anomaly;
  const charts: Chart[] = [];
  for (const chart of explanation.charts)
    charts.push(
      chart.kind === "counts" && COUNTABLE.test(chart.parameter) ? await withSeries(store, finding, chart) : chart,
    );
  return { ...explanation, charts };
}

/** missing says for a finding of an earlier version, or one of many keys, why there is no more than its arithmetic. */
function missing({ anomaly }: Finding): Explanation {
  const why = "The finding was made without it.";
  return {
    ...NOTHING,
    unapplied: {
      ...(anomaly.expected === null ? { expected: why } : {}),
      ...(anomaly.p === null ? { probability: why } : {}),
      ...{ peers: why, first_seen: why, chart: why },
    },
  };
}

async function withSeries(store: Store, f: Finding, chart: CountsChart): Promise<CountsChart> {
  const { bucket_ms: bucket, judged } = chart;
  const from = judged - (bucket >= DAY_MS ? BUCKETS.day : BUCKETS.short) * bucket;
  // Event times before 1970 are no times; a bucket may straddle the aligned ones.
  const offset = ((judged % bucket) + bucket) % bucket;
  const span = { from: Math.max(0, from), to: judged + bucket, bucket, offset };
  const rows = await store.ask(countsAround, { subject: f.subject_uid, principal: f.principal_uid, ...span });
  const counted = new Map(rows.map((r) => [r.start, countOf(chart.parameter, r)]));
  const points: [number, number][] = [];
  for (let start = from; start < judged; start += bucket) points.push([start, counted.get(start) ?? 0]);
  return { ...chart, points: [...points, ...chart.points] };
}

function countOf(parameter: string, row: { calls: number; denied: number; denied_operations: number }): number {
  if (/^distinct operations denied/.test(parameter)) return row.denied_operations;
  return /^denied/.test(parameter) ? row.denied : row.calls;
}
