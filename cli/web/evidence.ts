import { createInventoryIndex } from "../../detect/inventory_index.ts";
import type { Profile } from "../../detect/profile.ts";
import { countryName } from "../../detect/words.ts";
import { alignTo, DAY_MS, dayOf, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { CountsChart, EventOut, Evidence, FindingOut } from "../../schemas/http_api.ts";
import type { Incident } from "../../schemas/incident.ts";
import { findingsNamed } from "../../schemas/queries/findings.ts";
import { callsBySlot, eventsNamed } from "../../schemas/queries/page.ts";
import { findingLine } from "../../schemas/wire.ts";
import type { App } from "../app.ts";
import { readInventory } from "../inventory_store.ts";
import { eventOut } from "./events.ts";
import { hoursChart, ladderOf, profileOf } from "./profile_charts.ts";

const MAX_FINDINGS = 100;
const MAX_EVENTS = 200;
const STEP_MS = 15 * MINUTE_MS;
/** What is drawn before and after an incident, and at most in all. */
const BEFORE_MS = 24 * HOUR_MS;
const AFTER_MS = 2 * HOUR_MS;
const MAX_DRAWN_MS = 4 * DAY_MS;

/** evidenceOf gathers what stands behind an incident: all of it lies in a few days of one principal, which is how the events are sorted. */
export async function evidenceOf(app: App, incident: Incident): Promise<Evidence> {
  const rows = await app.store.ask(findingsNamed, { uids: incident.finding_uids.slice(0, MAX_FINDINGS) });
  const findings = rows.map((r) => JSON.parse(r.document) as Finding);
  const principals = [...new Set([incident.principal_uid, ...findings.map((f) => f.principal_uid)])];
  const named = await app.store.ask(eventsNamed, {
    principals,
    uids: [...new Set(findings.flatMap((f) => f.event_uids))],
    from: incident.first_seen,
    to: incident.last_seen,
    limit: MAX_EVENTS,
  });
  const events = named.map(eventOut);
  const profile = await profileOf(app, incident.subject_uid);
  const own = events.filter((e) => e.subject_uid === incident.subject_uid);
  return {
    findings: findings.map((f) => findingLine(f) as FindingOut),
    hours:
      profile === null
        ? null
        : hoursChart(
            profile,
            await zoneOf(app, incident),
            own.map((e) => Date.parse(e.time)),
          ),
    counts: await countsOf(app, incident, principals, profile),
    ladder: profile === null ? [] : ladder(profile, own, incident),
    events,
  };
}

/** Before the key is known at all a ladder would say that everything is new. */
const ladder = (profile: Profile, events: readonly EventOut[], incident: Incident) =>
  events.some((e) => e.src_kind === "ip") ? ladderOf(profile, events, dayOf(incident.first_seen), countryName) : [];

async function countsOf(
  app: App,
  incident: Incident,
  principals: string[],
  profile: Profile | null,
): Promise<CountsChart | null> {
  const to = alignTo(Math.min(incident.last_seen + AFTER_MS, app.now()), STEP_MS) + STEP_MS;
  const from = alignTo(Math.max(incident.first_seen - BEFORE_MS, to - MAX_DRAWN_MS), STEP_MS);
  const points = await app.store.ask(callsBySlot, {
    principals,
    subject: incident.subject_uid,
    from,
    to,
    step: STEP_MS,
  });
  if (points.length === 0) return null;
  const at = new Map(points.map((p) => [p.at, p]));
  const all = [];
  for (let t = from; t < to; t += STEP_MS) all.push(at.get(t) ?? { at: t, calls: 0, failed: 0 });
  return {
    step_ms: STEP_MS,
    points: all,
    expected: profile === null ? null : expectedOf(profile),
    from: incident.first_seen,
    to: incident.last_seen,
  };
}

const MIN_WINDOWS = 20;

/** The band is that of the key's own active quarters of an hour; while it is being learned there is none. */
function expectedOf({ sealed }: Profile): CountsChart["expected"] {
  const { n, nn, windows } = sealed.calls;
  if (windows < MIN_WINDOWS) return null;
  const mean = n / windows;
  const deviation = Math.sqrt(Math.max(mean, nn / windows - mean * mean));
  return { mean, low: Math.max(0, mean - 2 * deviation), high: mean + 2 * deviation, windows };
}

/** Zone in which the subject's hours are kept: declared, else UTC. */
async function zoneOf(app: App, incident: Incident): Promise<string> {
  const index = createInventoryIndex(await readInventory(app.store), app.parts.fingerprint);
  const { provider, key_uid, principal_uid, principal } = incident;
  return index.lookup({ time: incident.last_seen, provider, key_uid, principal_uid, principal })?.zone ?? "UTC";
}
