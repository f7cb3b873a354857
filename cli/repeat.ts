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
