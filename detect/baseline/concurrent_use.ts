import { defineBaseline } from "../detection.ts";
import { noMap, put } from "../light_maps.ts";
import { networkOf } from "../observe.ts";
import type { Concurrency } from "../profile.ts";
import { isKnown } from "../view.ts";
import { emptyEvidence, insertSorted, type NetworkWindow } from "../windows.ts";
import { plural } from "../words.ts";

const MIN_SINGLE_WINDOWS = 20;
/** A key that was in several networks at once in more of its half hours than this is used so by design. */
const MAX_HABIT_SHARE = 0.02;

export default defineBaseline({
  id: "concurrent_use",
  version: 3,
  title: "One key used from two networks at the same time",
  level: "high",
  weight: 0.7,
  tags: ["attack.t1078.004", "attack.t1528"],
  needs: ["src_ip"],
  whileLearning: false,
  runbook: [
    "Compare the two networks: one of them is {owner}'s, the other may be a thief's.",
    "If nobody can name the second one: disable {key_hint} now and rotate it.",
    "Look at what the other network did since {first_seen}.",
  ],
  falsePositives: ["a job runs in two places during a move", "a laptop switches between office and VPN"],
  applies: (event) => networkOf(event) !== null,
  judge(event, view) {
    const window = view.networks;
    if (window === null || window.networks.size < 2 || view.isOwn(event.src_ip!)) return null;
    const { concurrency, netConcurrency } = view.sealed;
    const owners = isSingle(concurrency) ? byOwner(window) : null;
    const strangers =
      owners !== null && owners.size > 1 && interleaved(owners, (name) => isKnown(view, levelOf(name), name));
    // Two networks of one owner: a neighbour's machine, where the key always had one.
    const neighbours =
      isSingle(netConcurrency) &&
      interleaved(
        window.networks,
        (name) => isKnown(view, "net", name),
        (a, b) => window.networks.get(a)![3] === window.networks.get(b)![3],
      );
    if (!strangers && !neighbours) return null;
    const { single, several } = strangers ? concurrency : netConcurrency;
    const networks = [...(strangers ? owners : window.networks)].sort(([a], [b]) => (a < b ? -1 : 1));
    const evidence = emptyEvidence();
    for (const [, [time, uid]] of networks) {
      insertSorted(evidence.events, time, uid);
      evidence.first = Math.min(evidence.first, time);
      evidence.last = Math.max(evidence.last, time);
    }
    evidence.count = networks.length;
    return {
      dimension: "",
      bucket: window.start,
      level: strangers ? "high" : "medium",
      reasons: [
        `Used from ${networks.map(([name]) => name).join(" and ")} within the same half hour.`,
        `In ${plural(single, "earlier half hour")} of activity it was in one network at a time, ${plural(several, "time")} in several.`,
      ],
      quiet_if: ["The key had been used from several networks at once before."],
      anomaly: {
        parameter: "networks in 30 min",
        observed: networks.length,
        expected: 1,
        p: (several + 1) / (single + several + 2),
        facts: { single_windows: single, several_windows: several },
      },
      evidence,
    };
  },
});

const isSingle = ({ single, several }: Concurrency): boolean =>
  single >= MIN_SINGLE_WINDOWS && several <= MAX_HABIT_SHARE * (single + several);

const levelOf = (name: string): "asn" | "net" => (name.startsWith("AS") ? "asn" : "net");

/** byOwner joins the networks of one owner. */
function byOwner({ networks }: NetworkWindow): NetworkWindow["networks"] {
  let owners: NetworkWindow["networks"] = noMap;
  for (const [, [first, uid, last, owner]] of networks) {
    const known = owners.get(owner);
    if (!known) owners = put(owners, owner, [first, uid, last, owner]);
    else {
      known[2] = Math.max(known[2], last);
      if (first < known[0] || (first === known[0] && uid < known[1])) [known[0], known[1]] = [first, uid];
    }
  }
  return owners;
}

/**
 * interleaved tells whether the times of two networks overlap, and not both are habits: a job that moves leaves the old network
 * for good, and people go from desk to home and back.
 */
function interleaved(
  networks: NetworkWindow["networks"],
  isHabit: (name: string) => boolean,
  counts: (a: string, b: string) => boolean = () => true,
): boolean {
  const all = [...networks];
  return all.some(([name, [first, , last]], i) =>
    all
      .slice(i + 1)
      .some(
        ([other, [began, , ended]]) =>
          first <= ended && began <= last && counts(name, other) && !(isHabit(name) && isHabit(other)),
      ),
  );
}
