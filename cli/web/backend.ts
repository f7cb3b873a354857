import { randomUUID } from "node:crypto";
import { type Backend, Refused } from "../../dashboard/backend.ts";
import type { Exposition } from "../../dashboard/metrics.ts";
import { SESSION_MS, SIGNED_OUT } from "../../dashboard/session.ts";
import { iso } from "../../schemas/duration.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { IncidentQuery, SilenceOut } from "../../schemas/http_api.ts";
import { timeOf } from "../../schemas/http_api.ts";
import { type Incident, incidentStatuses } from "../../schemas/incident.ts";
import { packageVersion } from "../../schemas/package_root.ts";
import { auditLog, auditTargets } from "../../schemas/queries/audit.ts";
import { findingList, findingsLike } from "../../schemas/queries/findings.ts";
import { changesSince, eventCount } from "../../schemas/queries/page.ts";
import { statusCounts } from "../../schemas/queries/status.ts";
import { severities } from "../../schemas/severity.ts";
import { type Silence, silenceAdd, silenceLabel, silenceState } from "../../schemas/silence.ts";
import { inboundOf } from "../answering.ts";
import type { App } from "../app.ts";
import { createPush } from "../push.ts";
import { eventOf, searchEvents } from "./events.ts";
import { evidenceOf } from "./evidence.ts";
import { fresh } from "./fresh.ts";
import { keyList, keyOf, subjectsSeen } from "./keys.ts";
import { sourcesOf } from "./sources.ts";
import { statsOf } from "./stats.ts";

/** Answers over many rows are kept this long: ten pages ask the store no more than one does. */
const FRESH_MS = 3_000;
const KEYS_FRESH_MS = 15_000;
/** What shows the whole store is given at once, this old at most, while the new numbers are reckoned. */
const STALE_MS = 60_000;

export interface BackendParts {
  exposition: Exposition;
  faults(): Promise<string[]>;
}

/** createBackend answers the HTTP side from the stages of an app. */
export function createBackend(app: App, { exposition, faults }: BackendParts): Backend {
  const { now } = app;
  const subjects = fresh(now, { ms: KEYS_FRESH_MS, staleMs: STALE_MS }, () => subjectsSeen(app));
  const sources = fresh(now, { ms: FRESH_MS, staleMs: STALE_MS }, () => sourcesOf(app));
  // Never stale: whoever connects the first source looks whether something came.
  const status = fresh(now, { ms: FRESH_MS }, () => statusOf(app));
  const stats = fresh(now, { ms: FRESH_MS }, (from: number, to: number) => statsOf(app, from, to));
  return {
    now,
    push: createPush(app),
    inbound: inboundOf(app),
    store: app.store,
    faults,
    metrics: async () => ({ text: await exposition.text(), contentType: exposition.contentType }),
    status,
    incidents: (query) => app.alerter.list(filterOf(query)),
    incident: (name) => incidentOf(app, name),
    async evidence(name) {
      const found = await incidentOf(app, name);
      return found && evidenceOf(app, found.incident);
    },
    command: (command) =>
      told(async () => {
        const incident = isName(command.incident_uid) ? await app.alerter.get(command.incident_uid) : null;
        if (incident === null) throw new Refused(404, "There is no such incident.");
        const done = await app.alerter.command({ ...command, incident_uid: incident.uid, id: randomUUID(), at: now() });
        return done !== null;
      }),
    findings: async (query) => {
      const from = severities.indexOf(query.min_severity ?? "informational");
      const { detection = "", key = "", limit } = query;
      const rows = await app.store.ask(findingList, { severities: severities.slice(from), detection, key, limit });
      return rows.map((r) => JSON.parse(r.document) as Finding);
    },
    finding: async (uid) => {
      if (!/^[0-9a-f-]{4,36}$/i.test(uid)) return null;
      const rows = await app.store.ask(findingsLike, { prefix: uid.toLowerCase() });
      return rows.length === 1 ? (JSON.parse(rows[0]!.document) as Finding) : null;
    },
    keys: async (query) => (await keyList(app, await subjects())).filter(matching(query)).slice(0, query.limit),
    key: async (name) => keyOf(app, name, await subjects()),
    events: (query) => searchEvents(app, query),
    event: (principal, time, uid) => eventOf(app, principal, time, uid),
    sources,
    // Neighbours in time share an answer; nobody sees a chart move by a second.
    stats: (from, to) => stats(Math.floor(from / FRESH_MS) * FRESH_MS, Math.ceil(to / FRESH_MS) * FRESH_MS),
    changes: (since, limit) => app.store.ask(changesSince, { since: Math.floor(since), limit }),
    eventCount: async () => (await app.store.ask(eventCount, {}))[0]?.events ?? 0,
    silences: async (all) => (await app.alerter.silences({ all })).map((s) => silenceOut(s, now())),
    silence: ({ actor, matchers, reason, lastsMs }) =>
      told(async () => {
        const at = now();
        const wanted = silenceAdd.safeParse({
          ...{ kind: "silence_add", id: randomUUID(), actor, at, matchers, reason },
          ...{ starts_at: at, ends_at: at + Math.round(lastsMs) },
        });
        if (!wanted.success) throw new Refused(400, wanted.error.issues.map((i) => i.message).join("; "));
        const silence = await app.alerter.silence(wanted.data);
        if (silence === null) throw new Refused(409, "This silence is there already.");
        return silenceOut(silence, now());
      }),
    expire: (uid, actor) =>
      told(
        async () =>
          (await app.alerter.silence({ kind: "silence_expire", id: randomUUID(), actor, at: now(), uid })) !== null,
      ),
    audit: async (limit) => (await app.store.ask(auditLog, { limit })).map((r) => ({ ...r, at: iso(r.at) })),
    endedSessions: async () =>
      (await app.store.ask(auditTargets, { action: SIGNED_OUT, since: now() - SESSION_MS })).map((r) => r.target),
    note: (entry) => app.store.insert("audit", [{ ...entry, at: iso(now()), id: randomUUID() }]),
  };
}

