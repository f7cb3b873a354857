import { type DetectEvent, defineBaseline, type Hit } from "../detection.ts";
import { heldBack, levelOf } from "../held_counts.ts";
import { type DayCounts, megabytes, tellsObjects } from "../objects.ts";
import { operationOf } from "../observe.ts";
import { negativeBinomialTail } from "../stats/negative_binomial.ts";
import type { View } from "../view.ts";
import { oneIn, plural } from "../words.ts";

const FIRE_P = 1e-6;
const MIN_OBJECTS = 20;
const MIN_MEGABYTES = 100;
const MIN_RATIO = 4;
/** Days, faded, before the number of new objects, or of bytes, is a habit. */
const MIN_DAYS = 6;
const GRAVE = 200;
const GRAVE_MEGABYTES = 1_000;
const GRAVE_RATIO = 10;
const PHI_MIN = 0.3;
const PRIOR_DAYS = 3;

/**
 * Objects that the key never read before, counted by the day: who copies a store reads what nobody asked for until now, while a busy day
 * reads the usual ones more often. And megabytes, where records tell bytes: a few large objects are as much of a loss. Both against the key's
 * own days by a negative binomial.
 */
export default defineBaseline({
  id: "bulk_read",
  version: 1,
  title: "Reads far more than it ever did",
  level: "high",
  weight: 0.7,
  tags: ["attack.t1530", "attack.t1213"],
  needs: ["resources", "per_call"],
  whileLearning: false,
  runbook: [
    "Ask {owner} whether {key_hint} was given a new set of data to read.",
    "If not: disable {key_hint}, then list what {operation} read since {first_seen}: that is what was copied.",
  ],
  falsePositives: ["a job reads a new data set", "somebody restores or migrates data"],
  applies: (event) =>
    event.verb_class === "read" &&
    event.outcome === "success" &&
    (event.resources.length > 0 || event.bytes_out !== null),
  judge: (event, view) => manyObjects(event, view) ?? manyBytes(event, view),
});

function manyObjects(event: DetectEvent, view: View): Hit | null {
  const { objects } = view.sealed;
  const count = view.day.fresh.size;
  if (count < MIN_OBJECTS || !tellsObjects(objects)) return null;
  const odd = oddCount(objects, count);
  if (odd === null) return null;
  const hit: Hit = {
    dimension: "",
    level: count >= GRAVE && count >= GRAVE_RATIO * odd.expected ? "high" : "medium",
    reasons: [
      `${plural(count, "object")} that it never read before on one day, the last one by ${operationOf(event)}; ${odd.expected.toFixed(1)} are usual.`,
      `That is beyond its own past: ${oneIn(odd.p)}.`,
    ],
    quiet_if: [`Fewer than ${MIN_OBJECTS} new objects, or days like this one had been usual.`],
    anomaly: { parameter: "new objects in a day", observed: count, ...odd.anomaly },
  };
  return heldBack(hit, view, ["objects"], levelOf.total, count);
}

function manyBytes(event: DetectEvent, view: View): Hit | null {
  const count = megabytes(view.day.bytes ?? 0);
  if (count < MIN_MEGABYTES) return null;
  const odd = oddCount(view.sealed.bytes, count);
  if (odd === null) return null;
  const hit: Hit = {
    dimension: "bytes",
    level: count >= GRAVE_MEGABYTES && count >= GRAVE_RATIO * odd.expected ? "high" : "medium",
    reasons: [
      `${count} MB read on one day, the last of it by ${operationOf(event)}; ${odd.expected.toFixed(1)} MB are usual.`,
      `That is beyond its own past: ${oneIn(odd.p)}.`,
    ],
    quiet_if: [`Less than ${MIN_MEGABYTES} MB, or days like this one had been usual.`],
    anomaly: { parameter: "MB read in a day", observed: count, ...odd.anomaly },
  };
  return heldBack(hit, view, ["bytes"], levelOf.total, count);
}

/** oddCount judges a count against days of the key; null where it is not odd, or the days are too few to say. */
function oddCount(counts: DayCounts, count: number) {
  if (counts.days < MIN_DAYS) return null;
  const expected = counts.sum / counts.days;
  if (count < MIN_RATIO * expected) return null;
  const p = tailOf(counts, count);
  if (p >= FIRE_P) return null;
  const facts = { days: Math.round(counts.days) };
  return { expected, p, anomaly: { expected: Math.round(expected * 10) / 10, p, facts } };
}

function tailOf({ days, sum, sumSq }: DayCounts, count: number): number {
  const mean = Math.max(0.5, sum / days);
  const variance = Math.max(0, sumSq / days - mean * mean);
  const own = (variance - mean) / (mean * mean);
  const phi = Math.max(PHI_MIN, (own * days + PRIOR_DAYS) / (days + PRIOR_DAYS));
  return negativeBinomialTail(count, mean, phi * (1 + 1 / days));
}
