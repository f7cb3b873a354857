import { deflateRawSync, inflateRawSync } from "node:zlib";
import { mapOf, noMap } from "./light_maps.ts";
import type { NetPlace } from "./net_place.ts";
import { bitsOf, type ObjectMemory, slotsIn } from "./objects.ts";
import { ItemReader, ItemWriter } from "./packed_items.ts";
import {
  type CallHistory,
  type Concurrency,
  type OpenDay,
  type Profile,
  perDimension,
  type Sealed,
} from "./profile.ts";
import type { ValueSet } from "./values.ts";
import type { NetworkWindow } from "./windows.ts";

/** A longer text is deflated: few keys have one, and the half millisecond that it takes would be too much for all. */
const MAX_TEXT = 8 * 1024;

/**
 * PackedProfile is a profile whose call windows are closed, as one line of text: a quarter of the heap that its hundred objects take. The
 * text is for memory alone and may change with any version; the store has a form that outlives it (profileText).
 */
export class PackedProfile {
  readonly subject_uid: string;
  /** Whether a day or a half hour is open. */
  readonly open: boolean;
  readonly lastTime: number;
  dirty: boolean;
  readonly #text: string | Buffer;

  constructor(profile: Profile) {
    this.subject_uid = profile.subject_uid;
    this.open = profile.days.size > 0 || profile.networkWindows.size > 0;
    this.lastTime = profile.sealed.lastTime;
    this.dirty = profile.dirty;
    const w = new ItemWriter();
    writeProfile(w, profile);
    const text = w.text();
    this.#text = text.length > MAX_TEXT ? deflateRawSync(text) : text;
  }

  /** What it weighs, in bytes. */
  get bytes(): number {
    return this.#text.length;
  }

  unpack(): Profile {
    const { subject_uid, dirty } = this;
    const text = typeof this.#text === "string" ? this.#text : inflateRawSync(this.#text).toString();
    return readProfile(new ItemReader(text), subject_uid, dirty);
  }
}

/** mayPack tells whether nothing is open that closes within the hour. */
export const mayPack = (profile: Profile): boolean => profile.callWindows.size === 0;

function writeProfile(w: ItemWriter, p: Profile): void {
  w.put(p.provider, p.account, p.owner, p.holder, p.firstSeen);
  writeSealed(w, p.sealed);
  w.rare(p.pending);
  w.put(p.days.size);
  for (const day of p.days.values()) writeDay(w, day);
  w.put(p.networkWindows.size);
  for (const window of p.networkWindows.values()) writeNetworks(w, window);
  w.rare(p.rules);
}

function readProfile(r: ItemReader, subject_uid: string, dirty: boolean): Profile {
  const profile: Profile = {
    subject_uid,
    provider: r.take(),
    account: r.take(),
    owner: r.take(),
    holder: r.take(),
    firstSeen: r.take(),
    sealed: readSealed(r),
    pending: r.rare(),
    days: mapOf(r.list(() => readDay(r)).map((day) => [day.day, day])),
    callWindows: noMap,
    networkWindows: mapOf(r.list(() => readNetworks(r)).map((window) => [window.start, window])),
    dirty,
  };
  const rules = r.rare<string, never>();
  if (rules.size > 0) profile.rules = rules;
  return profile;
}

function writeSealed(w: ItemWriter, s: Sealed): void {
  w.put(s.through, s.firstDay, s.activeDays, s.events, s.writes, s.lastTime);
  w.numbers(s.gaps);
  for (const dimension of dimensions) writeValues(w, s.values[dimension]);
  w.sparse(s.hours);
  writeCalls(w, s.calls);
  w.put(s.deniedOperations.most, s.deniedOperations.days);
  writeConcurrency(w, s.concurrency);
  writeConcurrency(w, s.netConcurrency);
  writeObjects(w, s.objects);
  w.put(s.bytes.days, s.bytes.sum, s.bytes.sumSq);
  w.put(s.home.lon, s.home.days);
  const last = s.lastPlace;
  w.put(last?.day ?? null);
  if (last !== null) w.put(last.network, last.lat, last.lon, last.bin);
  w.put(s.deniedTail === null ? null : JSON.stringify(s.deniedTail));
  w.map(s.nets, (place) => writePlace(w, place));
  w.put(s.volume.through);
  w.numbers(s.volume.counts);
  w.rare(s.sessions);
  w.map(s.crowd, (place) => w.put(place));
  const { days, scores, n, sum, sumSq, fired } = s.hourMemory;
  w.numbers(days);
  w.numbers(scores);
  w.put(n, sum, sumSq, fired);
}

function readSealed(r: ItemReader): Sealed {
  return {
    through: r.take(),
    firstDay: r.take(),
    activeDays: r.take(),
    events: r.take(),
    writes: r.take(),
    lastTime: r.take(),
    gaps: r.numbers(),
    values: perDimension(() => readValues(r)),
    hours: r.sparse(168),
    calls: readCalls(r),
    deniedOperations: { most: r.take(), days: r.take() },
    concurrency: readConcurrency(r),
    netConcurrency: readConcurrency(r),
    objects: readObjects(r),
    bytes: { days: r.take(), sum: r.take(), sumSq: r.take() },
    home: { lon: r.take(), days: r.take() },
    lastPlace: readLastPlace(r),
    deniedTail: JSON.parse(r.take<string | null>() ?? "null") as Sealed["deniedTail"],
    nets: r.map(() => readPlace(r)),
    volume: { through: r.take(), counts: r.numbers() },
    sessions: r.rare(),
    crowd: r.map(() => r.take<string>()),
    hourMemory: {
      days: r.numbers(),
      scores: r.numbers(),
      n: r.take(),
      sum: r.take(),
      sumSq: r.take(),
      fired: r.take(),
    },
  };
}

