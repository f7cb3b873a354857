import { MINUTE_MS } from "../schemas/duration.ts";
import { incidentLabel } from "../schemas/incident.ts";
import { endOfSilence } from "../schemas/silence.ts";
import type { TimeIntervals } from "../schemas/time_interval.ts";
import type { About, Hold } from "./hold.ts";
import type { Inhibitor } from "./inhibit.ts";
import { type Route, routesOf } from "./route.ts";
import { type Silences, saySilence } from "./silence.ts";
import { mutedBy } from "./time_interval.ts";

/** Gate says whether a message about an incident may leave now, and why not. */
export interface Gate {
  hold(about: About, whom: { incident_uid: string; receiver: string }, now: number): Hold | null;
}

export interface GateParts {
  silences: Pick<Silences, "holding">;
  inhibitor(): Inhibitor;
  route(): Route;
  intervals(): readonly TimeIntervals[];
}

/** How soon it is looked again where nothing says when the reason ends; what ends it has everything looked at anyway. */
const LOOK_AGAIN_MS = MINUTE_MS;

/** createGate asks in Alertmanager's order: inhibition, time intervals, silences. */
export const createGate = ({ silences, inhibitor, route, intervals }: GateParts): Gate => ({
  hold({ labels }, { incident_uid, receiver }, now) {
    const inhibits = inhibitor().inhibiting(incident_uid, labels);
    if (inhibits !== null) {
      const by = inhibits.source;
      const note = `inhibited by ${incidentLabel(by)}, which lives (inhibit_rules[${inhibits.rule}])`;
      return { kind: "inhibited", by, note, until: now + LOOK_AGAIN_MS };
    }
    const muting = routeTo(route(), labels, receiver).map((r) => mutedBy(r, intervals(), now));
    // Where two routes lead to a receiver, one that speaks is enough.
    const [muted] = muting;
    if (muted && muting.every((m) => m !== null)) {
      // Intervals begin and end with a minute.
      return { kind: "muted", ...muted, until: (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS };
    }
    const silence = silences.holding(labels, now);
    if (silence === null) return null;
    return { kind: "silenced", by: silence.uid, note: saySilence(silence), until: endOfSilence(silence) };
  },
});

const routeTo = (route: Route, labels: About["labels"], receiver: string): Route[] =>
  routesOf(route, labels).filter((r) => r.receiver === receiver);
