import { defineBaseline, type Hit } from "../detection.ts";
import { heldBack, levelOf } from "../held_counts.ts";
import type { ObjectMemory } from "../objects.ts";
import { tellsObjects } from "../objects.ts";
import { operationOf } from "../observe.ts";
import { negativeBinomialTail } from "../stats/negative_binomial.ts";
import { oneIn, plural } from "../words.ts";

const FIRE_P = 1e-6;
const MIN_OBJECTS = 20;
const MIN_RATIO = 4;
/** Days, faded, before the number of new objects is a habit. */
const MIN_DAYS = 6;
const GRAVE = 200;
const PHI_MIN = 0.3;
const PRIOR_DAYS = 3;

/**
 * Objects that the key never read before, counted by the day: who copies a store reads what nobody asked for until now, while a busy day
 * reads the usual ones more often. Against the key's own days by a negative binomial.
 */
export default defineBaseline({
  id: "bulk_read",
  version: 1,
  title: "Reads many objects it never read before",
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
  applies: (event) => event.verb_class === "read" && event.outcome === "success" && event.resources.length > 0,
  judge(event, view) {
    const { objects } = view.sealed;
    const count = view.day.fresh.size;
    if (count < MIN_OBJECTS || objects.days < MIN_DAYS || !tellsObjects(objects)) return null;
    const expected = objects.sum / objects.days;
    if (count < MIN_RATIO * expected) return null;
    const p = tailOf(objects, count);
    if (p >= FIRE_P) return null;
    const hit: Hit = {
      dimension: "",
      level: count >= GRAVE && count >= 10 * expected ? "high" : "medium",
      reasons: [
        `${plural(count, "object")} that it never read before on one day, the last one by ${operationOf(event)}; ${expected.toFixed(1)} are usual.`,
        `That is beyond its own past: ${oneIn(p)}.`,
      ],
      quiet_if: [`Fewer than ${MIN_OBJECTS} new objects, or days like this one had been usual.`],
      anomaly: {
        parameter: "new objects in a day",
        observed: count,
        expected: Math.round(expected * 10) / 10,
        p,
        facts: { days: Math.round(objects.days) },
      },
    };
    return heldBack(hit, view, ["objects"], levelOf.total, count);
  },
});

function tailOf({ days, sum, sumSq }: ObjectMemory, count: number): number {
  const mean = Math.max(0.5, sum / days);
  const variance = Math.max(0, sumSq / days - mean * mean);
  const own = (variance - mean) / (mean * mean);
  const phi = Math.max(PHI_MIN, (own * days + PRIOR_DAYS) / (days + PRIOR_DAYS));
  return negativeBinomialTail(count, mean, phi * (1 + 1 / days));
}
