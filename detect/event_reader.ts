import { HOUR_MS } from "../schemas/duration.ts";
import { eventsFrom, eventsInOrder, hoursOf, type SeqRange } from "../schemas/queries/detect.ts";
import type { Store } from "../schemas/store/store.ts";
import type { DetectEvent } from "./detection.ts";

/** Rows of one span: some 100 MB as columns and objects. */
const SPAN_ROWS = 50_000;

/** readEvents gives the stored events of some ranges in event-time order, span by span, in bounded memory. */
export async function* readEvents(store: Store, ranges: readonly SeqRange[]): AsyncGenerator<DetectEvent[]> {
  if (ranges.length === 0) return;
  const { question, params } = hoursOf(ranges);
  const hours = await store.ask(question, params);
  let next: Promise<DetectEvent[]> | null = null;
  for (const [from, to] of spans(hours)) {
    const ahead = readSpan(store, ranges, from, to);
    // The engine reads the next span while this one is judged.
    ahead.catch(() => undefined);
    if (next) yield await next;
    next = ahead;
  }
  if (next) yield await next;
}

/** readFrom gives the stored events of a provider from a time on (ms), up to a number. */
export async function readFrom(store: Store, provider: string, from: number, upto: number): Promise<DetectEvent[]> {
  const { sql, params } = eventsFrom(provider, from, upto);
  return eventsOf(await store.columns(sql, params));
}

/** spans joins whole hours up to SPAN_ROWS rows; ms, the end exclusive. */
function* spans(hours: readonly { hour: number; rows: number }[]): Generator<[number, number]> {
  let from: number | null = null;
  let to = 0;
  let rows = 0;
  for (const hour of hours) {
    if (from !== null && rows + hour.rows > SPAN_ROWS) {
      yield [from * HOUR_MS, to * HOUR_MS];
      from = null;
      rows = 0;
    }
    from ??= hour.hour;
    to = hour.hour + 1;
    rows += hour.rows;
  }
  if (from !== null) yield [from * HOUR_MS, to * HOUR_MS];
}

async function readSpan(store: Store, ranges: readonly SeqRange[], from: number, to: number): Promise<DetectEvent[]> {
  const { sql, params } = eventsInOrder(ranges, from, to);
  return eventsOf(await store.columns(sql, params));
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
