/** Stopped is what breaks off a start that nobody wants any more. */
export class Stopped extends Error {
  constructor() {
    super("It was told to stop while it started.");
  }
}

/** unlessStopped waits for work, and no longer once the signal says so: it then throws Stopped, and what comes later is let go. */
export function unlessStopped<T>(
  stopping: AbortSignal,
  work: Promise<T>,
  letGo: (late: T) => unknown = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(new Stopped());
      work.then(letGo).catch(() => undefined);
    };
    if (stopping.aborted) return leave();
    stopping.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => stopping.removeEventListener("abort", leave));
  });
}
