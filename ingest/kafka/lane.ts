/** Message is one record of a topic. */
export interface Message {
  offset: number;
  key: string | null;
  value: Buffer | null;
  headers: Record<string, string>;
  /** ms since the epoch, as the producer or broker set it. */
  timestamp: number;
}

/** Work is what is done with one partition while it is ours. After an error it is dropped, and another is opened from what was saved. */
export interface Work {
  /** First offset wanted; null: where the group left off, or the beginning. */
  from: number | null;
  /** Messages in order. */
  take(messages: readonly Message[]): Promise<void>;
  /** Nothing waits; called about every second, with the time since something did, ms. */
  idle(silentMs: number): Promise<void>;
  /** Asked after the group has met again. */
  stillMine(): Promise<boolean>;
  /** No more is coming; with `drain` the partition is still ours, and what was done is to be saved. */
  end(drain: boolean): Promise<void>;
}

export interface LaneStatus {
  topic: string;
  partition: number;
  /** The next offset that is fetched, and the end of the partition when it was last told; null while nothing could be read. */
  next: number;
  end: number | null;
  queuedBytes: number;
}

export interface LaneParts {
  topic: string;
  partition: number;
  /** Bytes that may wait; it shrinks where many partitions share the process. */
  maxQueued(): number;
  pause(): void;
  resume(): void;
  seek(offset: number): void;
  open(): Promise<Work>;
  /** Where the group left off, or the beginning. */
  start(): Promise<number>;
  onTrouble(error: unknown): void;
}

/** Lane is the queue of one partition and the loop that works it off. */
export interface Lane {
  run(after: Promise<void>): Promise<void>;
  push(messages: Message[], next: number, end: number): void;
  /** What lies from the first offset to before the next one holds nothing for us: markers of transactions. */
  skip(first: number, next: number, end: number): void;
  /** Where the group may be told to be, when everything before `offset` is done: behind what holds nothing. Null once the topic began again. */
  settled(offset: number): number | null;
  isOpen(): boolean;
  held(): boolean;
  /** The partition went to somebody else. */
  lose(): void;
  /** The group met again and the partition stayed here. */
  rejoined(): void;
  /** Ends the loop in order. */
  drain(): Promise<void>;
  ended(): Promise<void>;
  status(): LaneStatus;
}

const IDLE_MS = 500;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export function createLane(parts: LaneParts): Lane {
  const queue: { messages: Message[]; bytes: number }[] = [];
  let queued = 0;
  let next = -1;
  /** Behind the last message of the batch that was handed over last. */
  let taken = -1;
  let end: number | null = null;
  let state: "waiting" | "open" | "lost" | "draining" = "waiting";
  let full = false;
  let met = false;
  /** The topic ends before what was fetched: it was made anew. What is queued is of the old one, and is done first. */
  let anew = false;
  let lastAt = performance.now();
  let wake: () => void = () => undefined;
  let finished: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const held = () => state === "waiting" || state === "open";

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  function closeDoor(): void {
    queue.length = queued = 0;
    full = anew = false;
    parts.pause();
    if (state === "open") state = "waiting";
  }

  async function run(after: Promise<void>): Promise<void> {
    closeDoor();
    await after;
    let pause = FIRST_PAUSE_MS;
    while (held()) {
      let work: Work | null = null;
      try {
        work = await parts.open();
        // Sought even where the group left off: what was fetched before, and dropped after an error, comes again.
        const from = work.from ?? (await parts.start());
        if (!held()) break;
        next = taken = from;
        parts.seek(from);
        state = "open";
        lastAt = performance.now();
        parts.resume();
        await workOff(work, () => {
          pause = FIRST_PAUSE_MS;
        });
        if (!anew || !held()) continue;
        // The partition is still ours, and what was done stays true.
        await work.end(true);
        work = null;
        closeDoor();
      } catch (error) {
        if (held()) parts.onTrouble(error);
        closeDoor();
        await work?.end(false).catch(() => undefined);
        work = null;
        if (held()) await sleep(pause);
        pause = Math.min(LONGEST_PAUSE_MS, 2 * pause);
      } finally {
        // What cannot be saved now is done again by whoever comes next.
        await work?.end(state === "draining").catch(parts.onTrouble);
      }
    }
    finished();
  }

  async function workOff(work: Work, went: () => void): Promise<void> {
    while (held()) {
      if (met) {
        met = false;
        if (!(await work.stillMine())) throw new Error("another process had taken the partition over");
      }
      const batch = queue.shift();
      if (batch) {
        queued -= batch.bytes;
        if (full && queued < parts.maxQueued() / 2) {
          full = false;
          parts.resume();
        }
        taken = batch.messages.at(-1)!.offset + 1;
        await work.take(batch.messages);
        went();
        lastAt = performance.now();
        continue;
      }
      if (anew) return;
      await sleep(IDLE_MS);
      if (queue.length === 0 && held()) await work.idle(performance.now() - lastAt);
    }
  }

  return {
    run,
    push(messages, following, last) {
      if (state === "open" && last < next) {
        anew = true;
        wake();
      }
      if (anew) return;
      const fresh = messages[0]!.offset >= next ? messages : messages.filter((m) => m.offset >= next);
      next = Math.max(next, following);
      end = last;
      if (fresh.length === 0) return;
      const bytes = fresh.reduce((n, m) => n + (m.value?.length ?? 0) + 100, 0);
      queue.push({ messages: fresh, bytes });
      queued += bytes;
      if (queued > parts.maxQueued() && !full) {
        full = true;
        parts.pause();
      }
      wake();
    },
    skip(first, following, last) {
      // What begins further on was fetched before the lane went back.
      if (state !== "open" || anew || first > next) return;
      next = Math.max(next, following);
      end = last;
    },
    settled: (offset) => (anew ? null : queue.length === 0 && offset >= taken ? Math.max(offset, next) : offset),
    isOpen: () => state === "open",
    held,
    lose() {
      if (state !== "draining") state = "lost";
      closeDoor();
      parts.resume();
      wake();
    },
    rejoined() {
      met = true;
      // The consumer went back to what the group knows: what is queued here was fetched before.
      if (state === "open") parts.seek(next);
      if (state !== "open" || full) parts.pause();
    },
    async drain() {
      if (held()) state = "draining";
      wake();
      await ended;
    },
    ended: () => ended,
    status: () => ({
      topic: parts.topic,
      partition: parts.partition,
      next: Math.max(0, next),
      // Of a partition that brought nothing since it was opened, nobody tells.
      end: end ?? (state === "open" ? next : null),
      queuedBytes: queued,
    }),
  };
}
