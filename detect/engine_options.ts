import type { Severity } from "../schemas/severity.ts";
import type { Signal } from "../schemas/signal.ts";
import type { Baseline, Policy } from "./detection.ts";
import type { InventoryIndex } from "./inventory_index.ts";

export interface EngineOptions {
  detections: readonly (Policy | Baseline)[];
  inventory: InventoryIndex;
  /** Expected lateness of a provider's records, ms. */
  latenessOf(provider: string): number;
  learning: { min_age: number; min_events: number; min_active_days: number; quarantine_days: number };
  /** Per detection: switched off, another severity, another weight. */
  overrides: Record<string, { enabled: boolean; severity?: Severity | undefined; weight?: number | undefined }>;
  /** Networks of the organisation: never new. */
  isOwn(address: string): boolean;
  /** Takes the signals for detections that look at many keys; left out, this engine sees all keys and judges them itself. */
  onSignals?(signals: readonly Signal[]): void;
  /** Names this engine among several, in signals. */
  name?: string;
  /** Profiles of quiet keys that stay unpacked in memory; what is found does not depend on it. */
  maxUnpacked?: number;
  /** Told once, when so many keys are at work that their profiles begin to be packed. */
  onManyKeys?(): void;
  /** Told of a detection that threw; the event's other detections and all other events go on. Without it the error is thrown. */
  onFault?(detection: string, eventUid: string, error: unknown): void;
}

export interface ProcessOptions {
  /** True where the input is complete and in event-time order: nothing has to wait for lateness. */
  sorted: boolean;
  /** Event times after this do not move the watermark, ms: a clock that runs ahead must not make everybody else late. */
  now: number;
}