const silenceOut = (s: Silence, at: number): SilenceOut => ({
  ...s,
  label: silenceLabel(s.uid),
  state: silenceState(s, at),
  starts_at: iso(s.starts_at),
  ends_at: iso(s.ends_at),
  created_at: iso(s.created_at),
  expired_at: s.expired_at === null ? null : iso(s.expired_at),
});

/** incidentOf takes a uid, its beginning or a label; what cannot be one is not there. */
async function incidentOf(app: App, name: string) {
  const incident = isName(name) ? await told(() => app.alerter.get(name)) : null;
  return incident && { incident, transitions: await app.alerter.transitions(incident.uid) };
}

const isName = (name: string): boolean => /^(INC-)?[0-9a-f-]{4,36}$/i.test(name);

/** told turns the sentences of the alerter into refusals; a store that fails stays an error. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && (error.constructor === Error || error.name === "CommandFault"))
      throw new Refused(409, error.message);
    throw error;
  }
}

const UNRESOLVED = ["open", "acknowledged", "reopened"] as const;

function filterOf({ status, all, min_severity, q, since, until, limit }: IncidentQuery) {
  const wanted = status ?? (all === "1" ? "all" : "unresolved");
  const statuses: readonly Incident["status"][] =
    wanted === "all" ? incidentStatuses : wanted === "unresolved" ? UNRESOLVED : [wanted];
  return {
    statuses,
    limit,
    ...(min_severity ? { minSeverity: min_severity } : {}),
    ...(q ? { text: q } : {}),
    ...(since ? { since: timeOf(since, 0) } : {}),
    ...(until ? { until: timeOf(until, 0) } : {}),
  };
}

const matching =
  ({ q, posture }: { q?: string | undefined; posture?: string | undefined }) =>
  (key: Awaited<ReturnType<typeof keyList>>[number]): boolean => {
    if (posture && !key.posture.some((p) => p.id === posture)) return false;
    if (!q) return true;
    const { name, provider, account, key_hint, principal_uid, owner, environment } = key;
    const text = [name, provider, account, key_hint, principal_uid, owner, environment].join(" ").toLowerCase();
    return text.includes(q.toLowerCase());
  };

async function statusOf(app: App) {
  const [row] = await app.store.ask(statusCounts, {});
  return { version: packageVersion, deferred: app.engine.deferred(), ...row! };
}
