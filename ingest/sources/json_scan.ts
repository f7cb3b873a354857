/** Scan is where a scanner stands inside one JSON value; it can stop at any byte and go on when more bytes came. */
export interface Scan {
  /** What the grammar allows next, one of the constants below. */
  want: number;
  depth: number;
  /** 1 for an object, 0 for an array, by depth. */
  stack: Uint8Array;
  /** Next byte to look at; after a scan the end of the value, or the byte that broke the grammar. */
  at: number;
  /** Where the last string opened: damage that an error shows lies here or later. */
  lastString: number;
  /** Whether first-level names are watched for the array of an envelope. */
  top: boolean;
  keyStart: number;
  keyEnd: number;
  members: number;
  /** The array just opened at the first level bears an envelope's name. */
  envelope: boolean;
  /** That array was closed at once. */
  emptyEnvelope: boolean;
  /** Behind the bracket of the first array that bears a page's name (see page.ts), UNSEEN or DECIDED. */
  list: number;
  newline: boolean;
  tooDeep: boolean;
}

export const MORE = 0;
export const DONE = 1;
export const BROKEN = 2;
/** The first record of an envelope begins at `at`. */
export const ENVELOPE = 3;

export const UNSEEN = -1;
export const DECIDED = -2;

/** MAX_DEPTH bounds nesting, so that nothing behind the splitter can be made to overflow its stack. */
export const MAX_DEPTH = 500;
/** An envelope names few things before its records; an object that names more is a record with a list in it. */
export const MAX_ENVELOPE_MEMBERS = 8;

const VALUE = 0;
const VALUE_OR_CLOSE = 1;
const KEY_OR_CLOSE = 2;
const KEY = 3;
const COLON = 4;
const AFTER = 5;
const SCALAR = 6;
const IN_KEY = 7;
const IN_STRING = 8;

const QUOTE = 34;
const BACKSLASH = 92;

export function createScan(): Scan {
  return {
    want: VALUE,
    depth: 0,
    stack: new Uint8Array(MAX_DEPTH),
    at: 0,
    lastString: 0,
    top: false,
    keyStart: 0,
    keyEnd: 0,
    members: 0,
    envelope: false,
    emptyEnvelope: false,
    list: UNSEEN,
    newline: false,
    tooDeep: false,
  };
}

/** startValue makes ready for a value that begins at `at`. */
export function startValue(s: Scan, at: number, top: boolean): void {
  s.want = VALUE;
  s.depth = 0;
  s.at = at;
  s.lastString = at;
  s.top = top;
  s.keyStart = s.keyEnd = at;
  s.members = 0;
  s.list = UNSEEN;
  s.envelope = s.emptyEnvelope = s.newline = s.tooDeep = false;
}

/** startTail makes ready for what stands behind the comma after an envelope's records, up to its closing brace. */
export function startTail(s: Scan, at: number): void {
  startValue(s, at, false);
  s.depth = 1;
  s.stack[0] = 1;
  s.want = KEY;
}

const SPACE = 1;
const SCALAR_BYTE = 2;
const classes = new Uint8Array(256);
for (const c of " \t\r\n") classes[c.charCodeAt(0)] = SPACE;
for (const c of "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-.")
  classes[c.charCodeAt(0)] = SCALAR_BYTE;

export const isSpace = (byte: number | undefined): boolean =>
  byte === 32 || byte === 10 || byte === 13 || byte === 9 || byte === 0x1e;

/** skipSpace gives the first byte that is no white space, or `end`. */
export function skipSpace(data: Uint8Array, at: number, end: number): number {
  while (at < end && isSpace(data[at])) at++;
  return at;
}

/**
 * scan goes through the value up to `end` and says how it stopped. It checks the structure (quotes, brackets, commas, colons, control
 * bytes in strings), so that a damaged byte shows within a token or two; numbers, words and escapes are left to JSON.parse.
 * No recursion, no allocation, one look at each byte.
 */
