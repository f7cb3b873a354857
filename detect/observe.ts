import { isDenied, isWrite } from "../schemas/activity.ts";
import { alignTo } from "../schemas/duration.ts";
import type { DetectEvent } from "./detection.ts";
import { add, noMap, put } from "./light_maps.ts";
import { hasObject, MAX_FRESH, slotOf } from "./objects.ts";
import { emptyDay, type OpenDay, type Profile, type ValueDimension } from "./profile.ts";
import { notePlace } from "./travel.ts";
import { versionOf } from "./versions.ts";
import { pendingKey } from "./view.ts";
import {
  alignedStart,
  type CallWindow,
  countDenied,
  NETWORK_WINDOW_MS,
  type NetworkWindow,
  newCallWindow,
  straddlingStart,
} from "./windows.ts";

/** Values of one dimension that one open day keeps apart; a key that uses more is uninformative there anyway. */
const MAX_DAY_VALUES = 512;
const MAX_DAY_OPERATIONS = 256;
const MAX_DAY_AGENTS = 32;

/** openDay gives the day's accumulator, made when missing. */
export function openDay(profile: Profile, day: number): OpenDay {
  let open = profile.days.get(day);
  if (!open) {
    open = emptyDay(day);
    profile.days = put(profile.days, day, open);
  }
  return open;
}

/** observeEvent counts one event into its day. `hour` is the local hour of the week. */
export function observeEvent(profile: Profile, day: OpenDay, event: DetectEvent, hour: number): void {
  day.events++;
  if (isWrite(event) && event.outcome !== "not_found") day.writes++;
  if (event.time < day.firstTime) day.firstTime = event.time;
  if (event.time > day.lastTime) day.lastTime = event.time;
  if (event.time < profile.firstSeen) profile.firstSeen = event.time;
  const weekday = Math.floor(hour / 24);
  day.hours[weekday]! |= 1 << (hour % 24);
  const { values } = day;
  if (event.src_kind === "ip") {
    if (event.src_ip !== null && !values.ip.has(event.src_ip)) {
      addValue(values, "ip", event.src_ip);
      if (event.src_net !== null) addValue(values, "net", event.src_net);
      observePlace(day, event);
    }
  }
  const operation = operationOf(event);
  if (!values.operation.has(operation)) {
    addValue(values, "operation", operation);
    if (event.service !== null) addValue(values, "service", event.service);
  }
  const agent = event.user_agent_family;
  if (agent !== null && !stretchPeriod(day.agents, agent, event.time) && day.agents.size < MAX_DAY_AGENTS) {
    day.agents = put(day.agents, agent, [event.time, event.time]);
    addValue(values, "agent", agent);
  }
  const version = versionOf(event);
  if (version !== null && !stretchPeriod(day.versions, version, event.time) && day.versions.size < MAX_DAY_AGENTS) {
    day.versions = put(day.versions, version, [event.time, event.time]);
    addValue(values, "version", version);
  }
  if (event.region !== null && !values.region.has(event.region) && isRegional(event))
    addValue(values, "region", event.region);
  if (event.outcome !== "success") return;
  day.done++;
  if (event.bytes_out !== null && event.verb_class === "read") day.bytes = (day.bytes ?? 0) + event.bytes_out;
  if (event.resources.length === 0) return;
  if (event.verb_class === "read") noteObjects(profile, day, event.resources);
  if (isRoleChange(event)) for (const role of event.resources) addValue(values, "role", role);
}

function observePlace({ values }: OpenDay, event: DetectEvent): void {
  if (event.asn !== null) addValue(values, "asn", asnValue(event.asn));
  if (event.country !== null) addValue(values, "country", event.country);
}

/** observeRenamed learns what the address data say now of a network that is known: the next one of the same owner is no news then. */
export function observeRenamed(day: OpenDay, event: DetectEvent): void {
  observePlace(day, event);
  const renamed = (key: string): void => {
    if (day.renamed.size < MAX_DAY_VALUES) day.renamed = add(day.renamed, key);
  };
  if (event.asn !== null) renamed(pendingKey("asn", asnValue(event.asn)));
  if (event.country !== null) renamed(pendingKey("country", event.country));
}

/** stretchPeriod keeps when a program was used on the day, first and last; false for one that is new. */
function stretchPeriod(periods: OpenDay["agents"], name: string, time: number): boolean {
  const known = periods.get(name);
  if (known === undefined) return false;
  if (time < known[0]) known[0] = time;
  if (time > known[1]) known[1] = time;
  return true;
}

function noteObjects(profile: Profile, day: OpenDay, resources: readonly string[]): void {
  const { objects } = profile.sealed;
  for (let i = 0; i < resources.length; i++) {
    const slot = slotOf(resources[i]!);
    if (!hasObject(objects, slot) && day.fresh.size < MAX_FRESH) day.fresh = add(day.fresh, slot);
  }
}

