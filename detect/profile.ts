import type { DeniedTail } from "./denied_tail.ts";
import type { FindingState } from "./finding_state.ts";
import { isMap, isSet, type LightMap, type LightSet, mapOf, noMap, noSet, put, setOf } from "./light_maps.ts";
import type { NetPlace } from "./net_place.ts";
import { type DayCounts, emptyObjects, noCounts, type ObjectMemory } from "./objects.ts";
import type { RuleState } from "./sigma/state.ts";
import { type FailureHistory, noFailureHistory } from "./stats/failures.ts";
import { type HourMemory, noHourMemory } from "./stats/hour_accumulation.ts";
import { rowsOf, type TableText, tableText } from "./table_text.ts";
import type { DayPlace, LastPlace } from "./travel.ts";
import { emptyValueSet, type ValueSet, type ValueStat } from "./values.ts";
import { emptyVolume, type VolumeMemory } from "./volume.ts";
import type { CallWindow, NetworkWindow } from "./windows.ts";

/** The dimensions whose values are remembered per subject. */
export const valueDimensions = [
  "ip",
  "net",
  "asn",
  "country",
  "operation",
  "service",
  "agent",
  "version",
  "region",
  "role",
] as const;
export type ValueDimension = (typeof valueDimensions)[number];

/** Days after which a value is forgotten; never sooner than twice the longest silence of the subject (DETECTION.md, section 2). */
export const FORGET_DAYS: Record<ValueDimension, number> = {
  ip: 30,
  net: 30,
  asn: 60,
  country: 90,
  operation: 180,
  service: 180,
  agent: 30,
  version: 30,
  region: 90,
  role: 90,
};

/** CallHistory sums active 15-minute windows, with the sum of squares of denied calls for the count test. */
export interface CallHistory extends FailureHistory {
  deniedSquares: number;
}

/** Sealed is what was learned from whole days; it changes at seals only. Days are UTC day numbers. */
export interface Sealed {
  /** Last day folded in; -1 before the first. */
  through: number;
  firstDay: number;
  activeDays: number;
  events: number;
  writes: number;
  /** Time of the last event, ms; 0 before the first. */
  lastTime: number;
  /** The last 32 silences of more than a day, ms. */
  gaps: number[];
  values: Record<ValueDimension, ValueSet>;
  /** Active days per local hour of week, Monday 0 h first. */
  hours: number[];
  calls: CallHistory;
  /** Distinct denied operations: the most on one day, and the days with any. */
  deniedOperations: { most: number; days: number };
  /** Half hours with one network, and with several; by network owner, and by network. */
  concurrency: Concurrency;
  netConcurrency: Concurrency;
  /** Objects that were ever read. */
  objects: ObjectMemory;
  /** Megabytes that were read, of the days on which a record told bytes. */
  bytes: DayCounts;
  /** Mean longitude of its days, for keys of people: those who travel take their hours along. */
  home: { lon: number; days: number };
  /** Where its last day ended; null where that is not known. */
  lastPlace: LastPlace | null;
  /** Operations denied on the last day that had any, with their first calls; null before one. */
  deniedTail: DeniedTail | null;
  /** Where each known network was when the key began to use it. */
  nets: LightMap<string, NetPlace>;
  /** Successful calls of each of the last days. */
  volume: VolumeMemory;
  /** Places of each session of a workload role, with the last day of use. */
  sessions: LightMap<string, { places: string[]; last: number }>;
  /** Places of the sessions beyond those, by a hash of each. */
  crowd: LightMap<string, string>;
  /** How odd the hours of the last days were, and of all days before. */
  hourMemory: HourMemory;
}

export interface Concurrency {
  single: number;
  several: number;
}

/** Pending is a value that gave a finding and waits for days or a verdict before it is learned. */
export interface Pending {
  /** Distinct days on which it was seen. */
  days: number;
  need: number;
  first: number;
  last: number;
  /** Beginnings of the uids of the findings that hold it back, at most a few. */
  by?: string[];
  /** What people said of them: it is learned, or never will be. */
  verdict?: "learned" | "never";
  /** Where it is a count: what the newest day counted, and which day that was. */
  counts?: number[];
  countedOn?: number;
  /** Operations of that day that were denied and not known, as many as have room. */
  operations?: string[];
}

