import { isWrite } from "../../schemas/activity.ts";
import { type Severity, shiftSeverity } from "../../schemas/severity.ts";
import { isUsualAdmin } from "../administrators.ts";
import { type DetectEvent, defineBaseline, type Habit } from "../detection.ts";
import { asnValue, operationOf, ownerOf } from "../observe.ts";
import { isPerson } from "../people.ts";
import { judgeSource, sourceValues } from "../source.ts";
import type { SourceLevel } from "../stats/novelty.ts";
import { isKnown, type View, waiting } from "../view.ts";
import { percent, placeWords, plural } from "../words.ts";

const LEVEL_WORDS: Record<SourceLevel, string> = {
  ip: "address",
  net: "network",
  asn: "network owner",
  country: "country",
};

/** Source: Good 1953 for the unseen mass; the ladder of DETECTION.md, section 3. */
export default defineBaseline({
  id: "new_source",
  version: 1,
  title: "Key used from a place it never used before",
  level: "medium",
  weight: 0.6,
  tags: ["attack.t1078.004"],
  needs: ["src_ip"],
  whileLearning: false,
  runbook: [
    "Ask {owner} whether {key_hint} is meant to be used from {source}.",
    "If not: disable {key_hint} at the provider now, then rotate it.",
    "Look at everything the key did since {first_seen}: `keywatch incidents show`.",
  ],
  falsePositives: ["a NAT gateway or VPN exit moved", "a person travels", "a job moved to another region"],
  applies: (event) => event.src_kind === "ip" && event.src_ip !== null,
  // The level depends on what the call does, but whether the source is new does not.
  sameAs: (event) => event.src_ip!,
  judge(event, view) {
    if (isKnown(view, "ip", event.src_ip!)) return null;
    const verdict = judgeSource(event, view);
    if (verdict === null || "uninformative" in verdict) return null;
    if (view.isOwn(event.src_ip!) || isExempt(event, view)) return null;
    // A pool inside a network owner that the key uses anyway: an address more is no news.
    if (verdict.verdict === "risk" && isKnownOwner(event, view)) return null;
    const values = sourceValues(event);
    const { value } = values.find((v) => v.level === verdict.level)!;
    const seenBefore = waiting(view, verdict.level, value);
    const peers = view.peers.others(event.account, verdict.level, value, event.subject_uid);
    const known = view.sealed.values[verdict.level];
    const reasons = [
      `Used from ${placeWords(event)}: a new ${LEVEL_WORDS[verdict.level]}.`,
      `In ${plural(view.history.days, "day")} it used ${plural(known.values.size, LEVEL_WORDS[verdict.level])}; a new one was expected on ${percent(verdict.unseen)} of its days.`,
    ];
    const alsoNew = values.filter((v) => v.level !== verdict.level && !isKnown(view, v.level, v.value));
    if (alsoNew.length > 0)
      reasons.push(`New with it: ${alsoNew.map((v) => `${LEVEL_WORDS[v.level]} ${v.value}`).join(", ")}.`);
    if (peers !== "none")
      reasons.push(
        peers === "owner"
          ? "Another key of the same owner used it in the last 30 days."
          : "Another key of this account used it in the last 30 days.",
      );
    if (seenBefore > 0)
      reasons.push(`Reported before and not confirmed: seen on ${plural(seenBefore, "earlier day")}.`);
    return {
      dimension: `${verdict.level}:${value}`,
      level: levelOf(event, view, verdict.level, verdict.verdict, peers, seenBefore),
      usualAdmin: isInHouse(event, view) && isUsualAdmin(event, view),
      reasons,
      quiet_if: [
        `${LEVEL_WORDS[verdict.level]} ${value} had been used on an earlier day, or stood in allowed or exempted networks.`,
      ],
      anomaly: {
        parameter: `src.${verdict.level}`,
        observed: value,
        expected: [...known.values.keys()].slice(0, 5).join(", "),
        p: verdict.unseen,
        facts: {
          observations: known.n,
          seen_once: known.n1,
          peers,
          hosting: event.hosting,
          network_owner: ownerOf(event),
          unconfirmed_days: seenBefore,
        },
      },
      ...(isKnownNetwork(event, view) ? {} : { signal: { kind: "new_network", value: ownerOf(event) ?? value } }),
      holds: [...alsoNew, { level: verdict.level, value }].map((v): Habit => ({ dimension: v.level, value: v.value })),
    };
  },
});

/** A move inside a known network owner is a risk only; a person in a new country is a question; repetition is no news. */
function levelOf(
  event: DetectEvent,
  view: View,
  level: SourceLevel,
  verdict: "finding" | "risk",
  peers: "owner" | "account" | "none",
  seenBefore: number,
): Severity {
  if (verdict === "risk" || seenBefore > 0) return "low";
  if (isKnownOwner(event, view) && level !== "country") return "low";
  if (isInHouse(event, view)) return "low";
  // Nobody stays at a hosting company: a rented machine is no journey.
  if (
    event.hosting !== true &&
    isPerson(event, view.sealed) &&
    (!isWrite(event) || isKnown(view, "operation", operationOf(event)))
  )
    return "low";
  return peers === "owner" ? shiftSeverity("medium", -1) : "medium";
}

/** Where other keys of the account work, the organisation is at home. */
const isInHouse = (event: DetectEvent, view: View): boolean =>
  event.src_net !== null && view.peers.isShared(event.account, "net", event.src_net, event.subject_uid);

const isKnownOwner = (event: DetectEvent, view: View): boolean =>
  event.asn !== null && isKnown(view, "asn", asnValue(event.asn));

const isKnownNetwork = (event: DetectEvent, view: View): boolean =>
  event.asn !== null ? isKnownOwner(event, view) : event.src_net !== null && isKnown(view, "net", event.src_net);

const isExempt = (event: DetectEvent, view: View): boolean =>
  view.policy !== null &&
  ((view.policy.networks?.has(event.src_ip!) ?? false) ||
    view.policy.exempt.some((e) => event.time < e.until && e.networks.has(event.src_ip!)));
