import type { Finding } from "../schemas/finding.ts";
import { openProfilesAt, profilesAt, type SeqRange, strayProfiles } from "../schemas/queries/detect.ts";
import { checkpointOf } from "../schemas/queries/ingest.ts";
import type { Store } from "../schemas/store/store.ts";
import type { DetectEvent } from "./detection.ts";
import { ENGINE_SUBJECT, type Engine } from "./engine.ts";
import { readEvents, readFrom } from "./event_reader.ts";

export interface DetectorParts {
  store: Store;
  engine: Engine;
  /** Wall clock, ms. */
  now: () => number;
  /** Called with findings after they were stored and before the checkpoint; repeated after a crash with the same uids. */
  onFindings(findings: Finding[], options: { report: boolean }): Promise<void>;
  latenessOf(provider: string): number;
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
  /** Judges a batch that was just stored. */
  accept(events: readonly DetectEvent[]): Promise<Finding[]>;
  /** Moves time on for providers that are silent; closes windows and seals days. */
  tick(): Promise<void>;
  /** Writes profiles and checkpoint; `upto` is the last number that is stored and judged. */
  save(upto: number): Promise<void>;
  /** Forgets subjects in memory; what the store holds of them goes first or after. */
  forget(subjects: ReadonlySet<string>): Promise<void>;
  detectedTo(): number;
}

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
}

const LOG = "events";
const PROFILE_BLOCK = 2_000;

export async function createDetector(parts: DetectorParts): Promise<Detector> {
  const { store, engine } = parts;
  const [checkpoint] = await store.ask(checkpointOf, { log: LOG });
  let generation = checkpoint?.generation ?? 0;
  let detectedTo = checkpoint?.detected_to ?? 0;
  await dropStrays(store, generation);
  const known = new Set<string>();
  await restore();
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
    engine.load(await store.ask(profilesAt, { subjects: [ENGINE_SUBJECT], generation }));
    engine.load(await store.ask(openProfilesAt, { generation }));
    for (const { provider, from } of engine.owed()) engine.defer(await readFrom(store, provider, from, detectedTo));
  }

  async function loadMissing(events: readonly DetectEvent[]): Promise<void> {
    if (generation === 0) return;
    const missing = engine.missing(events).filter((s) => !known.has(s));
    for (const subject of missing) known.add(subject);
    for (let i = 0; i < missing.length; i += PROFILE_BLOCK) {
      engine.load(await store.ask(profilesAt, { subjects: missing.slice(i, i + PROFILE_BLOCK), generation }));
    }
  }

  /** Findings that the store or the alerting refused; they go out with the next ones, and no checkpoint passes them. */
  let unpublished = new Map<string, { finding: Finding; report: boolean }>();

  async function publish(findings: readonly Finding[], report: boolean): Promise<void> {
    for (const finding of findings) unpublished.set(finding.uid, { finding, report });
    if (unpublished.size === 0) return;
    const waiting = [...unpublished.values()];
    await store.insert(
      "findings",
      waiting.map((w) => findingRow(w.finding)),
    );
    for (const quiet of [false, true]) {
      const part = waiting.filter((w) => w.report === quiet).map((w) => w.finding);
      if (part.length > 0) await parts.onFindings(part, { report: quiet });
    }
    unpublished = new Map();
  }

  async function catchUp(ranges: readonly SeqRange[], options: CatchUpOptions) {
    let count = 0;
    const found = new Map<string, Finding>();
    const keep = (findings: Finding[]) => {
      for (const f of findings) found.set(f.uid, f);
    };
    for await (const events of readEvents(store, ranges)) {
      await loadMissing(events);
      keep(engine.process(events, { sorted: true, now: parts.now() }));
      count += events.length;
      options.onProgress?.(count);
    }
    if (count > 0) keep(engine.finish());
    await publish(inEventOrder(found.values()), options.report);
    return { events: count, findings: found.size };
  }

  function beginOrdered(): Ordered {
    const found = new Map<string, Finding>();
    let count = 0;
    let inOrder = true;
    const offer = async (events: readonly DetectEvent[]): Promise<void> => {
      if (!inOrder) return;
      inOrder = !events.some((e) => e.time < engine.watermark(e.provider));
      if (!inOrder) return;
      await loadMissing(events);
      for (const f of engine.process(events, { sorted: false, now: parts.now() })) found.set(f.uid, f);
      count += events.length;
    };
    const end = async ({ report }: { report: boolean }) => {
      if (!inOrder) {
        engine.reset();
        await restore();
        return null;
      }
      if (count > 0) for (const f of engine.finish()) found.set(f.uid, f);
      await publish(inEventOrder(found.values()), report);
      return { events: count, findings: found.size };
    };
    return { offer: (events) => inTurn(() => offer(events)), end: (options) => inTurn(() => end(options)) };
  }

  async function save(upto: number): Promise<void> {
    await publish([], false);
    const rows = engine.takeDirty();
    if (rows.length === 0 && upto === detectedTo) return;
    generation++;
    const updated_at = new Date(parts.now()).toISOString();
    for (let i = 0; i < rows.length; i += PROFILE_BLOCK) {
      await store.insert(
        "profiles",
        rows.slice(i, i + PROFILE_BLOCK).map((r) => ({ ...r, generation, seq: upto, updated_at })),
      );
    }
    await store.insert("checkpoints", [{ log: LOG, generation, stored_to: upto, detected_to: upto, updated_at }]);
    detectedTo = upto;
  }

  return {
    beginOrdered,
    catchUp: (ranges, options) => inTurn(() => catchUp(ranges, options)),
    accept: (events) =>
      inTurn(async () => {
        await loadMissing(events);
        const findings = engine.process(events, { sorted: false, now: parts.now() });
        await publish(findings, false);
        return findings;
      }),
    tick: () =>
      inTurn(async () => {
        const now = parts.now();
        for (const provider of engine.providers()) {
          const findings = engine.advance(provider, now - 2 * parts.latenessOf(provider));
          await publish(findings, false);
        }
      }),
    forget: (subjects) =>
      inTurn(async () => {
        engine.forget(subjects);
        for (const subject of subjects) known.delete(subject);
        for (const [uid, { finding }] of unpublished) if (subjects.has(finding.subject_uid)) unpublished.delete(uid);
      }),
    save: (upto) => inTurn(() => save(upto)),
    detectedTo: () => detectedTo,
  };
}