/** OpenDay gathers one day that is not sealed yet. */
export interface OpenDay {
  day: number;
  events: number;
  writes: number;
  firstTime: number;
  lastTime: number;
  values: Record<ValueDimension, LightSet<string>>;
  /** Bit h of element d is set when local hour h of weekday d was active. */
  hours: number[];
  calls: CallHistory;
  deniedOperations: LightMap<string, [number, string]>;
  concurrency: Concurrency;
  netConcurrency: Concurrency;
  /** Slots of objects that were read on this day for the first time. */
  fresh: LightSet<number>;
  /** Bytes that were read; null until a record tells any. */
  bytes: number | null;
  /** Successful calls. */
  done: number;
  /** First and last use of each program. */
  agents: LightMap<string, [first: number, last: number]>;
  /** The same of each version of a program. */
  versions: LightMap<string, [first: number, last: number]>;
  /** Half hours of the day in which each network was used, with its place. */
  places: LightMap<string, DayPlace>;
  /** Place of each network that is not known yet, by its first event. */
  nets: LightMap<string, NetPlace & { time: number; event_uid: string }>;
  /** First use of workload sessions: session -> place -> key -> (time, uid). */
  sessions: LightMap<string, LightMap<string, LightMap<string, [number, string]>>>;
  /** Place of each session beyond those, by a hash of it. */
  crowd: LightMap<string, string>;
  /** Owners and countries that the address data name anew for a known network. */
  renamed: LightSet<string>;
  /** Values that findings of this day hold back, with the days they need. */
  holds: LightMap<string, number>;
  /** Findings behind each hold, by the beginning of their uid. */
  heldBy: LightMap<string, string[]>;
  /** Dimensions of which more was held back than is told apart: nothing new of them is learned from this day. */
  unlearned: LightSet<string>;
  findings: LightMap<string, FindingState>;
}

/** Profile is all that keywatch knows of one subject. Open windows and days travel with it, so a restart loses nothing. */
export interface Profile {
  subject_uid: string;
  provider: string;
  /** Account and owner as last seen, for what peers share. */
  account: string | null;
  owner: string | null;
  /** Principal of a long-lived key, whose next key inherits its habits; null for all other subjects. */
  holder: string | null;
  firstSeen: number;
  sealed: Sealed;
  pending: LightMap<string, Pending>;
  days: LightMap<number, OpenDay>;
  callWindows: LightMap<number, CallWindow>;
  networkWindows: LightMap<number, NetworkWindow>;
  /** What the operator's rules remember, by rule and group; there from the first match on. */
  rules?: LightMap<string, RuleState>;
  /** Changed since it was last written. */
  dirty: boolean;
}

export const emptyProfile = (subject_uid: string, provider: string): Profile => ({
  subject_uid,
  provider,
  account: null,
  owner: null,
  holder: null,
  firstSeen: Number.MAX_SAFE_INTEGER,
  sealed: {
    through: -1,
    firstDay: -1,
    activeDays: 0,
    events: 0,
    writes: 0,
    lastTime: 0,
    gaps: [],
    values: perDimension(emptyValueSet),
    hours: Array<number>(168).fill(0),
    calls: { ...noFailureHistory, deniedSquares: 0 },
    deniedOperations: { most: 0, days: 0 },
    concurrency: { single: 0, several: 0 },
    netConcurrency: { single: 0, several: 0 },
    objects: emptyObjects(),
    bytes: noCounts(),
    home: { lon: 0, days: 0 },
    lastPlace: null,
    deniedTail: null,
    nets: noMap,
    volume: emptyVolume(),
    sessions: noMap,
    crowd: noMap,
    hourMemory: noHourMemory,
  },
  pending: noMap,
  days: noMap,
  callWindows: noMap,
  networkWindows: noMap,
  dirty: false,
});

