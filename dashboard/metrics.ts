import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Metrics, Readings } from "../schemas/metrics.ts";

/** Exposition is the Prometheus side of Metrics: what was counted, and what stands now, as text. */
export interface Exposition extends Metrics {
  /** Says who gives the readings; without one only counts are shown. */
  read(readings: () => Promise<Readings>): void;
  text(): Promise<string>;
  contentType: string;
}

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Values of a label whose list is not closed, such as reasons of new providers; the others are counted as "other". */
const MAX_VALUES = 40;
const MAX_SEEN = 50_000;

export function createExposition(): Exposition {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `keywatch_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Histogram({ name: `keywatch_${name}`, help, labelNames, buckets: SECONDS, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `keywatch_${name}`, help, labelNames, registers });

  const events = counter("events_total", "Events stored, by source and provider.", ["source", "provider"]);
  const bytes = counter("bytes_total", "Bytes of records read, unpacked.", ["source", "provider"]);
  const outcomes = counter("records_total", "Records by how they left the pipeline, and why.", ["outcome", "reason"]);
  const batches = histogram("batch_seconds", "Time from a batch at hand to its rows stored.", ["source"]);
  const judging = histogram("judge_seconds", "Time to judge a batch.", []);
  const judgedEvents = counter("judged_events_total", "Events judged.", []);
  const found = counter("findings_total", "Findings that began.", ["detection", "severity"]);
  const deliveries = counter("deliveries_total", "Attempts at messages.", ["channel", "outcome", "reason"]);
  const sending = histogram("delivery_seconds", "Time of an attempt at a message.", ["channel"]);
  const calls = histogram("store_seconds", "Time of a call of the store.", ["call"]);
  const refused = counter("store_failures_total", "Calls that the store refused.", ["call"]);
  const sourceLag = gauge("source_lag_records", "Records that a source holds and nobody read.", [
    "source",
    "partition",
  ]);
  const boundReason = bounded();
  const boundProvider = bounded();
  let seen = new Set<string>();

  const now = {
    incidents: gauge("incidents", "Incidents by status and severity.", ["status", "severity"]),
    deadLetters: gauge("dead_letters_open", "Dead letters that nobody replayed."),
    aboveCheckpoint: gauge("events_above_checkpoint", "Stored events that the checkpoint does not cover yet."),
    deferred: gauge("deferred_events", "Events that wait for the day before them to be sealed."),
    profiles: gauge("profiles", "Profiles in memory."),
    outbox: gauge("outbox_messages", "Messages that are not delivered yet."),
    outboxAge: gauge("outbox_oldest_seconds", "How long the oldest message has been due."),
    providerLag: gauge("provider_lag_seconds", "How old the newest event of a provider is.", ["provider"]),
    databases: gauge("address_database_age_seconds", "Age of the address databases.", ["database"]),
    up: gauge("readings_up", "1 where the values that stand now could be read from the store."),
  };
  forget(Object.values(now));
  let read: (() => Promise<Readings>) | null = null;

  async function refresh(): Promise<void> {
    if (read === null) return;
    let r: Readings;
    try {
      r = await read();
    } catch {
      // Old values would look like good news.
      forget(Object.values(now));
      now.up.set(0);
      return;
    }
    // What another process knows is left out: a zero would be good news.
    forget(Object.values(now));
    for (const { status, severity, count } of r.incidents) now.incidents.set({ status, severity }, count);
    for (const { provider, seconds } of r.providerLag)
      now.providerLag.set({ provider: boundProvider(provider) }, seconds);
    for (const { database, seconds } of r.databases) now.databases.set({ database }, seconds);
    now.deadLetters.set(r.deadLetters);
    if (r.judging !== null) {
      now.aboveCheckpoint.set(r.judging.aboveCheckpoint);
      now.deferred.set(r.judging.deferred);
      now.profiles.set(r.judging.profiles);
    }
    if (r.outbox !== null) {
      now.outbox.set(r.outbox.size);
      now.outboxAge.set(r.outbox.oldestSeconds);
    }
    now.up.set(1);
  }

  return {
    batch(facts) {
      const labels = { source: facts.source, provider: boundProvider(facts.provider) };
      if (facts.stored > 0) events.inc(labels, facts.stored);
      if (facts.bytes !== null) bytes.inc(labels, facts.bytes);
      batches.observe({ source: facts.source }, facts.seconds);
      if (facts.stored > 0) outcomes.inc({ outcome: "stored", reason: "" }, facts.stored);
      if (facts.duplicates > 0) outcomes.inc({ outcome: "drop", reason: "duplicate" }, facts.duplicates);
      for (const [reason, n] of facts.dropped)
        outcomes.inc({ outcome: "drop", reason: boundReason(family(reason)) }, n);
      for (const reason of facts.deadLetters)
        outcomes.inc({ outcome: "dead_letter", reason: boundReason(family(reason)) });
    },
    judged(facts) {
      judging.observe(facts.seconds);
      judgedEvents.inc(facts.events);
    },
    findings(findings) {
      for (const { uid, detection, severity } of findings) {
        if (seen.has(uid)) continue;
        if (seen.size >= MAX_SEEN) seen = new Set();
        seen.add(uid);
        found.inc({ detection, severity });
      }
    },
    delivery({ channel, outcome, reason, seconds }) {
      deliveries.inc({ channel, outcome, reason });
      sending.observe({ channel }, seconds);
    },
    storeCall({ call, ok, seconds }) {
      calls.observe({ call }, seconds);
      if (!ok) refused.inc({ call });
    },
    lags(facts) {
      // Partitions are the operator's own number, and one that moved away is another process's to tell of.
      sourceLag.reset();
      for (const { source, partition, records } of facts) sourceLag.set({ source, partition }, records);
    },
    read(readings) {
      read = readings;
    },
    async text() {
      await refresh();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** forget takes all values of gauges away; `reset` alone leaves a zero where there are no labels. */
function forget(gauges: readonly Gauge<string>[]): void {
  for (const gauge of gauges) {
    gauge.reset();
    gauge.remove({});
  }
}

/** family cuts what may come from a record off a reason: "event time 12 is too old" and "... 13 ..." are one. */
export const family = (reason: string): string => (/^[A-Za-z_ ]{0,48}/.exec(reason)?.[0] ?? "").trim() || "other";

/** bounded lets the first values of a label through and calls the rest "other". */
function bounded(): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= MAX_VALUES) return "other";
    known.add(value);
    return value;
  };
}
