import type { Chart, Explanation, ExplanationPart, SeenFact } from "../../schemas/explanation.ts";
import type { Baseline, DetectEvent, Hit, Policy } from "../detection.ts";
import { asnValue, operationOf } from "../observe.ts";
import type { ValueDimension } from "../profile.ts";
import type { View } from "../view.ts";
import { chartOf } from "./charts.ts";

/** What an explanation looks at; policies are asked before the view knows the event's hour, so the zone is given. */
export type Explained = Pick<View, "sealed" | "day" | "history" | "peers" | "policy">;

/** explain gathers what stands behind a hit. Every part that does not apply says why. */
export function explain(hit: Hit, detection: Policy | Baseline, event: DetectEvent, view: Explained): Explanation {
  const values = valuesOf(event);
  const charts = chartsOf(hit, event, view);
  const peers = peersOf(event, view);
  return {
    peers,
    first_seen: values.map(([dimension, value]) => seenFact(view, dimension, value)),
    charts,
    unapplied: {
      ...unappliedArithmetic(hit, detection, view),
      ...(peers === null ? { peers: whyNoPeers(event) } : {}),
      ...(charts.length === 0
        ? { chart: "Nothing was counted, and the call came from no public address, so there is nothing to draw." }
        : {}),
    },
  };
}

function unappliedArithmetic(
  { anomaly }: Hit,
  detection: Policy | Baseline,
  { history }: Explained,
): Partial<Record<ExplanationPart, string>> {
  const learns = detection.kind === "baseline" && !detection.rule;
  const why: Partial<Record<ExplanationPart, string>> = {};
  if (anomaly.expected === null)
    why.expected = learns
      ? "No single value is expected: the chart and the facts show what is usual."
      : "Nothing is expected: the declaration or the rule alone decides.";
  if (anomaly.p === null)
    why.probability = learns
      ? "It compares with a fixed bound, not with a distribution, so there is no chance to give."
      : "It compares with what was declared; chance does not enter.";
  if (history.events === 0) why.history = learns ? "No whole day of this key is sealed yet." : "It needs no history.";
  return why;
}

/** The level at which others are most telling: the network owner, else the network, else the country. */
function peersOf(event: DetectEvent, { peers }: Explained): Explanation["peers"] {
  if (event.src_kind !== "ip") return null;
  const [dimension, value]: [ValueDimension, string | null] =
    event.asn !== null
      ? ["asn", asnValue(event.asn)]
      : event.src_net !== null
        ? ["net", event.src_net]
        : ["country", event.country];
  if (value === null) return null;
  return { dimension, value, used_by: peers.others(event.account, dimension, value, event.subject_uid) };
}

const whyNoPeers = (event: DetectEvent): string =>
  event.src_kind === "ip"
    ? "The network of the address is not known, so it cannot be compared with that of other keys."
    : "The call came from no public address, so there is no place to compare with that of other keys.";

function valuesOf(event: DetectEvent): [ValueDimension, string][] {
  const values: [ValueDimension, string | null][] = [
    ...(event.src_kind === "ip"
      ? ([
          ["country", event.country],
          ["asn", event.asn === null ? null : asnValue(event.asn)],
          ["net", event.src_net],
          ["ip", event.src_ip],
        ] as [ValueDimension, string | null][])
      : []),
    ["operation", operationOf(event)],
    ["service", event.service],
    ["agent", event.user_agent_family],
    ["region", event.region],
  ];
  return values.filter((v): v is [ValueDimension, string] => v[1] !== null);
}

function seenFact({ sealed }: Explained, dimension: ValueDimension, value: string): SeenFact {
  const known = sealed.values[dimension].values.get(value);
  return { dimension, value, first: known?.first ?? null, last: known?.last ?? null, days: known?.days ?? 0 };
}

function chartsOf(hit: Hit, event: DetectEvent, view: Explained): Chart[] {
  const chart = chartOf(hit, event, view);
  return chart === null ? [] : [chart];
}
