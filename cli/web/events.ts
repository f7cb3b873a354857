import { DAY_MS, iso } from "../../schemas/duration.ts";
import { type EventDetail, type EventOut, type EventQuery, timeOf } from "../../schemas/http_api.ts";
import { isCidr } from "../../schemas/network.ts";
import {
  type EventRow,
  eventNamed,
  eventSearch,
  eventSearchOf,
  holdersOf,
  type SearchParams,
} from "../../schemas/queries/page.ts";
import type { App } from "../app.ts";

const FAILED = ["denied", "unauthenticated", "not_found", "invalid", "throttled", "error"];
/** After so many ms an answer is given with what was found; `next` goes on from where the search was. */
const ENOUGH_MS = 300;
/** More principals than this read no less than all of them do. */
const MAX_HOLDERS = 200;

export const eventOut = (row: EventRow): EventOut => ({ ...row, time: iso(row.time) }) as EventOut;

/**
 * searchEvents gives one page of events, newest first, and by what name the search goes on. It looks at the last day first and at a month at a
 * time behind it, as they lie in the store. A search that takes longer ends with what it has, which may be nothing; `searched_to` tells how far it came.
 */
export async function searchEvents(app: App, query: EventQuery) {
  const began = app.now();
  const to = timeOf(query.to, began + DAY_MS);
  const from = timeOf(query.from, Math.min(to, began) - DAY_MS);
  const [beforeTime = "0", beforeUid = ""] = split(query.before ?? "");
  const before = Number(beforeTime) || 0;
  const params = { ...filterOf(query), before_time: before, before_uid: beforeUid };
  const ask = await askerOf(app, params.key);
  const rows: EventRow[] = [];
  let end = before === 0 ? to : Math.min(to, before + 1);
  let start = Math.max(from, Math.min(end, began) - DAY_MS);
  for (; ; end = start, start = Math.max(from, monthOf(end - 1))) {
    rows.push(...(await ask({ ...params, from: start, to: end, limit: query.limit - rows.length })));
    if (rows.length >= query.limit || start <= from || app.now() - began > ENOUGH_MS) break;
  }
  const last = rows.length >= query.limit ? rows.at(-1) : undefined;
  return {
    events: rows.map(eventOut),
    next: last ? `${last.time} ${last.event_uid}` : start > from ? `${start} ` : null,
    from,
    to,
    searched_to: last ? last.time : start,
  };
}

const monthOf = (time: number): number => {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
};

function filterOf(query: EventQuery) {
  const ip = query.ip ?? "";
  const isNet = isCidr(ip) && ip.includes("/");
  return {
    key: query.key ?? "",
    operation: query.operation ?? "",
    outcomes: query.outcome === undefined ? [] : query.outcome === "failed" ? FAILED : [query.outcome],
    verb: query.verb ?? "",
    provider: query.provider ?? "",
    country: query.country ?? "",
    ip: isNet ? "" : ip,
    net: isNet ? ip : "",
    text: query.q ?? "",
  };
}

/** askerOf reads by the sort key where the principals behind a key are known. */
async function askerOf(app: App, key: string): Promise<(params: SearchParams) => Promise<EventRow[]>> {
  const found = key === "" ? [] : await app.store.ask(holdersOf, { key, limit: MAX_HOLDERS });
  if (found.length === 0 || found.length === MAX_HOLDERS) return (params) => app.store.ask(eventSearch, params);
  const principals = found.map((f) => f.principal_uid);
  return (params) => app.store.ask(eventSearchOf, { ...params, principals });
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