/** isRoleChange tells calls by which a key takes on another role. */
export const isRoleChange = (event: DetectEvent): boolean =>
  event.service === "sts" && event.operation.startsWith("AssumeRole");

/** Calls that a provider logs in one region wherever they are made. */
const GLOBAL = new Set([
  ...["iam", "sts", "organizations", "cloudfront", "route53", "ce", "budgets", "billing", "account", "support"],
  ...["health", "shield", "globalaccelerator", "signin", "sso", "waf"],
]);

/** isRegional tells whether the region of the record was the caller's choice. */
export const isRegional = (event: DetectEvent): boolean =>
  event.service !== null && !GLOBAL.has(event.service) && event.operation !== "ListBuckets";

const addValue = (values: OpenDay["values"], dimension: ValueDimension, value: string): void => {
  if (values[dimension].size < MAX_DAY_VALUES) values[dimension] = add(values[dimension], value);
};

const asnTexts = new Map<number, string>();
/** asnValue is the text of an ASN, interned: there are about 80,000. */
export function asnValue(asn: number): string {
  let text = asnTexts.get(asn);
  if (text === undefined) {
    text = `AS${asn}`;
    asnTexts.set(asn, text);
  }
  return text;
}

const operationTexts = new Map<string | null, Map<string, string>>();
/** operationOf is `service:Operation`, the unit of operation habits; interned with a bound. */
export function operationOf(event: Pick<DetectEvent, "service" | "operation">): string {
  let names = operationTexts.get(event.service);
  if (!names) {
    if (operationTexts.size > 5_000) operationTexts.clear();
    names = new Map();
    operationTexts.set(event.service, names);
  }
  let text = names.get(event.operation);
  if (text === undefined) {
    if (names.size > 5_000) names.clear();
    text = event.service === null ? event.operation : `${event.service}:${event.operation}`;
    names.set(event.operation, text);
  }
  return text;
}

/** countWindows adds the event to its two call windows; `opened` is told of a window that began. Gives the aligned one. */
export function countWindows(
  profile: Profile,
  day: OpenDay,
  event: DetectEvent,
  opened: (w: CallWindow) => void,
): CallWindow {
  const aligned = callWindow(profile, alignedStart(event.time), opened);
  const judged = event.outcome === "success" || isDenied(event);
  aligned.calls++;
  if (event.outcome === "throttled" || event.outcome === "error") aligned.failed++;
  if (!judged) return aligned;
  const straddling = callWindow(profile, straddlingStart(event.time), opened);
  aligned.judged++;
  straddling.judged++;
  if (isDenied(event)) {
    const operation = operationOf(event);
    countDenied(aligned, operation, event);
    countDenied(straddling, operation, event);
    const first = day.deniedOperations.get(operation);
    if (
      first
        ? event.time < first[0] || (event.time === first[0] && event.event_uid < first[1])
        : day.deniedOperations.size < MAX_DAY_OPERATIONS
    ) {
      day.deniedOperations = put(day.deniedOperations, operation, [event.time, event.event_uid]);
    }
  }
  return aligned;
}

function callWindow(profile: Profile, start: number, opened: (w: CallWindow) => void): CallWindow {
  let window = profile.callWindows.get(start);
  if (!window) {
    window = newCallWindow(start);
    profile.callWindows = put(profile.callWindows, start, window);
    opened(window);
  }
  return window;
}

/** networkOf names the network that a public call came from: its /24 or /48; null for everything else. */
export const networkOf = (event: DetectEvent): string | null => (event.src_kind !== "ip" ? null : event.src_net);

/** ownerOf names who owns that network: its ASN, else the network itself. */
export const ownerOf = (event: DetectEvent): string | null =>
  event.src_kind !== "ip" ? null : event.asn !== null ? asnValue(event.asn) : event.src_net;

/** countNetwork notes the network in the half hour of the event; null where the event has none. */
export function countNetwork(profile: Profile, day: OpenDay, event: DetectEvent): NetworkWindow | null {
  const network = networkOf(event);
  if (network === null) return null;
  const start = alignTo(event.time, NETWORK_WINDOW_MS);
  let window = profile.networkWindows.get(start);
  if (!window) {
    window = { start, networks: noMap };
    profile.networkWindows = put(profile.networkWindows, start, window);
  }
  noteFirst(window, network, day, event);
  return window;
}

function noteFirst(window: NetworkWindow, value: string, day: OpenDay, event: DetectEvent): void {
  const { networks } = window;
  const first = networks.get(value);
  if (first === undefined) {
    if (networks.size < 64)
      window.networks = put(networks, value, [event.time, event.event_uid, event.time, ownerOf(event) ?? value]);
    notePlace(day, value, event);
    return;
  }
  if (event.time > first[2]) first[2] = event.time;
  if (event.time < first[0] || (event.time === first[0] && event.event_uid < first[1])) {
    first[0] = event.time;
    first[1] = event.event_uid;
  }
}
