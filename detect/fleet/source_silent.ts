import { DAY_MS, formatDuration, HOUR_MS, MAX_AHEAD_MS } from "../../schemas/duration.ts";
import { fleetSubject } from "../../schemas/fleet.ts";
import type { Signal } from "../../schemas/signal.ts";
import type { Cause } from "../pulse.ts";
import { SLOT_MS, slotOf } from "../stats/rhythm.ts";
import { oneIn, plural } from "../words.ts";
import { defineFleet, type FleetHit } from "./fleet_detection.ts";
import { createFronts, type FrontsState } from "./fronts.ts";
import {
  closeTo,
  hear,
  historyDays,
  mend,
  newestOfAll,
  newSourceFeed,
  type Silence,
  type SourceFeed,
  silenceOf,
  silentIn,
} from "./source_feed.ts";

/** Accounts that are watched; of more, those that were silent longest are forgotten. */
const MAX_FEEDS = 512;
/** A source that spoke no longer ago than this is heard live. */
const LIVE_SLOTS = HOUR_MS / SLOT_MS;
/** How long a start waits for what came meanwhile, before it calls a source silent that it did not hear. */
const GRACE_SLOTS = HOUR_MS / SLOT_MS;

/** How far a feed may be ahead of its provider's time: an event ahead of its arrival, and how late the others may be. */
const MAX_AHEAD_SLOTS = (2 * MAX_AHEAD_MS) / SLOT_MS;

/** A source that falls silent against its own rhythm hides whatever its keys do. */
export default defineFleet({
  id: "source_silent",
  version: 1,
  title: "Log source fell silent",
  level: "medium",
  weight: 0.3,
  tags: ["attack.t1562.008"],
  needs: ["time"],
  runbook: [
    "Look whether the log is still written at the provider: a stopped trail, a deleted sink, a revoked log permission. Who stopped it, and when?",
    "Look whether it still arrives: the collector, the bucket notification, the token that pulls it; `keywatch doctor` shows the last record of each source.",
    "Until it speaks again nothing is known of its keys; read what was missed in later, it is judged like the rest.",
  ],
  falsePositives: ["the work behind it was shut down on purpose", "a day on which nobody works follows another one"],
  create() {
    let feeds = new Map<string, SourceFeed>();
    const fronts = createFronts();
    /** The first tick of each provider since the start, and who was heard since it, or since the last closed input ended. */
    const started = new Map<string, number>();
    const here = new Set<SourceFeed>();

    function close(feed: SourceFeed, until: number): FleetHit[] {
      return closeTo(feed, until).map((silence) => hitOf(feed, silence, standing(feed, feeds.values())));
    }

    function spoke({ provider, account, subject_uid: engine, time }: Signal): FleetHit[] {
      const id = JSON.stringify([provider, account]);
      let feed = feeds.get(id);
      if (feed === undefined) {
        feed = newSourceFeed(provider, account, slotOf(time));
        feeds.set(id, feed);
        if (feeds.size > MAX_FEEDS) forgetOldest(feeds);
      }
      here.add(feed);
      fronts.wake(provider, engine);
      hear(feed, slotOf(time), engine);
      // What is pushed out of the past moves no clock; its own newest does.
      const newest = newestOfAll(feed, (other) => !fronts.rests(provider, other));
      return close(feed, Math.max(fronts.byEvents(provider), newest - DAY_MS / SLOT_MS));
    }

    function tick(provider: string, now: number): FleetHit[] {
      if (!started.has(provider)) started.set(provider, now);
      const settled = now - started.get(provider)! >= GRACE_SLOTS;
      return [...feeds.values()].flatMap((feed) => {
        if (feed.provider !== provider) return [];
        const newest = Math.max(feed.last, ...feed.ahead);
        if (newest >= now - LIVE_SLOTS) here.add(feed);
        if (newest >= now - LIVE_SLOTS) feed.live = true;
        return feed.live && (settled || here.has(feed)) ? close(feed, now) : [];
      });
    }

    function take(signal: Signal): FleetHit[] {
      if (signal.kind === "feed") return spoke(signal);
      if (signal.kind !== "clock") return [];
      const { provider } = signal;
      const cause = signal.value as Cause;
      fronts.note(provider, signal.subject_uid, slotOf(signal.time), cause);
      if (cause === "tick") return tick(provider, fronts.byClock(provider));
      if (cause === "rest") return [];
      const heard = [...here].filter((feed) => feed.provider === provider);
      const hits = heard.flatMap((feed) => close(feed, fronts.byEvents(provider)));
      // The next input may be about other accounts, and says nothing of these.
      if (fronts.allRest(provider)) for (const feed of heard) here.delete(feed);
      return hits;
    }

    return {
      take,
      state: () => ({ feeds: [...feeds.values()], fronts: fronts.state() }),
      restore(state) {
        const s = state as { feeds: SourceFeed[]; fronts: FrontsState };
        feeds = new Map(s.feeds.map((feed) => [JSON.stringify([feed.provider, feed.account]), feed]));
        fronts.restore(s.fronts);
        for (const feed of feeds.values()) {
          const now = fronts.furthest(feed.provider);
          if (now > 0) mend(feed, now + MAX_AHEAD_SLOTS);
        }
      },
      forget: () => undefined,
      unheard(provider, account, from, to) {
        const feed = feeds.get(JSON.stringify([provider, account]));
        return feed === undefined ? 0 : silentIn(feed, from, to);
      },
    };
  },
});

