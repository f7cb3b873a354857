/** repeat looks now and again, each time an interval after the last look ended, until `stop`, which waits for the look under way. */
export function repeat(
  look: () => Promise<void>,
  intervalMs: number,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let under: Promise<void> = Promise.resolve();
  const again = () => {
    under = look()
      .catch((error: unknown) => {
        if (!stopped) onError(error);
      })
      .then(() => {
        if (!stopped) timer = setTimeout(again, intervalMs);
      });
  };
  again();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await under;
    },
  };
}

/** Poller asks a source for what is new. */
export interface Poller {
  /** One look; `repeatPoller` looks again and again. */
  look(): Promise<void>;
  /** Breaks off the look under way. */
  stop(): Promise<void>;
}

/** repeatPoller looks at every interval until `stop`, which breaks off the look under way and waits for its end. */
export function repeatPoller(
  poller: Poller,
  intervalMs: number,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  const looks = repeat(poller.look, intervalMs, onError);
  return {
    async stop() {
      const ended = looks.stop();
      await poller.stop();
      await ended;
    },
  };
}
