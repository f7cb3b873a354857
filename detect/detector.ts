import { setImmediate as othersFirst } from "node:timers/promises";
import { dayOf, HOUR_MS } from "../schemas/duration.ts";
import { type Finding, inEventOrder } from "../schemas/finding.ts";
import type { Incident } from "../schemas/incident.ts";
import type { SeqRange } from "../schemas/queries/detect.ts";
import { keysOfPrincipals } from "../schemas/queries/detect.ts";
import { verdictsOfPeople } from "../schemas/queries/transitions.ts";
import type { Store } from "../schemas/store/store.ts";
import type { DetectEvent } from "./detection.ts";
import { ENGINE_SUBJECT, type Engine } from "./engine.ts";
import { readEvents } from "./event_reader.ts";
import { type Ledger, openLedger, type ProfileRow } from "./ledger.ts";
import { LINEAGE_MS, mayInherit } from "./lineage.ts";
import { createOutbox } from "./outbox.ts";

const PRINCIPALS_AT_ONCE = 500;
/** Events of a page that are judged before others of this process have their turn: some 100 ms. */
const AT_ONCE = 5_000;
/** At some 4 KB each, and the engine packs them as they come. */
const PROFILES_AT_ONCE = 1_000;

export interface DetectorParts {
  store: Store;
  engine: Engine;
  /** Wall clock, ms. */
  now: () => number;
  /** Called with findings after they were stored and before the checkpoint; repeated after a crash with the same uids. */
  onFindings(findings: Finding[], options: { report: boolean }): Promise<void>;
  latenessOf(provider: string): number;
  /** Left out: the one log of an embedded store. */
  ledger?: Ledger;
  /** Whether a principal's events are in this log; where several logs share a store. */
  owns?(principalUid: string): boolean;
  /** Events that may wait in memory for the day before them; twice as many at most. */
  maxWaiting?: number;
  /** Profiles that may stay in memory though nothing of them is open. */
  maxProfiles?: number;
  /** Rows that are read from the store at once. */
  pageRows?: number;
}

/**
 * Detector keeps engine and store in step. Order of writing: findings, what onFindings writes, profiles with their generation,
 * then the checkpoint; all of it can be repeated with the same ids (DESIGN.md, section 3).
 */
export interface Detector {
  /** Judges rows that were stored and not judged before, in event-time order, as a closed input. */
  catchUp(ranges: readonly SeqRange[], options: CatchUpOptions): Promise<{ events: number; findings: number }>;
  /**
   * Begins a closed input that may come in event-time order, give or take the lateness, as log folders mostly do: it is judged
   * while it is stored. Nothing is published before `end`; only for a process that has no other source meanwhile.
   */
  beginOrdered(): Ordered;
  /** Has the profiles of these events in memory. Rejects when the store did, and can be repeated; `accept` then reads nothing. */
  load(events: readonly DetectEvent[]): Promise<void>;
  /** Judges a batch that was just stored. */
  accept(events: readonly DetectEvent[]): Promise<Finding[]>;
  /** Moves time on for providers that are silent; closes windows and seals days. Without a rule, all of them follow the clock. */
  tick(rule?: (provider: string) => Pace): Promise<void>;
  /** Writes profiles and checkpoint; `upto` is the last number that is stored and judged. `more` is kept beside the profiles. */
  save(upto: number, more?: readonly ProfileRow[]): Promise<void>;
  /** Forgets subjects in memory; what the store holds of them goes first or after. */
  forget(subjects: ReadonlySet<string>): Promise<void>;
  detectedTo(): number;
}

/** Pace of a silent provider: it follows the clock, it has ended and what is open is judged, or more of its past is expected. */
export type Pace = "clock" | "ended" | "waits";

/** Ordered is a closed input that is judged while it is stored. What it finds equals what catchUp finds. */
export interface Ordered {
  offer(events: readonly DetectEvent[]): Promise<void>;
  /** Publishes; null where the input was out of order after all: then nothing was learned, and catchUp has to judge it. */
  end(options: { report: boolean }): Promise<{ events: number; findings: number } | null>;
}

export interface CatchUpOptions {
  /** True for history: findings are stored and shown, nobody is paged. */
  report: boolean;
  onProgress?(done: number): void;
  /** Breaks off between events: nothing is published, and the engine is as the checkpoint left it. */
  signal?: AbortSignal;
}

/** At some 650 bytes each; it must be more than a writer keeps back before it stores, since what leaves memory is read from the store. */
const MAX_WAITING = 200_000;
/** At some 1.5 KB each, packed. */
const MAX_PROFILES = 50_000;

