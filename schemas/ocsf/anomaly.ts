import { DAY_MS } from "../duration.ts";
import type { Chart, SeenFact } from "../explanation.ts";
import type { Finding } from "../finding.ts";
import { compact } from "./activity.ts";

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** ocsfAnomalies is the arithmetic and the explanation of a finding as OCSF `anomaly_analyses`: what was seen beside what is usual. */
export function ocsfAnomalies(f: Finding): object[] {
  const { anomaly } = f;
  const timespan = { start_time: f.first_seen, end_time: f.last_seen };
  const analysis_targets = [{ name: f.key_hint ?? f.subject_uid, type: "API key" }];
  const usual = anomaly.explanation?.charts.flatMap(chartBaselines) ?? [];
  const seen = anomaly.explanation?.first_seen ?? [];
  return [
    {
      analysis_targets,
      anomalies: [
        {
          observation_parameter: anomaly.parameter,
          observations: [{ value: String(anomaly.observed), count: f.event_count, timespan }],
        },
        ...seen.map((fact) => seenAnomaly(fact, timespan)),
      ],
      baselines: [
        compact({
          observation_parameter: anomaly.parameter,
          observations: [{ value: String(anomaly.expected ?? "none known"), count: anomaly.history.events }],
          observed_pattern: `${anomaly.history.days} days, ${anomaly.history.events} events${anomaly.p === null ? "" : `, probability ${anomaly.p.toPrecision(3)}`}`,
        }),
        ...usual,
        ...(anomaly.explanation?.peers ? [peerBaseline(anomaly.explanation.peers)] : []),
      ],
    },
  ];
}

function seenAnomaly({ dimension, value, first, days }: SeenFact, timespan: object): object {
  return {
    observation_parameter: dimension,
    observations: [{ value, timespan }],
    observed_pattern:
      first === null
        ? "never seen before"
        : `seen on ${days} days since ${new Date(first * DAY_MS).toISOString().slice(0, 10)}`,
  };
}

const peerBaseline = ({
  dimension,
  value,
  used_by,
}: {
  dimension: string;
  value: string;
  used_by: string;
}): object => ({
  observation_parameter: `peers.${dimension}`,
  observations: [{ value }],
  observed_pattern: used_by === "none" ? "used by no other key" : `used by another key of the same ${used_by}`,
});

function chartBaselines(chart: Chart): object[] {
  if (chart.kind === "hours") {
    const observations = chart.cells.flatMap((days, cell) =>
      days < 0.5 ? [] : [{ value: hourText(cell), count: Math.round(days) }],
    );
    const observed = observations.length === 0 ? [{ value: "none known" }] : observations;
    return [{ observation_parameter: `hour of week (${chart.zone})`, observations: observed }];
  }
  if (chart.kind === "counts")
    return [
      {
        observation_parameter: chart.parameter,
        observations: [{ value: chart.high === null ? "no bound known" : `${chart.low ?? 0} to ${chart.high}` }],
        ...(chart.expected === null ? {} : { observed_pattern: `${chart.expected} expected` }),
      },
    ];
  return chart.levels.map(({ level, usual, values, unseen }) => ({
    observation_parameter: `src.${level}`,
    observations: usual.length === 0 ? [{ value: "none known" }] : usual.map((value) => ({ value })),
    observed_pattern: `${values} known${unseen === null ? "" : `, a day brings a new one with probability ${unseen}`}`,
  }));
}

const hourText = (cell: number): string => `${DAYS[Math.floor(cell / 24)]} ${String(cell % 24).padStart(2, "0")}:00`;
