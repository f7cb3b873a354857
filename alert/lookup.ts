import { type Incident, incidentLabel } from "../schemas/incident.ts";
import { incidentByUid, incidentList, incidentUidsLike } from "../schemas/queries/incidents.ts";
import { type Severity, severities } from "../schemas/severity.ts";
import type { Store } from "../schemas/store/store.ts";

export interface IncidentFilter {
  /** Statuses wanted; left out: all. */
  statuses?: readonly Incident["status"][];
  minSeverity?: Severity;
  /** Event time, ms; an incident counts when its span touches it. */
  since?: number;
  until?: number;
  /** Part of uid, title, key, owner, provider or subject; capitals do not matter. */
  text?: string;
  limit?: number;
}

/** listIncidents gives incidents, worst first, 200 unless told otherwise. */
export async function listIncidents(store: Store, filter: IncidentFilter = {}): Promise<Incident[]> {
  const from = severities.indexOf(filter.minSeverity ?? "informational");
  const rows = await store.ask(incidentList, {
    statuses: filter.statuses ?? [],
    severities: severities.slice(from),
    since: filter.since ?? 0,
    until: filter.until ?? FAR,
    text: (filter.text ?? "").replace(/^INC-/i, "").slice(0, 500),
    limit: filter.limit ?? 200,
  });
  return rows.map((row) => JSON.parse(row.document) as Incident);
}

/** LookupFault says that a name stands for no incident or for several; its message is for people. */
export class LookupFault extends Error {
  override name = "LookupFault";
}

/** findIncident takes a uid, its beginning (4 characters or more) or `INC-xxxxxxxx`; null when there is none. Throws when it fits several. */
export async function findIncident(store: Store, name: string): Promise<Incident | null> {
  const prefix = name.trim().replace(/^INC-/i, "").toLowerCase();
  if (!/^[0-9a-f-]{4,36}$/.test(prefix)) {
    throw new LookupFault(`"${name.slice(0, 60)}" names no incident; write it like INC-1a2b3c4d or give its uid.`);
  }
  const uids = (await store.ask(incidentUidsLike, { prefix })).map((row) => row.uid);
  if (uids.length > 1)
    throw new LookupFault(`"${name}" fits several incidents: ${uids.join(", ")}. Give more of the uid.`);
  const [row] = uids.length === 1 ? await store.ask(incidentByUid, { uid: uids[0]! }) : [];
  return row ? (JSON.parse(row.document) as Incident) : null;
}

/** requireIncident is findIncident that throws a sentence when there is none. */
export async function requireIncident(store: Store, name: string): Promise<Incident> {
  const incident = await findIncident(store, name);
  if (incident) return incident;
  const label = name.startsWith("INC-") ? name : incidentLabel(name);
  throw new LookupFault(`There is no incident ${label}. \`keywatch incidents list --all\` shows what there is.`);
}

/** The end of what DateTime64(3) can hold. */
const FAR = Date.UTC(2290, 0, 1);
