import { isWrite } from "../../schemas/activity.ts";
import { defineBaseline } from "../detection.ts";
import { isRegional } from "../observe.ts";
import { isPerson } from "../people.ts";
import { FORGET_DAYS } from "../profile.ts";
import { unseenPerDay } from "../stats/novelty.ts";
import { paceOf } from "../values.ts";
import { isKnown, waiting } from "../view.ts";
import { percent, plural } from "../words.ts";

const FINDING_UNSEEN = 0.05;
const RISK_UNSEEN = 0.15;
const MIN_OBSERVATIONS = 20;

/** A program is set up for its regions; somebody who looks for a corner that nobody watches is not. */
export default defineBaseline({
  id: "new_region",
  version: 1,
  title: "Key used in a cloud region it never worked in",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1535"],
  needs: ["region"],
  whileLearning: false,
  runbook: [
    "Ask {owner} whether {key_hint} is meant to work in that region.",
    "If not: disable {key_hint}, and look for machines, functions and keys made there since {first_seen}.",
  ],
  falsePositives: ["a service was rolled out to another region"],
  applies: (event) => event.region !== null && isRegional(event),
  sameAs: (event) => event.region!,
  judge(event, view) {
    const region = event.region!;
    if (isKnown(view, "region", region)) return null;
    const set = view.sealed.values.region;
    if (set.n < MIN_OBSERVATIONS) return null;
    const unseen = unseenPerDay({ n: set.n, n1: set.n1, ...paceOf(set, view.sealed, FORGET_DAYS.region) });
    if (unseen > RISK_UNSEEN) return null;
    const peers = view.peers.others(event.account, "region", region, event.subject_uid);
    const seenBefore = waiting(view, "region", region);
    const question = peers !== "none" || seenBefore > 0 || (isPerson(event, view.sealed) && !isWrite(event));
    return {
      dimension: region,
      level: unseen > FINDING_UNSEEN || question ? "low" : "medium",
      reasons: [
        `Used in ${region}, where this key never worked.`,
        `In ${plural(view.history.days, "day")} it worked in ${plural(set.values.size, "region")}; a new one was expected on ${percent(unseen)} of its days.`,
        ...(peers === "none" ? [] : ["Another key of this account worked there in the last 30 days."]),
        ...(seenBefore > 0 ? [`Reported before and not confirmed: seen on ${plural(seenBefore, "earlier day")}.`] : []),
      ],
      quiet_if: [`The key, or another one of its account, had worked in ${region} before.`],
      anomaly: {
        parameter: "region",
        observed: region,
        expected: [...set.values.keys()].slice(0, 5).join(", "),
        p: unseen,
        facts: { observations: set.n, seen_once: set.n1, peers, unconfirmed_days: seenBefore },
      },
      holds: [{ dimension: "region", value: region }],
    };
  },
});
