import type { Finding } from "../schemas/finding.ts";
import type { Signal } from "../schemas/signal.ts";
import type { FindingState } from "./finding_state.ts";
import type { Fleet } from "./fleet/fleet.ts";

export interface ToldParts {
  /** Null where another process looks at many keys. */
  fleet: Pick<Fleet, "take"> | null;
  onSignals: ((signals: readonly Signal[]) => void) | undefined;
  /** Called when signals were told. */
  learned(): void;
}

/** Told gathers what an engine has to say until it is taken: findings that began or grew, and what other keys may share. */
export interface Told {
  changed(state: FindingState): void;
  signal(signal: Signal): void;
  /** What a source says of itself is heard at once: the keys' own silences are judged by it. */
  pulse(signal: Signal): void;
  findings(): Finding[];
  /** Tells the signals, and gives what they say of many keys. */
  fleetFindings(): Finding[];
  forget(subjects: ReadonlySet<string>): void;
  clear(): void;
}

export function createTold({ fleet, onSignals, learned }: ToldParts): Told {
  let changed = new Map<string, FindingState>();
  let ofSources = new Map<string, Finding>();
  let signals = new Map<string, Signal>();
  return {
    changed: (state) => void changed.set(state.finding.uid, state),
    signal(signal) {
      const { kind, provider, subject_uid, value, event_uid, time } = signal;
      const id = kind === "window" ? `window ${provider} ${time}` : `${kind} ${subject_uid} ${value} ${event_uid}`;
      signals.set(id, signal);
    },
    pulse(signal) {
      learned();
      if (fleet) for (const finding of fleet.take([signal])) ofSources.set(finding.uid, finding);
      else onSignals!([signal]);
    },
    findings() {
      const found = [...[...changed.values()].map((s) => ({ ...s.finding })), ...ofSources.values()];
      changed = new Map();
      ofSources = new Map();
      return found;
    },
    fleetFindings() {
      if (signals.size === 0) return [];
      const told = [...signals.values()];
      signals = new Map();
      learned();
      if (fleet) return fleet.take(told);
      onSignals!(told);
      return [];
    },
    forget(subjects) {
      for (const [uid, state] of changed) if (subjects.has(state.finding.subject_uid)) changed.delete(uid);
    },
    clear() {
      changed = new Map();
      ofSources = new Map();
      signals = new Map();
    },
  };
}
