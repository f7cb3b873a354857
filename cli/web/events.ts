import { DAY_MS, iso } from "../../schemas/duration.ts";
import { type EventDetail, type EventOut, type EventQuery, timeOf } from "../../schemas/http_api.ts";
import { isCidr } from "../../schemas/network.ts";
import { type EventRow, eventNamed, eventSearch } from "../../schemas/queries/page.ts";
import type { App } from "../app.ts";

const FAILED = ["denied", "unauthenticated", "not_found", "invalid", "throttled", "error"];

export const eventOut = (row: EventRow): EventOut => ({ ...row, time: iso(row.time) }) as EventOut;

/** searchEvents gives one page of events, newest first, and by what name the next page goes on. */
export async function searchEvents(app: App, query: EventQuery) {
  const to = timeOf(query.to, app.now() + DAY_MS);
  const from = timeOf(query.from, Math.min(to, app.now()) - DAY_MS);
  const [beforeTime = "0", beforeUid = ""] = split(query.before ?? "");
  const ip = query.ip ?? "";
  const isNet = isCidr(ip) && ip.includes("/");
  const rows = await app.store.ask(eventSearch, {
    from,
    to,
    key: query.key ?? "",
    operation: query.operation ?? "",
    outcomes: query.outcome === undefined ? [] : query.outcome === "failed" ? FAILED : [query.outcome],
    verb: query.verb ?? "",
    provider: query.provider ?? "",
    country: query.country ?? "",
    ip: isNet ? "" : ip,
    net: isNet ? ip : "",
    text: query.q ?? "",
    before_time: Number(beforeTime) || 0,
    before_uid: beforeUid,
    limit: query.limit,
  });
  const last = rows.at(-1);
  return {
    events: rows.map(eventOut),
    next: rows.length === query.limit && last ? `${last.time} ${last.event_uid}` : null,
    from,
    to,
  };
}

function split(before: string): string[] {
  const space = before.indexOf(" ");
  return space < 0 ? [] : [before.slice(0, space), before.slice(space + 1)];
}

export async function eventOf(app: App, principal: string, time: number, uid: string): Promise<EventDetail | null> {
  if (!Number.isFinite(time)) return null;
  const [row] = await app.store.ask(eventNamed, { principal, time, uid });
  if (row === undefined) return null;
  const { ingested_ms, raw, position, ...rest } = row;
  return { ...eventOut(rest), raw, position, ingested_at: iso(ingested_ms) };
}
