import { useEffect, useState } from "preact/hooks";
import type { ChangeRow } from "../../schemas/queries/page.ts";

/** Live counts what came in over the stream; a view that hangs on a number asks again when it moves. */
export interface Live {
  connected: boolean;
  /** Transitions heard. */
  incidents: number;
  /** Times that rows arrived, at most one in five seconds. */
  activity: number;
  /** The newest transition. */
  last: ChangeRow | null;
}

const CALM_MS = 5_000;

/** useLive listens to /v1/stream while `on`; the browser comes again by itself, with the last id it heard. */
export function useLive(on: boolean): Live {
  const [live, setLive] = useState<Live>({ connected: false, incidents: 0, activity: 0, last: null });
  useEffect(() => {
    if (!on) return;
    const source = new EventSource("/v1/stream");
    let calmUntil = 0;
    let later: ReturnType<typeof setTimeout> | undefined;
    const connected = (is: boolean) => setLive((l) => (l.connected === is ? l : { ...l, connected: is }));
    const moved = () => {
      calmUntil = Date.now() + CALM_MS;
      later = undefined;
      setLive((l) => ({ ...l, activity: l.activity + 1 }));
    };
    source.addEventListener("open", () => connected(true));
    source.addEventListener("error", () => connected(false));
    source.addEventListener("incident", (event) => {
      const last = JSON.parse((event as MessageEvent<string>).data) as ChangeRow;
      setLive((l) => ({ ...l, incidents: l.incidents + 1, last }));
    });
    source.addEventListener("reset", () => setLive((l) => ({ ...l, incidents: l.incidents + 1 })));
    source.addEventListener("activity", () => {
      later ??= setTimeout(moved, Math.max(0, calmUntil - Date.now()));
    });
    return () => {
      clearTimeout(later);
      source.close();
    };
  }, [on]);
  return live;
}