export function scan(s: Scan, data: Uint8Array, end: number): number {
  const stack = s.stack;
  let { want, depth, at: i } = s;
  let result = MORE;
  while (i < end) {
    const c = data[i]!;
    if (c === QUOTE || want >= IN_KEY) {
      if (want < IN_KEY) {
        if (want <= VALUE_OR_CLOSE) want = IN_STRING;
        else if (want === KEY || want === KEY_OR_CLOSE) {
          want = IN_KEY;
          if (depth === 1) {
            s.keyStart = i + 1;
            s.members++;
            s.envelope = false;
          }
        } else {
          result = BROKEN;
          break;
        }
        s.lastString = i++;
      }
      for (;;) {
        let b = 0;
        for (; i < end; i++) {
          b = data[i]!;
          if (b === QUOTE || b === BACKSLASH || b < 32) break;
        }
        if (i >= end || b !== BACKSLASH) break;
        i += 2;
      }
      if (i >= end) break;
      if (data[i] !== QUOTE) {
        result = BROKEN;
        break;
      }
      if (want === IN_STRING) {
        want = AFTER;
        i++;
      } else {
        if (depth === 1) s.keyEnd = i;
        want = COLON;
        if (data[++i] === 58 && i < end) {
          want = VALUE;
          i++;
        }
      }
    } else if (c === 58) {
      if (want !== COLON) {
        result = BROKEN;
        break;
      }
      want = VALUE;
      i++;
    } else if (c === 44) {
      if ((want !== AFTER && want !== SCALAR) || depth === 0) {
        result = BROKEN;
        break;
      }
      want = stack[depth - 1] === 1 ? KEY : VALUE;
      i++;
    } else if (c === 123 || c === 91) {
      if (want > VALUE_OR_CLOSE || depth === MAX_DEPTH) {
        s.tooDeep = want <= VALUE_OR_CLOSE;
        result = BROKEN;
        break;
      }
      if (depth <= 2 && s.top) {
        if (c === 123 && depth === 2 && want === VALUE_OR_CLOSE && s.envelope) {
          result = ENVELOPE;
          break;
        }
        if (c === 91 && depth === 2 && want === VALUE_OR_CLOSE && s.envelope && s.keyEnd - s.keyStart >= LONG_NAME) {
          result = BROKEN;
          break;
        }
        if (c === 91 && depth === 1) {
          s.envelope = s.members <= MAX_ENVELOPE_MEMBERS && namesAny(names, data, s.keyStart, s.keyEnd);
          if (s.list === UNSEEN && !s.envelope && namesAny(pageLists, data, s.keyStart, s.keyEnd)) s.list = i + 1;
        }
      }
      stack[depth++] = c === 123 ? 1 : 0;
      want = c === 123 ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
      i++;
    } else if (c === 125 || c === 93) {
      const closes = c === 125 ? 1 : 0;
      const empty = closes === 1 ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
      if (depth === 0 || stack[depth - 1] !== closes || (want !== AFTER && want !== SCALAR && want !== empty)) {
        result = BROKEN;
        break;
      }
      if (depth === 2 && want === VALUE_OR_CLOSE && s.envelope) s.emptyEnvelope = true;
      i++;
      want = AFTER;
      if (--depth === 0) {
        result = DONE;
        break;
      }
    } else if (classes[c] === SPACE) {
      if (c === 10) s.newline = true;
      if (want === SCALAR) want = AFTER;
      i++;
    } else if (classes[c] === SCALAR_BYTE && depth > 0 && (want <= VALUE_OR_CLOSE || want === SCALAR)) {
      do i++;
      while (i < end && classes[data[i]!] === SCALAR_BYTE);
      want = SCALAR;
    } else {
      result = BROKEN;
      break;
    }
  }
  s.want = want;
  s.depth = depth;
  s.at = i;
  return result;
}

/** insideRecords tells whether a broken scan stood in an envelope's array, or at its head, before the first record was recognised. */
export const insideRecords = (s: Scan, data: Uint8Array): boolean =>
  s.top && (s.depth === 1 ? namesAny(names, data, s.keyStart, s.keyEnd) : s.envelope);

/** Lists under the longer names (Records, logEvents) hold records and nothing else; `items` and `value` may be anybody's. */
const LONG_NAME = 7;
const names = ["Records", "records", "logEvents", "items", "Items", "value"].map((name) => Buffer.from(name, "latin1"));

/** Lists of records in the saved answers of APIs; records have lists of these names too, so page.ts looks at the names beside them. */
const pageLists = ["data", "entries", "events", "Events", "result"].map((name) => Buffer.from(name, "latin1"));

/** envelopeNames are the members whose array holds the records, as bytes; pageNames those of which that is so in a page only. */
export const envelopeNames: readonly Buffer[] = names;
export const pageNames: readonly Buffer[] = pageLists;

/** namesAny compares a member's name with those of envelopes; one damaged byte is forgiven, or it would cost the whole file. */
export function namesAny(wanted: readonly Buffer[], data: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 4 || length > 9) return false;
  for (const name of wanted) if (length === name.length && isNearly(data, start, name)) return true;
  return false;
}

/** isNearly holds for the same name with one byte damaged, or none. */
export function isNearly(data: Uint8Array, start: number, name: Uint8Array): boolean {
  let wrong = 0;
  for (let k = 0; k < name.length && wrong < 2; k++) if (data[start + k] !== name[k]) wrong++;
  return wrong < 2;
}
