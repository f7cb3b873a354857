import { findRecord, type Place } from "./find_record.ts";
import {
  BROKEN,
  createScan,
  DECIDED,
  DONE,
  ENVELOPE,
  insideRecords,
  isSpace,
  MAX_DEPTH,
  MAX_ENVELOPE_MEMBERS,
  MORE,
  type Scan,
  scan,
  skipSpace,
  startTail,
  startValue,
} from "./json_scan.ts";
import { insidePage, isPage, LOOK_BYTES } from "./page.ts";
import { whatFollows } from "./separator.ts";
import type { Slice, SliceSink, Splitter } from "./slice.ts";
import { appended, kept } from "./work_buffer.ts";

/** MAX_RECORD_BYTES bounds what is held for one record; HEAD_BYTES is what is kept of a longer one. */
export const MAX_RECORD_BYTES = 32 * 1024 * 1024;
const HEAD_BYTES = 64 * 1024;

type Phase = "between" | "value" | "follow" | "tail" | "hurt";

/**
 * createSplitter cuts a stream of bytes into JSON records: NDJSON, concatenated objects, arrays, and envelopes such as {"Records":[…]}, whose
 * other members are left out. What is damaged comes out as broken slices, and splitting goes on at the next plausible record.
 * Memory is one record and one chunk, however long the input; the slices do not depend on how the input was chunked.
 */
