/** Days of which the number of calls is kept: five weeks, so that the last week can be held against the one four weeks before it. */
export const VOLUME_DAYS = 36;

/** VolumeMemory holds the successful calls of the last days, the newest last; a day without calls is 0. */
export interface VolumeMemory {
  /** Day of the last entry; -1 before the first. */
  through: number;
  counts: number[];
}

export const emptyVolume = (): VolumeMemory => ({ through: -1, counts: [] });

/** sealVolume adds a day. A late one is added to its own entry. */
export function sealVolume(memory: VolumeMemory, day: number, calls: number): void {
  if (memory.through < 0) {
    memory.through = day;
    memory.counts = [calls];
    return;
  }
  if (day <= memory.through) {
    const at = memory.counts.length - 1 - (memory.through - day);
    if (at >= 0) memory.counts[at]! += calls;
    return;
  }
  if (day - memory.through > VOLUME_DAYS) memory.counts = [];
  else for (let d = memory.through + 1; d < day; d++) memory.counts.push(0);
  memory.counts.push(calls);
  if (memory.counts.length > VOLUME_DAYS) memory.counts = memory.counts.slice(-VOLUME_DAYS);
  memory.through = day;
}

/** callsOn gives the calls of a day, null where it is not known. */
export function callsOn(memory: VolumeMemory, day: number): number | null {
  if (memory.through < 0 || day > memory.through) return day > memory.through && memory.through >= 0 ? 0 : null;
  return memory.counts[memory.counts.length - 1 - (memory.through - day)] ?? null;
}