export async function createDetector(parts: DetectorParts): Promise<Detector> {
  const { store, engine, owns } = parts;
  engine.putOffBeyond(parts.maxWaiting ?? MAX_WAITING);
  const ledger = parts.ledger ?? (await openLedger(store, parts.now));
  const known = new Set<string>();
  let verdictsTo = -1;
  await restore();
  const outbox = createOutbox(store, parts.onFindings);
  let tail: Promise<unknown> = Promise.resolve();

  /** One thing at a time: the engine has one order. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = tail.then(work);
    tail = done.catch(() => undefined);
    return done;
  };

  /** The engine as the checkpoint left it. */
  async function restore(): Promise<void> {
    known.clear();
    engine.load(await ledger.profiles([ENGINE_SUBJECT]));
    const open = await ledger.openSubjects();
    for (let i = 0; i < open.length; i += PROFILES_AT_ONCE)
      engine.load(await ledger.profiles(open.slice(i, i + PROFILES_AT_ONCE)));
    const upto = ledger.detectedTo();
    for (const { provider, from } of engine.owed())
      for await (const page of readEvents(store, { provider, from, to: LAST_MS, upto }, parts.pageRows)) {
        const waited = mine(page);
        await loadMissing(waited);
        engine.defer(waited);
      }
  }

  async function takeBack(): Promise<void> {
    unsaved.clear();
    engine.reset();
    await restore();
  }

  function mine(events: DetectEvent[]): DetectEvent[] {
    return owns ? events.filter((e) => owns(e.principal_uid)) : events;
  }

  /**
   * complete gives the engine what it wants out of the store, until it wants nothing. Should the store refuse, the engine keeps what
   * came since, and the next call goes on where this one ended.
   */
  async function complete(found: Finding[], keep: (findings: Finding[]) => void): Promise<void> {
    keep(found);
    for (let wanted = engine.wanted(); wanted !== null; wanted = engine.wanted()) {
      const { provider, from, to } = wanted;
      const selection = { provider, from, to, upto: Number.MAX_SAFE_INTEGER };
      for await (const events of readEvents(store, selection, parts.pageRows)) {
        const waited = mine(events);
        await loadMissing(waited);
        keep(engine.supply(waited, false));
      }
      keep(engine.supply([], true));
    }
  }

  /** askAgain judges stored calls anew whose keys had been revoked, as was told after them. Should the store refuse, the next call does all of it. */
  async function askAgain(keep: (findings: Finding[]) => void): Promise<void> {
    for (let belated = engine.belated(); belated !== null; belated = engine.belated()) {
      const { keys, from } = belated;
      for await (const events of readEvents(store, { keys, behind: from }, parts.pageRows)) {
        const calls = mine(events);
        await loadMissing(calls);
        keep(engine.askAgain(calls, false));
      }
      keep(engine.askAgain([], true));
    }
  }

  /** What people said until the newest day that events begin; it holds from the day after it was said. */
  async function readVerdicts(day: number): Promise<void> {
    if (day <= verdictsTo) return;
    const asked = parts.now();
    const rows = await store.ask(verdictsOfPeople, {});
    engine.setVerdicts(
      rows.map(({ state, ...row }) => {
        const { verdict, finding_uids, members } = JSON.parse(state) as Incident;
        return { ...row, verdict, finding_uids, members };
      }),
    );
    // What is said from now on holds for later days than this one; give or take the clocks of those who say it.
    verdictsTo = Math.max(day, dayOf(asked - HOUR_MS));
  }

  async function loadMissing(events: readonly DetectEvent[]): Promise<void> {
    let newest = 0;
    for (const event of events) if (event.time > newest) newest = event.time;
    // A clock that runs ahead must not keep what is said today from being read tomorrow.
    await readVerdicts(dayOf(Math.min(newest, parts.now())));
    if (ledger.generation() === 0) return;
    const missing = engine.missing(events).filter((s) => !known.has(s));
    if (missing.length === 0) return;
    const rows = await ledger.profiles(missing);
    engine.load(rows);
    const unheard = new Set(missing);
    for (const row of rows) unheard.delete(row.subject_uid);
    await loadPredecessors(events.filter((e) => unheard.has(e.subject_uid) && mayInherit(e)));
    for (const subject of missing) known.add(subject);
  }

  /** A key that was never seen may be the successor of one that rests in the store. */
  async function loadPredecessors(events: readonly DetectEvent[]): Promise<void> {
    if (events.length === 0) return;
    const principals = [...new Set(events.map((e) => e.principal_uid))];
    const since = events.reduce((first, e) => Math.min(first, e.time), Number.MAX_SAFE_INTEGER) - LINEAGE_MS;
    const wanted = new Set(engine.predecessors(events));
    for (let i = 0; i < principals.length; i += PRINCIPALS_AT_ONCE) {
      const some = principals.slice(i, i + PRINCIPALS_AT_ONCE);
      for (const row of await store.ask(keysOfPrincipals, { principals: some, since })) wanted.add(row.subject_uid);
    }
    const cold = [...wanted].filter((subject) => !known.has(subject) && engine.profile(subject) === null);
    if (cold.length > 0) engine.load(await ledger.profiles(cold));
    for (const subject of cold) known.add(subject);
  }

  async function catchUp(ranges: readonly SeqRange[], options: CatchUpOptions) {
    let count = 0;
    const found = new Map<string, Finding>();
    const keep = (findings: Finding[]) => {
      for (const f of findings) found.set(f.uid, f);
    };
    for await (const events of readEvents(store, { ranges }, parts.pageRows)) {
      await loadMissing(events);
      for (let i = 0; i < events.length; i += AT_ONCE) {
        const some = events.slice(i, i + AT_ONCE);
        await complete(engine.process(some, { sorted: false, now: parts.now() }), keep);
        count += some.length;
        options.onProgress?.(count);
        await othersFirst();
        if (options.signal?.aborted) {
          await takeBack();
          return { events: 0, findings: 0 };
        }
      }
    }
    if (count > 0) await finish(undefined, keep);
    await askAgain(keep);
    outbox.add(inEventOrder([...found.values()]), options.report);
    await outbox.send();
    return { events: count, findings: found.size };
  }

  /** finish judges what is open, of one provider or of all; what waited outside of memory comes first. */
  async function finish(provider: string | undefined, keep: (findings: Finding[]) => void): Promise<void> {
    for (let interrupted = true; interrupted; ) {
      const findings = engine.finish(provider);
      interrupted = engine.wanted() !== null;
      await complete(findings, keep);
    }
  }

  function beginOrdered(): Ordered {
    const found = new Map<string, Finding>();
    let count = 0;
    let inOrder = true;
    const keep = (findings: Finding[]) => {
      for (const f of findings) found.set(f.uid, f);
    };
    const offer = async (events: readonly DetectEvent[]): Promise<void> => {
      if (!inOrder) return;
      inOrder = !events.some((e) => e.time < engine.watermark(e.provider));
      if (!inOrder) return;
      await loadMissing(events);
      await complete(engine.process(events, { sorted: false, now: parts.now() }), keep);
      count += events.length;
    };
    const end = async ({ report }: { report: boolean }) => {
      if (!inOrder) {
        await takeBack();
        return null;
      }
      if (count > 0) await finish(undefined, keep);
      await askAgain(keep);
      outbox.add(inEventOrder([...found.values()]), report);
      await outbox.send();
      return { events: count, findings: found.size };
    };
    return { offer: (events) => inTurn(() => offer(events)), end: (options) => inTurn(() => end(options)) };
  }

  /** Live events whose profiles the store did not give; they are judged with the next ones, and no checkpoint passes them. */
  let unjudged: DetectEvent[] = [];

  async function judgeLive(keep: (findings: Finding[]) => void): Promise<void> {
    if (unjudged.length > 0) {
      await loadMissing(unjudged);
      const events = unjudged;
      unjudged = [];
      await complete(engine.process(events, { sorted: false, now: parts.now() }), keep);
    }
    await askAgain(keep);
  }

  /** Profiles that the store refused; the next save brings them, or a checkpoint would pass them. */
  const unsaved = new Map<string, ProfileRow>();

  async function save(upto: number, more: readonly ProfileRow[]): Promise<void> {
    const keep = (findings: Finding[]) => outbox.add(findings, false);
    await judgeLive(keep);
    await complete([], keep);
    await askAgain(keep);
    await outbox.send();
    for (const row of engine.takeDirty()) unsaved.set(row.subject_uid, row);
    for (const row of more) unsaved.set(row.subject_uid, row);
    if (unsaved.size === 0 && upto === ledger.detectedTo()) return;
    await ledger.save([...unsaved.values()], upto);
    unsaved.clear();
    for (const subject of engine.dropCold(parts.maxProfiles ?? MAX_PROFILES)) known.delete(subject);
  }

  return {
    beginOrdered,
    catchUp: (ranges, options) => inTurn(() => catchUp(ranges, options)),
    load: (events) => inTurn(() => loadMissing(events)),
    accept: (events) =>
      inTurn(async () => {
        unjudged = unjudged.length === 0 ? [...events] : [...unjudged, ...events];
        const findings: Finding[] = [];
        await judgeLive((more) => {
          findings.push(...more);
          outbox.add(more, false);
        });
        await outbox.send();
        return findings;
      }),
    tick: (rule = () => "clock") =>
      inTurn(async () => {
        const now = parts.now();
        for (const provider of engine.providers()) {
          const pace = rule(provider);
          if (pace === "waits") continue;
          const keep = (findings: Finding[]) => outbox.add(findings, false);
          if (pace === "ended") await finish(provider, keep);
          else await complete(engine.advance(provider, now - 2 * parts.latenessOf(provider)), keep);
          await outbox.send();
        }
      }),
    forget: (subjects) =>
      inTurn(async () => {
        engine.forget(subjects);
        unjudged = unjudged.filter((e) => !subjects.has(e.subject_uid));
        for (const subject of subjects) {
          known.delete(subject);
          unsaved.delete(subject);
        }
        outbox.forget(subjects);
      }),
    save: (upto, more = []) => inTurn(() => save(upto, more)),
    detectedTo: () => ledger.detectedTo(),
  };
}

/** The last moment that a DateTime64(3) holds, ms. */
const LAST_MS = 10_413_791_999_999;
