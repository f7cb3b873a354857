import type { Incident, Transition } from "../schemas/incident.ts";
import { deliveredOfLiving, livingIncidents, statesOf } from "../schemas/queries/live.ts";
import type { Store } from "../schemas/store/store.ts";
import { type About, aboutOf } from "./hold.ts";
import type { Inhibitor } from "./inhibit.ts";
import { laneKey } from "./targets.ts";

/** Living is an incident that is not over, with what timers have to know of it. */
export interface Living {
  uid: string;
  subjectUid: string;
  about: About;
  /** False once somebody acknowledged it. */
  waits: boolean;
  /** When it was last opened or reopened, ms. */
  since: number;
  /** When each channel was told of it, first and last, by laneKey; last is Infinity where it was a line of a digest only. */
  told: Map<string, { first: number; last: number }>;
  /** When it has to be looked at, ms. */
  nextAt: number;
}

/** Live holds every incident that is not over; it is rebuilt from the store at each start. */
export interface Live {
  readonly size: number;
  get(uid: string): Living | undefined;
  /** Takes in what happened to an incident. */
  take(transition: Transition): About;
  /** A channel was told of it, or could not be; in a digest, which is not repeated, or by itself. */
  told(uid: string, lane: string, at: number, inDigest: boolean): void;
  /** Those that have to be looked at now; at most `max`. */
  due(now: number, max: number): Living[];
  /** Has every incident looked at. */
  lookAgain(): void;
  /** Tells another inhibitor of all of them. */
  inform(inhibitor: Inhibitor): void;
  forget(subjects: ReadonlySet<string>): void;
  load(store: Store): Promise<void>;
}

const CHUNK = 500;

export function createLive(inhibitor: () => Inhibitor): Live {
  const living = new Map<string, Living>();
  /** No incident has to be looked at before; so that a tick costs nothing. */
  let soonest = 0;

  const isOpen = (state: Incident) => state.status === "open" || state.status === "reopened";
  const remove = (uid: string) => {
    living.delete(uid);
    inhibitor().delete(uid);
  };

  return {
    get size() {
      return living.size;
    },
    get: (uid) => living.get(uid),
    take({ kind, at, state }) {
      const about = aboutOf(state);
      const { uid, subject_uid: subjectUid } = state;
      if (about.over) {
        remove(uid);
        return about;
      }
      const before = living.get(uid);
      const since = before === undefined || kind === "reopened" ? at : before.since;
      const told = before?.told ?? new Map<string, { first: number; last: number }>();
      living.set(uid, { uid, subjectUid, about, waits: isOpen(state), since, told, nextAt: 0 });
      soonest = 0;
      inhibitor().set(uid, about.labels);
      return about;
    },
    told(uid, lane, at, inDigest) {
      const known = living.get(uid);
      if (known === undefined) return;
      const before = known.told.get(lane);
      const last = inDigest ? (before?.last ?? Number.POSITIVE_INFINITY) : at;
      known.told.set(lane, { first: before?.first ?? at, last });
      known.nextAt = 0;
      soonest = 0;
    },
    due(now, max) {
      if (now < soonest) return [];
      const due: Living[] = [];
      soonest = Number.POSITIVE_INFINITY;
      for (const one of living.values()) {
        if (one.nextAt <= now && due.length < max) due.push(one);
        soonest = Math.min(soonest, one.nextAt);
      }
      return due;
    },
    lookAgain() {
      for (const one of living.values()) one.nextAt = 0;
      soonest = 0;
    },
    inform(other) {
      for (const { uid, about } of living.values()) other.set(uid, about.labels);
    },
    forget(subjects) {
      for (const { uid, subjectUid } of [...living.values()]) if (subjects.has(subjectUid)) remove(uid);
    },
    async load(store) {
      living.clear();
      for (const { document, since } of await store.ask(livingIncidents, {})) {
        const state = JSON.parse(document) as Incident;
        const about = aboutOf(state);
        const one = { uid: state.uid, subjectUid: state.subject_uid, about, waits: isOpen(state), since };
        living.set(state.uid, { ...one, told: new Map(), nextAt: 0 });
        inhibitor().set(state.uid, about.labels);
      }
      for (const { incident_uid, receiver, channel, first, last, alone } of await store.ask(deliveredOfLiving, {})) {
        const told = { first, last: alone > 0 ? last : Number.POSITIVE_INFINITY };
        living.get(incident_uid)?.told.set(laneKey(receiver, channel), told);
      }
      soonest = 0;
    },
  };
}

/** aboutsOf reads what has to be known of incidents that may be over. */
export async function aboutsOf(store: Store, uids: readonly string[]): Promise<Map<string, About>> {
  const abouts = new Map<string, About>();
  for (let i = 0; i < uids.length; i += CHUNK)
    for (const row of await store.ask(statesOf, { uids: uids.slice(i, i + CHUNK) }))
      abouts.set(row.uid, aboutOf(JSON.parse(row.document) as Incident));
  return abouts;
}
