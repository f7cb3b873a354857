import type { DetectEvent } from "../../detect/detection.ts";
import type { Engine } from "../../detect/engine.ts";
import type { Finding } from "../../schemas/finding.ts";
import { engineFor, event } from "../detect/make.ts";

/** State of an engine as it goes to the store, by subject. */
export type EngineRows = { subject_uid: string; state: string }[];

/**
 * Life plays calls through the real engine with every detection, as a closed input in event-time order, and keeps the last form of what one
 * detection found.
 */
export interface Life {
  play(events: readonly DetectEvent[]): void;
  /** What the store would hold now: another life can go on from it. */
  rows(): EngineRows;
  /** Ends the input. */
  end(): Finding[];
}

export function beginLife(detection: string, rows: EngineRows = [], engine: Engine = engineFor()): Life {
  const known = new Map<string, string>();
  const found = new Map<string, Finding>();
  const hear = (findings: readonly Finding[]) => {
    for (const f of findings) if (f.detection === detection) found.set(f.uid, f);
  };
  engine.load(rows);
  return {
    play: (events) => hear(engine.process(events, { sorted: true, now: Number.MAX_SAFE_INTEGER })),
    rows() {
      for (const row of engine.takeDirty()) known.set(row.subject_uid, row.state);
      return [...known].map(([subject_uid, state]) => ({ subject_uid, state }));
    },
    end() {
      hear(engine.finish());
      return [...found.values()];
    },
  };
}

/** callsAt are calls of one key that differ in nothing but their time. */
export const callsAt = (times: readonly number[]): DetectEvent[] =>
  [...times].sort((a, b) => a - b).map((time) => event({ time }));
