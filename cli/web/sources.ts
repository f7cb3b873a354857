import { DAY_MS, formatDuration, HOUR_MS, iso } from "../../schemas/duration.ts";
import type { DatabaseOut, FeedOut, SourceOut } from "../../schemas/http_api.ts";
import { providersSeen } from "../../schemas/queries/rollups.ts";
import type { App } from "../app.ts";
import { capabilityOf } from "../capabilities.ts";
import { ageWords, type Database, databases } from "../databases.ts";
import { latenessOf } from "../parts.ts";
import { sourceTrouble } from "../source_trouble.ts";

const SPAN_MS = 30 * DAY_MS;
/** Providers deliver in bursts: a silence is worth a look after several times their lateness. */
const SILENT_LATENESSES = 6;

/** sourcesOf tells of every provider that sent something in 30 days, or that the config reads, how it is and what it can tell; and how old the address data are. */
export async function sourcesOf(
  app: App,
): Promise<{ sources: SourceOut[]; feeds: FeedOut[]; databases: DatabaseOut[] }> {
  const now = app.now();
  const lateness = latenessOf(app.config, app.parts);
  const rows = await app.store.ask(providersSeen, { from: now - SPAN_MS });
  const lately = await app.store.ask(providersSeen, { from: now - DAY_MS });
  const trouble = await sourceTrouble(app.store, now);
  const seen = new Map(rows.map((r) => [r.provider, r]));
  const feeds = app.config.sources.map((s) => ({
    kind: s.kind,
    name: feedName(s),
    provider: s.provider,
  }));
  const wanted = feeds.map((f) => f.provider).filter((p) => p !== "auto");
  const names = [...new Set([...seen.keys(), ...wanted])].sort();
  const sources = names.map((id): SourceOut => {
    const row = seen.get(id);
    const provider = app.parts.registry.byId(id);
    const { feeds: can, lacks, title } = provider ? capabilityOf(provider) : { feeds: [], lacks: [], title: id };
    const late = lateness(id);
    const lag = row === undefined ? null : Math.max(0, now - row.newest);
    const told = trouble.get(id) ?? [];
    const fell = told.some((f) => f.detection === "source_silent");
    const silent = lag !== null && lag > Math.max(HOUR_MS, SILENT_LATENESSES * late);
    return {
      provider: id,
      title,
      events: row?.events ?? 0,
      events_24h: lately.find((r) => r.provider === id)?.events ?? 0,
      newest: row ? iso(row.newest) : null,
      arrived: row ? iso(row.arrived) : null,
      lag_seconds: lag === null ? null : lag / 1000,
      lateness_seconds: late / 1000,
      health: lag === null ? "never" : silent || fell ? "silent" : "fresh",
      words:
        told.length > 0
          ? told.map((f) => f.reasons[0]).join(" ")
          : lag === null
            ? "Nothing came in the last 30 days. Look whether its log arrives: a silent log hides whatever happens."
            : silent
              ? `The last record is ${formatDuration(lag)} old, though it is late by ${formatDuration(late)} at most. Look whether its log still arrives.`
              : `The last record is ${formatDuration(lag)} old; it may be late by ${formatDuration(late)}.`,
      feeds: can,
      lacks,
    };
  });
  return { sources, feeds, databases: databases(app.config).map((d) => databaseOut(d, app)) };
}

function databaseOut(database: Database, { config, now }: App): DatabaseOut {
  const { what, name, version, from, madeAt } = database;
  return {
    ...{ what, name, version, from },
    made_at: madeAt === null ? null : iso(madeAt),
    is_old: madeAt === null || now() - madeAt > config.geo.max_age,
    words: ageWords(database, now()),
  };
}

/** feedName is where a source is, in a word. */
function feedName(s: App["config"]["sources"][number]): string {
  switch (s.kind) {
    case "folder":
      return s.path;
    case "kafka":
      return s.topic;
    case "api":
      return s.url ?? s.provider;
    case "s3":
      return `s3://${s.bucket}/${s.prefix}`;
    case "sqs":
      return s.queue_url;
  }
}
