import { defineBaseline } from "../detection.ts";
import { placesBefore } from "../session_crowd.ts";
import { isWorkload, placeOf } from "../sessions.ts";
import { emptyEvidence, insertSorted } from "../windows.ts";
import { placeWords, plural } from "../words.ts";

/** Needs no learning: the temporary credentials of a machine have no business anywhere else. Sessions are compared, not keys, which rotate. */
export default defineBaseline({
  id: "credential_exfiltrated",
  version: 1,
  title: "Credentials of a workload used outside of it",
  level: "high",
  weight: 0.9,
  tags: ["attack.t1552.005", "attack.t1078.004"],
  needs: ["session_uid", "src_ip"],
  whileLearning: true,
  runbook: [
    "Confirm which machine {principal} runs on and whether {source} belongs to it.",
    "If not: revoke the role's active sessions (IAM console, role, Revoke sessions, or a deny policy on aws:TokenIssueTime) now.",
    "Find out how the credentials left: metadata service v1, a log, a proxy; then replace the machine.",
  ],
  falsePositives: [
    "a private endpoint is missing from the record",
    "the workload leaves through several network owners",
  ],
  applies: (event) => isWorkload(event) && event.session_uid !== null,
  judge(event, view) {
    const place = placeOf(event);
    const today = place === null ? undefined : view.day.sessions.get(event.session_uid!);
    if (place === null || today === undefined) return null;
    const before = placesBefore(view.sealed, event.session_uid!);
    const places = new Set([...before, ...today.keys()]);
    if (places.size < 2 || before.includes(place)) return null;
    const fresh = [...today.keys()].filter((p) => !before.includes(p)).sort();
    const evidence = emptyEvidence();
    const starts: number[] = [];
    for (const [name, keys] of today) {
      let start = Number.MAX_SAFE_INTEGER;
      for (const [time, uid] of keys.values()) {
        insertSorted(evidence.events, time, uid);
        evidence.count++;
        start = Math.min(start, time);
        evidence.last = Math.max(evidence.last, time);
      }
      if (!before.includes(name)) starts.push(start);
    }
    // It began when the session appeared at a second place, not with the day's first call from its own; of a large role that one is not kept.
    starts.sort((a, b) => a - b);
    const isFirstKept = [...today.values()].every((keys) => keys.size > 0);
    evidence.first = (before.length > 0 || !isFirstKept ? starts[0] : starts[1]) ?? evidence.last;
    const keys = new Set([...today.values()].flatMap((k) => [...k.keys()]));
    const shown = [...places].sort();
    return {
      dimension: event.session_uid!,
      level: "high",
      reasons: [
        `One session of ${event.principal ?? event.principal_uid} was used from ${shown.map(placeName).join(" and ")}, with ${plural(keys.size, "key")} of it.`,
        `The call from ${placeWords(event)} did not come through a private endpoint.`,
        before.length > 0
          ? `Until now the session was used from ${before.map(placeName).join(", ")}.`
          : "A machine's credentials stay in one network.",
      ],
      quiet_if: ["All calls of the session had come from one network owner, or from private addresses only."],
      anomaly: {
        parameter: "places of one session",
        observed: shown.join(", "),
        expected: before.join(", ") || "one",
        p: null,
        facts: { keys: keys.size, session_kind: event.session_kind },
      },
      evidence,
      holds:
        before.length > 0
          ? fresh.map((p) => ({ dimension: "session" as const, value: `${event.session_uid} ${p}` }))
          : [],
    };
  },
});

const placeName = (place: string): string => (place === "private" ? "a private address" : place);