export function createSplitter(sink: SliceSink, maxRecordBytes = MAX_RECORD_BYTES): Splitter {
  let work: Buffer = Buffer.alloc(0);
  let data = work;
  let end = 0;
  /** Where the stretch under way begins: a record, or a damaged stretch; bytes before it are done. */
  let start = 0;
  let at = 0;
  let phase: Phase = "between";
  let place: Place = "top";
  /** In a list that no envelope holds. */
  let bare = false;
  /** Nothing was found in the list yet. */
  let fresh = false;
  let commas = false;
  let tailOnly = false;
  let reason = "";
  let line = false;
  let spent = 0;
  /** Length at which a search that wanted more bytes is worth repeating. */
  let retryAt = 0;
  /** Beginning of a stretch that outgrew the limit; the rest of it was let go. */
  let head: Buffer | null = null;
  const s: Scan = createScan();
  const lookBytes = Math.min(LOOK_BYTES, maxRecordBytes);
  const overLimit = `record over ${Math.round(maxRecordBytes / 2 ** 20)} MiB`;

  function emit(from: number, to: number, broken: string | null): void {
    if (head) {
      sink(head, 0, head.length, overLimit);
      head = null;
    } else if (to - from > maxRecordBytes) sink(data, from, from + HEAD_BYTES, overLimit);
    else sink(data, from, to, broken);
  }

  function emitBroken(to: number): void {
    let from = start;
    while (from < to && (isSpace(data[from]) || data[from] === 44)) from++;
    while (to > from && (isSpace(data[to - 1]) || data[to - 1] === 44)) to--;
    if (to > from || head) emit(from, to, reason);
  }

  function begin(from: number): void {
    start = at = from;
    phase = "value";
    tailOnly = false;
    startValue(s, from, place === "top");
  }

  function hurt(from: number, cursor: number, why: string): void {
    start = from;
    at = Math.max(from, cursor);
    phase = "hurt";
    reason = why;
    line = false;
    spent = retryAt = 0;
  }

  /** between looks for the next record; false when the bytes are used up. */
  function between(eof: boolean): boolean {
    start = at = skipSpace(data, at, end);
    if (at === end) return false;
    const byte = data[at];
    if (byte === 123) begin(at);
    else if (place === "element") {
      if (byte === 93 && fresh) toTail(at + 1);
      else hurt(at, at, "not a JSON object");
    } else if (byte === 91) {
      place = "element";
      fresh = bare = true;
      at++;
    } else if (byte === 0xef && end - at < 3 && isBom(at) && !eof) return false;
    else if (byte === 0xef && isBom(at)) at += 3;
    else {
      hurt(at, at, "not JSON");
      line = true;
    }
    return true;
  }

  const isBom = (k: number): boolean =>
    (k + 1 >= end || data[k + 1] === 0xbb) && (k + 2 >= end || data[k + 2] === 0xbf);

  function toTail(from: number): void {
    at = start = from;
    place = "top";
    phase = "tail";
  }

  function tail(): boolean {
    start = at = skipSpace(data, at, end);
    if (at === end) return false;
    phase = "between";
    const byte = data[at];
    if (fresh && byte !== 123 && byte !== 91) {
      // `[]` with more behind it: the brace of its first record was the damaged byte.
      place = "element";
      hurt(at, at, "broken JSON");
    } else if (byte === 125 && !bare) at++;
    else if (byte === 44 && !bare) {
      begin(at);
      startTail(s, at + 1);
      tailOnly = true;
    }
    return true;
  }

  /** page decides about an object with a list that may be a page's; true when the way to go on is set. */
  function page(result: number, eof: boolean): boolean {
    const length = (result === MORE ? end : s.at) - start;
    const first = skipSpace(data, s.list, end);
    const byte = first < end ? data[first] : -1;
    if (result === MORE && !eof && (length <= lookBytes || byte === -1)) return false;
    const list = s.list;
    s.list = DECIDED;
    if (!isPage(data, start, result === DONE && length <= lookBytes ? s.at : list)) return false;
    if (byte === 93 && result === DONE) {
      at = s.at;
      phase = "between";
      return true;
    }
    if (byte !== 123 && result !== BROKEN) return false;
    head = null;
    place = "element";
    bare = false;
    if (byte === 123) begin(first);
    else hurt(first, first + 1, "broken JSON");
    return true;
  }

  function value(eof: boolean): boolean {
    const result = scan(s, data, end);
    if (s.list >= 0 && page(result, eof)) return true;
    if (result === MORE) return false;
    if (result === DONE) {
      at = s.at;
      if (tailOnly || (s.emptyEnvelope && s.members <= MAX_ENVELOPE_MEMBERS)) phase = "between";
      else if (place === "element" && at + 1 < end && data[at] === 44 && data[at + 1] === 123) {
        emit(start, at, null);
        begin(at + 1);
      } else if (place === "top" && !s.newline && at < end && data[at] === 10) {
        emit(start, at, null);
        phase = "between";
      } else phase = "follow";
    } else if (result === ENVELOPE) {
      head = null;
      place = "element";
      bare = false;
      begin(s.at);
    } else {
      if (place === "top" && (insideRecords(s, data) || insidePage(s, data, start))) {
        place = "element";
        bare = false;
      }
      const why = s.tooDeep ? `nested deeper than ${MAX_DEPTH} levels` : "broken JSON";
      hurt(start, Math.max(start + 1, Math.min(s.lastString, s.at)), why);
    }
    return true;
  }

  /** follow emits the record that ends at `at` when what comes after it can follow a record; else the record itself is suspect. */
  function follow(eof: boolean): boolean {
    const next = whatFollows(data, at, end, eof, place, s.newline);
    if (next.kind === "more") return false;
    if (next.kind === "suspect") {
      hurt(start, next.at, "broken JSON");
      return true;
    }
    emit(start, at, null);
    start = at = next.at;
    phase = "between";
    fresh = false;
    if (next.kind === "comma") commas ||= place === "top";
    else if (next.kind === "close") toTail(next.at);
    else if (next.kind === "hurt") hurt(at, at, "not JSON");
    return true;
  }

  function search(eof: boolean): boolean {
    if (end < retryAt && !eof) return false;
    const stretch = { start, cursor: at, place, bare, line, spent, commas };
    const found = findRecord(data.subarray(0, end), end, eof, stretch);
    spent = stretch.spent;
    if (found.kind === "more") {
      at = found.cursor;
      retryAt = end + (end - at);
      return false;
    }
    if (found.kind === "none") {
      emitBroken(end);
      start = at = end;
      phase = "between";
      place = "top";
      return false;
    }
    emitBroken(found.at);
    if (found.kind === "record") {
      bare &&= place === found.place;
      place = found.place;
      begin(found.at);
    } else {
      start = at = found.at;
      phase = "between";
    }
    return true;
  }

  function step(eof: boolean): boolean {
    if (phase === "value") return value(eof);
    if (phase === "between") return between(eof);
    if (phase === "follow") return follow(eof);
    return phase === "tail" ? tail() : search(eof);
  }

  /** letGo drops the bytes of a stretch that outgrew the limit, up to where it was read. */
  function letGo(): void {
    if (end - start <= maxRecordBytes || (phase !== "value" && phase !== "hurt")) return;
    const read = Math.min(end, phase === "value" ? s.at : at);
    head ??= Buffer.from(data.subarray(start, start + HEAD_BYTES));
    start = Math.max(start, read);
  }

  /** keep moves what is not done yet to the front of the work buffer. */
  function keep(): void {
    letGo();
    work = kept(work, data, start, end);
    data = work;
    s.at -= start;
    s.lastString = Math.max(0, s.lastString - start);
    s.keyStart -= start;
    s.keyEnd -= start;
    if (s.list >= 0) s.list -= start;
    at -= start;
    retryAt -= start;
    end -= start;
    start = 0;
  }

  function append(chunk: Buffer): void {
    if (end === 0) {
      data = chunk;
      end = chunk.length;
      return;
    }
    work = appended(work, end, chunk, maxRecordBytes);
    data = work;
    end += chunk.length;
  }

  return {
    push(chunk) {
      append(chunk);
      while (step(false));
      keep();
    },
    end(fault) {
      while (step(true));
      if (phase === "value") {
        reason = fault ?? "the input ends inside this record";
        emitBroken(end);
      } else if (fault) sink(data, end, end, fault);
      else if (place === "element" && phase === "between")
        sink(data, end, end, "the input ends inside a list of records");
    },
  };
}

/** resync splits bytes that were no JSON into the parts that parse and the parts that do not; the slices own their memory. */
export function resync(bytes: Buffer): Slice[] {
  const slices: Slice[] = [];
  const splitter = createSplitter((data, start, end, broken) => {
    const copy = Buffer.from(data.subarray(start, end));
    slices.push({ bytes: copy, broken: broken ?? (isJson(copy) ? null : "broken JSON") });
  });
  splitter.push(bytes);
  splitter.end();
  return slices.length > 0 ? slices : [{ bytes, broken: "broken JSON" }];
}

/** isJson asks the parser. Its message is left out: it quotes the text, secrets included. */
function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}