export const emptyDay = (day: number): OpenDay => ({
  day,
  events: 0,
  writes: 0,
  firstTime: Number.MAX_SAFE_INTEGER,
  lastTime: 0,
  values: perDimension((): LightSet<string> => noSet),
  hours: [0, 0, 0, 0, 0, 0, 0],
  calls: { ...noFailureHistory, deniedSquares: 0 },
  deniedOperations: noMap,
  concurrency: { single: 0, several: 0 },
  netConcurrency: { single: 0, several: 0 },
  fresh: noSet,
  bytes: null,
  done: 0,
  agents: noMap,
  versions: noMap,
  places: noMap,
  nets: noMap,
  sessions: noMap,
  crowd: noMap,
  renamed: noSet,
  holds: noMap,
  heldBy: noMap,
  unlearned: noSet,
  findings: noMap,
});

export function perDimension<T>(make: () => T): Record<ValueDimension, T> {
  return {
    ip: make(),
    net: make(),
    asn: make(),
    country: make(),
    region: make(),
    operation: make(),
    service: make(),
    agent: make(),
    version: make(),
    role: make(),
  };
}

/** Fewer entries are shorter one by one. */
const MIN_ROWS = 4;

/** profileText and profileFrom carry a profile to the store and back; Maps, Sets and value statistics have short forms. */
export const profileText = (profile: Profile): string => plainText(profile);

export function profileFrom(text: string): Profile {
  const profile = lightFrom(text) as Profile;
  profile.holder ??= null;
  // What an older version did not know yet begins empty.
  const empty = emptyProfile(profile.subject_uid, profile.provider).sealed;
  profile.sealed = { ...empty, ...profile.sealed, values: { ...empty.values, ...profile.sealed.values } };
  for (const [number, day] of profile.days) {
    const blank = emptyDay(number);
    profile.days = put(profile.days, number, { ...blank, ...day, values: { ...blank.values, ...day.values } });
  }
  return profile;
}

/** plainText and lightFrom are that form for any part of a profile. */
export const plainText = (part: unknown): string => JSON.stringify(part, toText);
export const lightFrom = (text: string): unknown => lighten(JSON.parse(text));

function toText(_: string, value: unknown): unknown {
  if (typeof value !== "object") return value;
  if (isSet(value)) return { $set: [...value] };
  if (value instanceof Uint8Array) return { $bits: Buffer.from(value).toString("base64") };
  if (!isMap(value)) return value;
  const entries = [...value];
  const table = entries.length < MIN_ROWS ? null : tableText(entries);
  if (table !== null) return { $table: table };
  if (entries.length > 0 && entries.every(([, v]) => isValueStat(v))) {
    return { $stats: (entries as [string, ValueStat][]).flatMap(([name, s]) => [name, s.first, s.last, s.days]) };
  }
  return { $map: entries };
}

/** lighten makes maps, sets and statistics of their short forms, inner ones first. JSON.parse can call it for every value, at six times the cost. */
function lighten(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (typeof value[i] === "object") value[i] = lighten(value[i]);
    return value;
  }
  const fields = value as Record<string, unknown>;
  for (const name in fields) if (typeof fields[name] === "object") fields[name] = lighten(fields[name]);
  if ("$map" in fields) return mapOf(fields.$map as [unknown, unknown][]);
  if ("$table" in fields) return mapOf(rowsOf(fields.$table as TableText));
  if ("$set" in fields) return setOf(fields.$set as unknown[]);
  if ("$bits" in fields) return new Uint8Array(Buffer.from(fields.$bits as string, "base64"));
  return "$stats" in fields ? mapOf(statsOf(fields.$stats as (string | number)[])) : value;
}

function statsOf(flat: readonly (string | number)[]): [string, ValueStat][] {
  const stats: [string, ValueStat][] = [];
  for (let i = 0; i < flat.length; i += 4) {
    const [name, first, last, days] = flat.slice(i, i + 4) as [string, number, number, number];
    stats.push([name, { first, last, days }]);
  }
  return stats;
}

/** A pending value has `need` besides; an evidence has no `days`. */
const isValueStat = (value: unknown): value is ValueStat =>
  typeof value === "object" &&
  value !== null &&
  "days" in value &&
  "last" in value &&
  "first" in value &&
  !("need" in value);
