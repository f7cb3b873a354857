import { isNearly, isSpace, namesAny, pageNames, type Scan } from "./json_scan.ts";

/**
 * A page is a saved answer of an API: its records stand in a list whose name records use too (Google Workspace has `events` of its own).
 * What tells it from a record are the names beside the list: those that page and count, and no other.
 */
const PAGE_NAMES = (
  "data entries events Events result object url has_more first_id last_id next_page next_page_url previous_page_url total_count " +
  "ok response_metadata kind etag nextPageToken selfLink meta success errors messages result_info NextToken nextToken " +
  "nextForwardToken nextBackwardToken searchedLogStreams nextLink @odata.context @odata.nextLink @odata.count count total limit"
)
  .split(" ")
  .map((name) => Buffer.from(name, "latin1"));

/** Objects up to this length are looked through to their end before they count as a page; of longer ones the names before the list decide. */
export const LOOK_BYTES = 64 * 1024;

/** isPage tells a page by the first-level names of the object that begins at `start`, as far as `end`. */
export function isPage(data: Buffer, start: number, end: number): boolean {
  // One damaged byte is forgiven, or it would cost the whole page.
  let odd = 0;
  let depth = 0;
  for (let i = start; i < end; i++) {
    const c = data[i]!;
    if (c === 123 || c === 91) depth++;
    else if (c === 125 || c === 93) depth--;
    else if (c === 34) {
      const close = endOfString(data, i + 1, end);
      if (depth === 1 && isName(data, close + 1, end) && !PAGE_NAMES.some((name) => equals(data, i + 1, close, name)))
        odd += PAGE_NAMES.some((name) => name.length === close - i - 1 && isNearly(data, i + 1, name)) ? 1 : 2;
      if (odd > 1) return false;
      i = close;
    }
  }
  return true;
}

/** insidePage tells whether a broken scan of the object at `start` stood where a page's list should have begun. */
export const insidePage = (s: Scan, data: Buffer, start: number): boolean =>
  s.top && s.depth === 1 && namesAny(pageNames, data, s.keyStart, s.keyEnd) && isPage(data, start, s.keyEnd);

/** mayBePageHead tells whether a damaged stretch before the first record of a list can be the head of a page. */
export function mayBePageHead(data: Buffer, start: number, end: number): boolean {
  if (end - start > HEAD_BYTES) return false;
  let odd = 0;
  for (const [, name] of data.toString("latin1", start, end).matchAll(/"([^"]*)"\s*:/g)) {
    const bytes = Buffer.from(name!, "latin1");
    if (!PAGE_NAMES.some((known) => known.equals(bytes))) odd++;
  }
  return odd < 2;
}

const HEAD_BYTES = 4 * 1024;

function endOfString(data: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && data[at] !== 34) at += data[at] === 92 ? 2 : 1;
  return at;
}

function isName(data: Buffer, from: number, end: number): boolean {
  let at = from;
  while (at < end && isSpace(data[at])) at++;
  return at < end && data[at] === 58;
}

const equals = (data: Buffer, start: number, end: number, name: Buffer): boolean =>
  end - start === name.length && data.compare(name, 0, name.length, start, end) === 0;
