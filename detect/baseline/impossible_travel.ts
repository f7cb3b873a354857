import { defineBaseline } from "../detection.ts";
import { networkOf } from "../observe.ts";
import { isPerson } from "../people.ts";
import { fastestJourney, type LastPlace, placeBefore } from "../travel.ts";
import { isKnown, type View } from "../view.ts";
import { placeWords } from "../words.ts";

const MIN_KM = 500;
const MAX_KMH = 1_000;

/** Keys of people only: a program may well be in two places. Half hours are counted whole, so a late clock is no flight. */
export default defineBaseline({
  id: "impossible_travel",
  version: 1,
  title: "Used in two places that nobody can travel between in time",
  level: "medium",
  weight: 0.6,
  tags: ["attack.t1078.004"],
  needs: ["src_ip", "geo"],
  whileLearning: false,
  runbook: [
    "Ask {owner} where they are, by another way than this account.",
    "If one of the two places is not theirs: disable {key_hint} and end its sessions now.",
  ],
  falsePositives: ["a VPN or a telephone network whose exit is in another country", "the address database is wrong"],
  applies: (event) => event.lat !== null && event.src_kind === "ip",
  judge(event, view) {
    const before = placeBefore(view.day, view.sealed);
    if (view.day.places.size + (before === null ? 0 : 1) < 2 || !isPerson(event, view.sealed)) return null;
    const network = networkOf(event);
    if (network === null || (isKnown(view, "net", network) && isAtHome(view, before))) return null;
    const journey = fastestJourney(view.day, network, MIN_KM, before);
    if (journey === null || journey.kmh <= MAX_KMH) return null;
    if (isKnown(view, "net", network) && isKnown(view, "net", journey.other)) return null;
    if (view.isOwn(event.src_ip!)) return null;
    const [from, to] = [network, journey.other].sort();
    return {
      dimension: `${from} ${to}`,
      level: "medium",
      reasons: [
        `Used from ${placeWords(event)} and from ${journey.other}, ${Math.round(journey.km)} km apart, within the same hours.`,
        `Whoever travelled that way flew at ${Math.round(journey.kmh)} km/h or more.`,
      ],
      quiet_if: ["Both networks had been habits of the key, or stood in `detect.own_networks`."],
      anomaly: {
        parameter: "speed in km/h",
        observed: Math.round(journey.kmh),
        expected: `below ${MAX_KMH}`,
        p: null,
        facts: { km: Math.round(journey.km), other: journey.other },
      },
    };
  },
});

/** isAtHome tells a day of habits only; no journey of it is news, so none is measured. */
function isAtHome(view: View, before: LastPlace | null): boolean {
  if (before !== null && !isKnown(view, "net", before.network)) return false;
  for (const network of view.day.places.keys()) if (!isKnown(view, "net", network)) return false;
  return true;
}
