import { isWrite } from "../../schemas/activity.ts";
import { type Sensitivity, sensitivityOf } from "../../schemas/sensitivity.ts";
import type { Severity } from "../../schemas/severity.ts";
import { isHabit } from "../administrators.ts";
import { type DetectEvent, defineBaseline, type Habit } from "../detection.ts";
import { operationOf } from "../observe.ts";
import { FORGET_DAYS, type Sealed } from "../profile.ts";
import { unseenPerDay } from "../stats/novelty.ts";
import { paceOf } from "../values.ts";
import { releaseOf } from "../versions.ts";
import { waiting } from "../view.ts";
import { percent, plural } from "../words.ts";

const MAX_UNSEEN = 0.15;
const MIN_OBSERVATIONS = 20;

const CLASS_WORDS: Record<Sensitivity["class"], string> = {
  secrets: "reads secrets",
  credentials: "creates or changes credentials",
  identity: "changes identities",
  policy: "changes who may do what",
  logging: "weakens logging or detection",
  billing: "touches billing",
  compute_credentials: "runs code or gets credentials of machines",
};

/** What a new operation can do decides how loud it is; plain reads of a known service are never worth a word. */
export default defineBaseline({
  id: "new_operation",
  version: 1,
  title: "Operation that the key never used",
  level: "medium",
  weight: 0.5,
  tags: ["attack.t1098", "attack.t1562.008"],
  needs: ["operation"],
  whileLearning: true,
  runbook: [
    "Ask {owner} whether {key_hint} is meant to call {operation} since {first_seen}.",
    "If not: disable {key_hint} and undo what the call changed.",
  ],
  falsePositives: ["a deployment brought a new feature", "somebody cleans up by hand"],
  applies: (event) => event.outcome !== "throttled" && event.outcome !== "invalid",
  sameAs: (event) => {
    const operation = operationOf(event);
    if (event.outcome === "success") return operation;
    return `${operation} ${event.outcome === "not_found" ? "not found" : "refused"}`;
  },
  judge(event, view) {
    const operation = operationOf(event);
    const { sealed } = view;
    if (sealed.values.operation.values.has(operation)) return null;
    const sensitivity = sensitivityOf(event.service, event.operation);
    // A path that is not there is no operation: scanners make them up by the thousand.
    if (sensitivity === null && event.outcome === "not_found") return null;
    const newService = event.service !== null && !sealed.values.service.values.has(event.service);
    // Most new calls are plain reads of a known service, and the pace is dear.
    if (sensitivity === null && (view.learning || !(newService || isWrite(event)))) return null;
    const set = sealed.values.operation;
    const pace = paceOf(set, sealed, FORGET_DAYS.operation);
    const unseen = unseenPerDay({ n: set.n, n1: set.n1, ...pace });
    const administers = isHabit(view, sensitivity);
    const habit = administers || deploys(sealed, sensitivity);
    const full = view.learning
      ? whileLearning(event, sensitivity)
      : levelOf(event, sensitivity, newService, set.n, unseen, habit);
    if (full === null) return null;
    // What gives standing access or blinds the owner is worth a question whoever released it.
    const release =
      full === "medium" && sensitivity?.grade === "high" && !view.learning ? releaseOf(event, view) : null;
    const level = release === null ? full : "low";
    const seenBefore = waiting(view, "operation", operation);
    const reasons = [
      `${operation} (${event.outcome}) was never used by this key${newService ? `, nor was ${event.service}` : ""}.`,
      view.learning
        ? "The key is still being learned, so only what the call can do speaks."
        : `It used ${plural(set.values.size, "operation")} in ${plural(view.history.days, "day")}; a new one was expected on ${percent(unseen)} of its days.`,
    ];
    if (sensitivity) reasons.push(`The call ${CLASS_WORDS[sensitivity.class]}.`);
    if (release !== null) reasons.push(`Its program was just replaced by ${release}: a release may bring new calls.`);
    if (seenBefore > 0)
      reasons.push(`Reported before and not confirmed: seen on ${plural(seenBefore, "earlier day")}.`);
    const holds: Habit[] = [{ dimension: "operation", value: operation }];
    if (newService) holds.push({ dimension: "service", value: event.service! });
    return {
      dimension: operation,
      level: seenBefore > 0 || (view.learning && administers) ? "low" : level,
      usualAdmin: administers,
      reasons,
      quiet_if: [`${operation} had been used on an earlier day.`],
      anomaly: {
        parameter: "operation",
        observed: operation,
        expected: null,
        p: view.learning ? null : unseen,
        facts: {
          new_service: newService,
          sensitivity: sensitivity?.class ?? null,
          grade: sensitivity?.grade ?? null,
          known_operations: set.values.size,
        },
      },
      firstOnly: true,
      holds,
    };
  },
});

const GRAVE: ReadonlySet<Sensitivity["class"]> = new Set(["secrets", "credentials", "identity", "logging"]);

/** Running code is what a program that writes all day is for. */
const deploys = (sealed: Sealed, sensitivity: Sensitivity | null): boolean =>
  sensitivity?.class === "compute_credentials" && sealed.writes >= 0.1 * sealed.events;

function whileLearning(event: DetectEvent, sensitivity: Sensitivity | null): Severity | null {
  if (sensitivity === null) return null;
  const succeeded = event.outcome === "success";
  // An attempt tells as much of the intent, and less of the harm.
  if (sensitivity.grade === "critical") return succeeded ? "medium" : "low";
  return sensitivity.grade === "high" && succeeded ? "low" : null;
}

function levelOf(
  event: DetectEvent,
  sensitivity: Sensitivity | null,
  newService: boolean,
  n: number,
  unseen: number,
  habit: boolean,
): Severity | null {
  const succeeded = event.outcome === "success";
  if (sensitivity) {
    if (habit) return "low";
    if (sensitivity.grade === "critical") return succeeded ? "high" : "medium";
    // Who tries something new every other day says little with one more, short of the gravest.
    const telling = unseen <= MAX_UNSEEN || GRAVE.has(sensitivity.class);
    if (!telling) return "informational";
    return sensitivity.grade === "high" && succeeded ? "medium" : "low";
  }
  if (n < MIN_OBSERVATIONS || unseen > MAX_UNSEEN) return null;
  return newService || isWrite(event) ? "low" : null;
}
