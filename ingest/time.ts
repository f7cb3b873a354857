import { codeAt } from "../schemas/code_at.ts";
import type { Json } from "./provider.ts";

const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/**
 * parseTime gives ms since the epoch, null where the value is no time between 2000 and 2100.
 * It takes ISO 8601 (no zone means UTC, never the machine's own), the epoch in s, ms, us or ns as number or text, told apart by size,
 * and the common log format `[10/Oct/2023:13:55:36 -0700]`.
 */
export function parseTime(value: Json | undefined): number | null {
  if (typeof value === "string") {
    const fast = parseUtc(value);
    return fast >= 0 ? fast : parseText(value.trim());
  }
  return typeof value === "number" ? parseEpoch(value) : null;
}

const POINT = 46;
const UTC = 90;

/** parseUtc reads exactly `YYYY-MM-DDTHH:MM:SSZ`, with a fraction of up to nine digits or without, -1 for all else. */
function parseUtc(s: string): number {
  const last = s.length - 1;
  if (last < 19 || last > 29 || codeAt(s, last) !== UTC) return -1;
  if (last === 19) return parseSeconds(s);
  if (last === 20 || codeAt(s, 19) !== POINT) return -1;
  let fraction = 0;
  for (let i = 20; i < last; i++) {
    const digit = codeAt(s, i) - 48;
    if (digit < 0 || digit > 9) return -1;
    if (i < 23) fraction = fraction * 10 + digit;
  }
  const seconds = parseSeconds(s);
  return seconds < 0 ? -1 : seconds + fraction * (last === 21 ? 100 : last === 22 ? 10 : 1);
}

/** parseSeconds reads the first 19 characters as `YYYY-MM-DDTHH:MM:SS`, -1 for all else; it makes no strings and no dates. */
function parseSeconds(s: string): number {
  if (codeAt(s, 10) !== 84 || codeAt(s, 4) !== 45 || codeAt(s, 7) !== 45) return -1;
  if (codeAt(s, 13) !== 58 || codeAt(s, 16) !== 58) return -1;
  const century = pair(s, 0);
  const rest = pair(s, 2);
  const month = pair(s, 5);
  const day = pair(s, 8);
  const hour = pair(s, 11);
  const minute = pair(s, 14);
  const second = pair(s, 17);
  if (century < 0 || rest < 0 || hour < 0 || minute < 0 || second < 0) return -1;
  const year = century * 100 + rest;
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 || year < 2000 || year > 2099) return -1;
  if (day < 1 || day > (month === 2 && year % 4 === 0 ? 29 : MONTH_DAYS[month - 1]!)) return -1;
  // Between 2000 and 2099 every fourth year is a leap year, so days are plain arithmetic.
  const years = year - 2000;
  const leapDays = Math.floor((years + 3) / 4) + (month > 2 && years % 4 === 0 ? 1 : 0);
  const days = years * 365 + leapDays + DAYS_BEFORE[month - 1]! + day - 1;
  return EARLIEST_MS + days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000;
}

/** pair reads two digits at i, -1 where there are none. */
function pair(s: string, i: number): number {
  const tens = codeAt(s, i) - 48;
  const ones = codeAt(s, i + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** The fraction may stand without its point where it has 3, 6 or 9 digits: a common fault of format strings. */
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9})|(?<=:\d\d:\d\d)(\d{3}|\d{6}|\d{9}))?)?\s?(Z|UTC|[+-]\d\d:?\d\d|[+-]\d\d)?$/i;
const CLF = /^\[?(\d{1,2})\/([A-Za-z]{3})\/(\d{4}):(\d\d:\d\d:\d\d)(?: ([+-]\d{4}))?\]?$/;

function parseText(text: string): number | null {
  if (text.length === 0 || text.length > 64) return null;
  if (/^\d{9,19}(\.\d+)?$/.test(text)) return parseEpoch(Number(text));
  const iso = ISO.exec(text);
  if (iso) {
    const [, day = "", clock = "00:00:00", fraction, glued = "0", zone = "Z"] = iso;
    return instant(day, clock, fraction ?? glued, zone);
  }
  const clf = CLF.exec(text);
  if (!clf) return null;
  const month = MONTHS.indexOf(clf[2]!.toLowerCase()) + 1;
  if (month === 0) return null;
  const day = `${clf[3]}-${String(month).padStart(2, "0")}-${clf[1]!.padStart(2, "0")}`;
  return instant(day, clf[4]!, "0", clf[5] ?? "Z");
}

function instant(day: string, clock: string, fraction: string, zone: string): number | null {
  const seconds = parseSeconds(`${day}T${clock.length === 5 ? `${clock}:00` : clock}`);
  if (seconds < 0) return null;
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  const minutes = offset ? (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3] ?? 0)) : 0;
  return inRange(seconds + Number(fraction.slice(0, 3).padEnd(3, "0")) - minutes * 60_000);
}

/** parseEpoch tells the unit by size: within 2000 to 2100 the four do not overlap. */
function parseEpoch(n: number): number | null {
  if (!Number.isFinite(n) || n <= 0) return null;
  if (n < 1e11) return inRange(Math.round(n * 1000));
  if (n < 1e14) return inRange(Math.round(n));
  if (n < 1e17) return inRange(Math.floor(n / 1e3));
  // A double holds ns only to 256; without the half microsecond a whole ms could fall to the one before.
  return inRange(Math.floor(n / 1e6 + 0.0005));
}

const inRange = (ms: number): number | null => (ms >= EARLIEST_MS && ms < LATEST_MS ? ms : null);