function readLastPlace(r: ItemReader): Sealed["lastPlace"] {
  const day = r.take<number | null>();
  return day === null ? null : { day, network: r.take(), lat: r.take(), lon: r.take(), bin: r.take() };
}

function writeDay(w: ItemWriter, d: OpenDay): void {
  w.put(d.day, d.events, d.writes, d.firstTime, d.lastTime);
  for (const dimension of dimensions) w.set(d.values[dimension]);
  w.numbers(d.hours);
  writeCalls(w, d.calls);
  w.rare(d.deniedOperations);
  writeConcurrency(w, d.concurrency);
  writeConcurrency(w, d.netConcurrency);
  w.set(d.fresh);
  w.put(d.bytes, d.done);
  w.map(d.agents, ([first, last]) => w.put(first, last));
  w.map(d.versions, ([first, last]) => w.put(first, last));
  w.map(d.places, ({ lat, lon, bins }) => {
    w.put(lat, lon);
    w.numbers(bins);
  });
  w.map(d.nets, (net) => {
    writePlace(w, net);
    w.put(net.time, net.event_uid);
  });
  w.rare(d.sessions);
  w.map(d.crowd, (place) => w.put(place));
  w.set(d.renamed);
  w.rare(d.holds);
  w.rare(d.heldBy);
  w.set(d.unlearned);
  w.rare(d.findings);
}

function readDay(r: ItemReader): OpenDay {
  return {
    day: r.take(),
    events: r.take(),
    writes: r.take(),
    firstTime: r.take(),
    lastTime: r.take(),
    values: perDimension(() => r.set<string>()),
    hours: r.numbers(),
    calls: readCalls(r),
    deniedOperations: r.rare(),
    concurrency: readConcurrency(r),
    netConcurrency: readConcurrency(r),
    fresh: r.set<number>(),
    bytes: r.take(),
    done: r.take(),
    agents: r.map((): [number, number] => [r.take(), r.take()]),
    versions: r.map((): [number, number] => [r.take(), r.take()]),
    places: r.map(() => ({ lat: r.take(), lon: r.take(), bins: r.numbers() })),
    nets: r.map(() => ({ ...readPlace(r), time: r.take(), event_uid: r.take() })),
    sessions: r.rare(),
    crowd: r.map(() => r.take<string>()),
    renamed: r.set<string>(),
    holds: r.rare(),
    heldBy: r.rare(),
    unlearned: r.set<string>(),
    findings: r.rare(),
  };
}

/** In the order in which perDimension makes them. */
const dimensions = Object.keys(perDimension(() => null)) as (keyof Sealed["values"])[];

function writeValues(w: ItemWriter, { values, n, n1 }: ValueSet): void {
  w.put(n, n1);
  w.map(values, ({ first, last, days }) => w.put(first, last, days));
}

const readValues = (r: ItemReader): ValueSet => {
  const [n, n1] = [r.take<number>(), r.take<number>()];
  return { values: r.map(() => ({ first: r.take(), last: r.take(), days: r.take() })), n, n1 };
};

const writeCalls = (w: ItemWriter, c: CallHistory): void => w.put(c.windows, c.n, c.k, c.nn, c.kkn, c.deniedSquares);

const readCalls = (r: ItemReader): CallHistory => ({
  windows: r.take(),
  n: r.take(),
  k: r.take(),
  nn: r.take(),
  kkn: r.take(),
  deniedSquares: r.take(),
});

const writeConcurrency = (w: ItemWriter, c: Concurrency): void => w.put(c.single, c.several);

const readConcurrency = (r: ItemReader): Concurrency => ({ single: r.take(), several: r.take() });

const writePlace = (w: ItemWriter, p: NetPlace): void => w.put(p.asn, p.country, p.lat, p.lon);

const readPlace = (r: ItemReader): NetPlace => ({
  asn: r.take(),
  country: r.take(),
  lat: r.take(),
  lon: r.take(),
});

/** So many slots are shorter as a list than as bits. */
const MAX_LISTED = 128;

function writeObjects(w: ItemWriter, o: ObjectMemory): void {
  const isListed = o.filled <= MAX_LISTED;
  w.put(isListed ? null : Buffer.from(o.bits).toString("base64"), o.filled, o.days, o.sum, o.sumSq);
  if (isListed) w.numbers(slotsIn(o));
}

function readObjects(r: ItemReader): ObjectMemory {
  const text = r.take<string | null>();
  const [filled, days, sum, sumSq] = [r.take<number>(), r.take<number>(), r.take<number>(), r.take<number>()];
  const bits = text === null ? bitsOf(r.numbers()) : new Uint8Array(Buffer.from(text, "base64"));
  return { bits, filled, days, sum, sumSq };
}

function writeNetworks(w: ItemWriter, { start, networks }: NetworkWindow): void {
  w.put(start);
  w.map(networks, ([time, uid, last, owner]) => w.put(time, uid, last, owner));
}

const readNetworks = (r: ItemReader): NetworkWindow => ({
  start: r.take(),
  networks: r.map((): [number, string, number, string] => [r.take(), r.take(), r.take(), r.take()]),
});
