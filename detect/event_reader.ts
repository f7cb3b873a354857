import { MINUTE_MS } from "../schemas/duration.ts";
import { eventsInOrder, minutesOf, type Page, type Selection } from "../schemas/queries/detect.ts";
import type { Store } from "../schemas/store/store.ts";
import type { DetectEvent } from "./detection.ts";

/** Rows of one page: some 100 MB as columns and objects. */
const PAGE_ROWS = 50_000;

/** readEvents gives stored events in event-time order, page by page, in bounded memory. */
export async function* readEvents(
  store: Store,
  selection: Selection,
  pageRows = PAGE_ROWS,
): AsyncGenerator<DetectEvent[]> {
  if ("ranges" in selection && selection.ranges.length === 0) return;
  const { question, params } = minutesOf(selection);
  const minutes = await store.ask(question, params);
  const read = async (page: Page): Promise<DetectEvent[]> => {
    const { sql, params } = eventsInOrder(selection, page);
    return eventsOf(await store.columns(sql, params));
  };
  let next: Promise<DetectEvent[]> | null = null;
  for (const { from, to, rows } of spans(minutes, pageRows)) {
    if (rows <= pageRows) {
      const ahead = read({ from, to, after: null, limit: pageRows });
      // The engine reads the next page while this one is judged.
      ahead.catch(() => undefined);
      if (next) yield await next;
      next = ahead;
      continue;
    }
    if (next) yield await next;
    next = null;
    for (let after: DetectEvent | null = null; ; ) {
      const page: DetectEvent[] = await read({ from, to, after, limit: pageRows });
      yield page;
      if (page.length < pageRows) break;
      after = page.at(-1)!;
    }
  }
  if (next) yield await next;
}

/** spans joins whole minutes up to a page of rows; ms, the end exclusive. A minute with more rows stands alone. */
function* spans(
  minutes: readonly { minute: number; rows: number }[],
  pageRows: number,
): Generator<{ from: number; to: number; rows: number }> {
  let span: { from: number; to: number; rows: number } | null = null;
  for (const { minute, rows } of minutes) {
    if (span !== null && span.rows + rows > pageRows) {
      yield span;
      span = null;
    }
    span ??= { from: minute * MINUTE_MS, to: 0, rows: 0 };
    span.to = (minute + 1) * MINUTE_MS;
    span.rows += rows;
  }
  if (span !== null) yield span;
}

/** eventsOf turns columns into events; one literal, so that all of them share a shape. */
function eventsOf(columns: Record<string, unknown[]>): DetectEvent[] {
  const c = columns as { [K in keyof DetectEvent]: DetectEvent[K][] } & { time_ms: number[] };
  const n = c.event_uid?.length ?? 0;
  const events = new Array<DetectEvent>(n);
  for (let i = 0; i < n; i++) {
    events[i] = {
      event_uid: c.event_uid[i]!,
      provider: c.provider[i]!,
      account: c.account[i]!,
      time: c.time_ms[i]!,
      seq: c.seq[i]!,
      key_uid: c.key_uid[i]!,
      key_hint: c.key_hint[i]!,
      key_type: c.key_type[i]!,
      subject_uid: c.subject_uid[i]!,
      session_uid: c.session_uid[i]!,
      session_kind: c.session_kind[i]!,
      principal_uid: c.principal_uid[i]!,
      principal: c.principal[i]!,
      principal_type: c.principal_type[i]!,
      operation: c.operation[i]!,
      service: c.service[i]!,
      verb_class: c.verb_class[i]!,
      outcome: c.outcome[i]!,
      error_code: c.error_code[i]!,
      status_code: c.status_code[i]!,
      src_kind: c.src_kind[i]!,
      src_ip: c.src_ip[i]!,
      src_net: c.src_net[i]!,
      asn: c.asn[i]!,
      as_org: c.as_org[i]!,
      country: c.country[i]!,
      city: c.city[i]!,
      lat: c.lat[i]!,
      lon: c.lon[i]!,
      hosting: c.hosting[i]!,
      vpc_endpoint: c.vpc_endpoint[i]!,
      user_agent: c.user_agent[i]!,
      user_agent_family: c.user_agent_family[i]!,
      region: c.region[i]!,
      resources: c.resources[i]!,
      environment: c.environment[i]!,
      bytes_out: c.bytes_out[i]!,
      secrets: c.secrets[i]!,
    };
  }
  return events;
}
