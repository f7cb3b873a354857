import { type ApiActivity, apiActivity } from "../../schemas/activity.ts";
import { eventColumns } from "../native.ts";

/*
 * A message of `keywatch.events` holds a run of events of one partition: a line {"columns":[…],"rows":[[…],…],"raw":[…]}, and behind it the
 * redacted records themselves, one after another, whose lengths in bytes are `raw`. One event a message cost 3 x the time in the client
 * and the broker; column names stand once, so that a later version may add some; records are not escaped into a string and back.
 */

/** Events of one message at most: seq has so much room below an offset. */
export const MAX_ROWS = 4096;
/** Bytes at which a message is full; the broker's limit counts the compressed batch, which is smaller. */
export const FULL_BYTES = 256 * 1024;

/** `raw` stands behind the line, and the number of an event follows from its place. */
const names = eventColumns.map((c) => c.name).filter((name) => name !== "seq" && name !== "raw");
const head = `{"columns":${JSON.stringify(names)},"rows":[`;
const NEWLINE = 10;

/** encodeEvents packs events into as few messages as their size allows. */
export function encodeEvents(events: readonly ApiActivity[]): Buffer[] {
  const messages: Buffer[] = [];
  let rows: string[] = [];
  let raws: string[] = [];
  let sizes: number[] = [];
  let length = 0;
  const close = () => {
    if (rows.length === 0) return;
    messages.push(Buffer.from(`${head}${rows.join(",")}],"raw":[${sizes.join(",")}]}\n${raws.join("")}`, "utf8"));
    rows = [];
    raws = [];
    sizes = [];
    length = 0;
  };
  for (const e of events) {
    const row = JSON.stringify(rowOf(e));
    const size = Buffer.byteLength(e.raw);
    if (length + row.length + size > FULL_BYTES || rows.length === MAX_ROWS) close();
    rows.push(row);
    raws.push(e.raw);
    sizes.push(size);
    length += row.length + size;
  }
  close();
  return messages;
}

/** seqOf numbers the i-th event of a message; the numbers of a partition rise with offset and place. 0 stands before everything. */
export const seqOf = (offset: number, i: number): number => (offset + 1) * MAX_ROWS + i;
/** lastSeqOf is at or above every number of the message. */
export const lastSeqOf = (offset: number): number => seqOf(offset, MAX_ROWS - 1);
/** nextOffset is the first message above a number. */
export const nextOffset = (lastSeq: number): number => Math.floor(lastSeq / MAX_ROWS);

/** decodeEvents unpacks a message and numbers its events. Throws a sentence where it is none. */
export function decodeEvents(value: Buffer, offset: number): ApiActivity[] {
  const end = value.indexOf(NEWLINE);
  const line = JSON.parse(value.toString("utf8", 0, end < 0 ? value.length : end)) as Line | null;
  const { columns, rows, raw } = line ?? {};
  if (!isTexts(columns) || !Array.isArray(rows) || !Array.isArray(raw)) throw new Error("no events message");
  if (rows.length > MAX_ROWS) throw new Error(`${rows.length} events in one message, at most ${MAX_ROWS} have room`);
  const total = raw.reduce((n: number, size) => n + (isSize(size) ? size : Number.NaN), 0);
  if (raw.length !== rows.length || total !== value.length - end - 1)
    throw new Error("cut off, or longer than it says");
  const at = columns.length === names.length && columns.every((c, i) => c === names[i]) ? null : placesOf(columns);
  let from = end + 1;
  return rows.map((row: unknown, i) => {
    if (!Array.isArray(row) || row.length !== columns.length) throw new Error(`row ${i} does not fit its columns`);
    const values = at === null ? row : at.map((place) => (place < 0 ? null : row[place]));
    const to = from + (raw[i] as number);
    const event = eventOf(values, seqOf(offset, i), value.toString("utf8", from, to));
    from = to;
    if (typeof event.event_uid !== "string" || typeof event.principal_uid !== "string" || !Number.isInteger(event.time))
      throw new Error(`row ${i} has no identity`);
    return event;
  });
}

interface Line {
  columns?: unknown;
  rows?: unknown;
  raw?: unknown[];
}

const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/** checkEvent throws where a field has another type than the schema says; for messages that could not be stored. */
export const checkEvent = (event: ApiActivity): ApiActivity => apiActivity.parse(event);

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((v) => typeof v === "string");

function placesOf(columns: readonly string[]): number[] {
  return names.map((name) => columns.indexOf(name));
}

/** One literal each way, in the order of the columns, so that V8 sees a fixed shape. */
const rowOf = (e: ApiActivity): unknown[] => [
  e.event_uid,
  e.provider,
  e.account,
  e.time,
  e.ingested_at,
  e.key_uid,
  e.key_hint,
  e.key_type,
  e.subject_uid,
  e.session_uid,
  e.session_kind,
  e.principal_uid,
  e.principal,
  e.principal_type,
  e.operation,
  e.service,
  e.verb_class,
  e.outcome,
  e.error_code,
  e.status_code,
  e.src_kind,
  e.src_ip,
  e.src_net,
  e.asn,
  e.as_org,
  e.country,
  e.region_geo,
  e.city,
  e.lat,
  e.lon,
  e.hosting,
  e.vpc_endpoint,
  e.user_agent,
  e.user_agent_family,
  e.region,
  e.resources,
  e.environment,
  e.scopes,
  e.bytes_out,
  e.secrets,
  e.position,
];

function eventOf(r: unknown[], seq: number, raw: string): ApiActivity {
  return {
    event_uid: r[0] as string,
    provider: r[1] as string,
    account: r[2] as string | null,
    time: r[3] as number,
    ingested_at: r[4] as number,
    seq,
    key_uid: r[5] as string | null,
    key_hint: r[6] as string | null,
    key_type: r[7] as ApiActivity["key_type"],
    subject_uid: r[8] as string,
    session_uid: r[9] as string | null,
    session_kind: r[10] as ApiActivity["session_kind"],
    principal_uid: r[11] as string,
    principal: r[12] as string | null,
    principal_type: r[13] as ApiActivity["principal_type"],
    operation: r[14] as string,
    service: r[15] as string | null,
    verb_class: r[16] as ApiActivity["verb_class"],
    outcome: r[17] as ApiActivity["outcome"],
    error_code: r[18] as string | null,
    status_code: r[19] as number | null,
    src_kind: r[20] as ApiActivity["src_kind"],
    src_ip: r[21] as string | null,
    src_net: r[22] as string | null,
    asn: r[23] as number | null,
    as_org: r[24] as string | null,
    country: r[25] as string | null,
    region_geo: r[26] as string | null,
    city: r[27] as string | null,
    lat: r[28] as number | null,
    lon: r[29] as number | null,
    hosting: r[30] as boolean | null,
    vpc_endpoint: r[31] as string | null,
    user_agent: r[32] as string | null,
    user_agent_family: r[33] as string | null,
    region: r[34] as string | null,
    resources: r[35] as string[],
    environment: r[36] as string | null,
    scopes: r[37] as string[],
    bytes_out: r[38] as number | null,
    secrets: r[39] as string[],
    raw,
    position: r[40] as string,
  };
}