/** Incidents depend on the order of findings, so it must not depend on how the input was cut. */
const inEventOrder = (findings: Iterable<Finding>): Finding[] =>
  [...findings].sort((a, b) => a.first_seen - b.first_seen || (a.uid < b.uid ? -1 : 1));

/** A run that died between profiles and checkpoint left profiles that know more than the checkpoint says. */
async function dropStrays(store: Store, generation: number): Promise<void> {
  const [stray] = await store.ask(strayProfiles, { generation });
  if ((stray?.rows ?? 0) > 0)
    await store.command("DELETE FROM profiles WHERE generation > {generation:UInt64}", { generation });
}

/** findingRow is a finding as the `findings` table has it. */
function findingRow(f: Finding): object {
  return {
    uid: f.uid,
    detection: f.detection,
    severity: f.severity,
    title: f.title,
    provider: f.provider,
    account: f.account,
    subject_uid: f.subject_uid,
    principal_uid: f.principal_uid,
    key_uid: f.key_uid,
    key_hint: f.key_hint,
    key_name: f.key_name,
    owner: f.owner,
    environment: f.environment,
    dimension: f.dimension,
    bucket: new Date(f.bucket).toISOString(),
    first_seen: new Date(f.first_seen).toISOString(),
    last_seen: new Date(f.last_seen).toISOString(),
    reasons: f.reasons,
    event_uids: f.event_uids,
    event_count: f.event_count,
    risk: f.risk,
    learning: f.learning,
    late: f.late,
    version: f.version,
    document: JSON.stringify(f),
  };
}