function forgetOldest(feeds: Map<string, SourceFeed>): void {
  const [oldest] = [...feeds].sort(([, a], [, b]) => a.last - b.last);
  feeds.delete(oldest![0]);
}

/** standing says whether the other sources speak: where none does, the cause is likelier here than there. */
function standing(feed: SourceFeed, all: Iterable<SourceFeed>): string {
  const others = [...all].filter((f) => f !== feed && feed.open - f.last < 14 * (DAY_MS / SLOT_MS));
  const silent = others.filter((f) => silenceOf(f) !== null);
  if (others.length === 0) return "It is the only source that is watched.";
  if (silent.length === others.length)
    return `All ${plural(others.length, "other source")} are silent too: look at keywatch's own collectors first.`;
  return `Of ${plural(others.length, "other source")}, ${others.length - silent.length} spoke within their rhythm.`;
}

function hitOf(feed: SourceFeed, { from, now, over, quiet, need }: Silence, others: string): FleetHit {
  const { provider, account } = feed;
  const who = account === null ? provider : `${provider} ${account}`;
  const p = Math.exp(-quiet.nats);
  const length = formatDuration((now - from) * SLOT_MS);
  const since = `${new Date(from * SLOT_MS).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const days = historyDays(feed, from);
  return {
    provider,
    account,
    who,
    subject: fleetSubject("source_silent", provider, ""),
    dimension: account ?? "",
    bucket: from * SLOT_MS,
    level: "medium",
    members: [],
    reasons: [
      over
        ? `${who} said nothing for ${length} from ${since} on; it speaks again.`
        : `${who} has said nothing for ${length}, since ${since}.`,
      `In these hours of the week it spoke in ${quiet.expected.toFixed(1)} of ${plural(quiet.slots, "quarter hour")} over ${plural(days, "day")}; such a silence is ${oneIn(p)}.`,
      others,
    ],
    quiet_if: [
      `It had spoken at least once, or its rhythm knew silences half as odd: told is what is rarer than ${oneIn(Math.exp(-need))}.`,
    ],
    anomaly: {
      parameter: "silence of a source",
      observed: length,
      expected: `${quiet.expected.toFixed(1)} of ${quiet.slots} quarter hours with events`,
      p,
      facts: {
        silent_since: new Date(from * SLOT_MS).toISOString(),
        silent_minutes: ((now - from) * SLOT_MS) / 60_000,
        expected_quarter_hours: Math.round(quiet.expected * 100) / 100,
        threshold_p: Math.exp(-need),
      },
    },
    evidence: { events: [], count: 0, first: from * SLOT_MS, last: now * SLOT_MS - 1 },
    history: { days, events: feed.spoken },
    unapplied: {
      peers: "It is about a whole source, not about a place that keys share.",
      first_seen: "It is about no single value.",
      chart: "There is nothing to draw where nothing came.",
    },
    ended: over ? now * SLOT_MS : null,
    growth: 2 * (now - from) + (over ? 1 : 0),
  };
}
