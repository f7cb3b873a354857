import { demoCompromises } from "./compromises.ts";
import type { Fleet } from "./fleet.ts";
import { isWorking, normalCall, timedHistory } from "./history.ts";
import { createRandom } from "./random.ts";
import type { CloudTrailRecord } from "./record.ts";

export interface Played {
  /** When the record is written, ms after the start of play. */
  atMs: number;
  record: CloudTrailRecord;
  /** Id of the compromise it belongs to, null for normal traffic. */
  compromise: string | null;
}

/** For so long traffic is brisker than real, so that a newcomer sees the fleet move. */
const BRISK_MS = 60_000;
const BRISK_GAP_MS = 1500;

/**
 * playLive is the endless score of the demo in order of atMs: all compromises within the first 20 s among brisk normal
 * traffic, then the fleet at its own pace. Event times are `start + atMs`, but for the attack that happened last night.
 * The caller waits; nothing here reads a clock.
 */
export function* playLive({ fleet, seed, start }: { fleet: Fleet; seed: number; start: number }): Generator<Played> {
  const opening = [...briskTraffic(fleet, seed, start), ...attacks(fleet, seed, start)];
  opening.sort((a, b) => a.atMs - b.atMs);
  let next = 0;
  for (const { time, record } of timedHistory({ fleet, seed, from: start, to: Number.POSITIVE_INFINITY })) {
    while (next < opening.length && opening[next]!.atMs <= time - start) yield opening[next++]!;
    yield { atMs: time - start, record, compromise: null };
  }
}

function attacks(fleet: Fleet, seed: number, start: number): Played[] {
  return demoCompromises(fleet, seed).flatMap(({ id, startsAtMs, spacingMs, records }) =>
    records(start + startsAtMs).map((record, i) => ({ atMs: startsAtMs + i * spacingMs, record, compromise: id })),
  );
}

/** briskTraffic takes agents that may work at this moment, by their usual share; jobs on a schedule keep to it. */
function briskTraffic(fleet: Fleet, seed: number, start: number): Played[] {
  const random = createRandom(seed, "brisk", start);
  const working = fleet.agents.filter((agent) => isWorking(agent, start));
  const weights = Object.fromEntries(working.map((agent) => [agent.name, agent.rhythm.callsPerDay]));
  const out: Played[] = [];
  for (let atMs = 500; atMs < BRISK_MS && working.length > 0; atMs += 200 + random.exponential(BRISK_GAP_MS)) {
    const name = random.weighted(weights);
    const agent = working.find((a) => a.name === name)!;
    const { record } = normalCall(agent, seed, start + atMs, random);
    out.push({ atMs: Math.floor(atMs), record, compromise: null });
  }
  return out;
}
