import { useEffect, useState } from "preact/hooks";
import type { ChangeRow } from "../../schemas/queries/page.ts";

/** Live counts what came in over the stream; a view that hangs on a number asks again when it moves. */
export interface Live {
  connected: boolean;
  /** Times to ask for incidents again: a transition was heard, or it has been quiet for five seconds after any news. */
  incidents: number;
  /** Times to ask for numbers again: rows arrived, at most once in five seconds, and once more when it has been quiet for so long. */
  activity: number;
  /** The newest transition. */
  last: ChangeRow | null;
}

/** Longer than the server keeps an answer: what is asked so long after the last news holds all of it. */
const CALM_MS = 5_000;

/** useLive listens to /v1/stream while `on`; the browser comes again by itself, with the last id it heard. */
export function useLive(on: boolean): Live {
  const [live, setLive] = useState<Live>({ connected: false, incidents: 0, activity: 0, last: null });
  useEffect(() => {
    if (!on) return;
    const source = new EventSource("/v1/stream");
    let calmUntil = 0;
    let later: ReturnType<typeof setTimeout> | undefined;
    let last: ReturnType<typeof setTimeout> | undefined;
    const connected = (is: boolean) => setLive((l) => (l.connected === is ? l : { ...l, connected: is }));
    const moved = () => {
      calmUntil = Date.now() + CALM_MS;
      later = undefined;
      setLive((l) => ({ ...l, activity: l.activity + 1 }));
    };
    const news = () => {
      clearTimeout(last);
      last = setTimeout(() => {
        moved();
        setLive((l) => ({ ...l, incidents: l.incidents + 1 }));
      }, CALM_MS);
    };
    source.addEventListener("open", () => {
      connected(true);
      news();
    });
    source.addEventListener("error", () => connected(false));
    source.addEventListener("incident", (event) => {
      const change = JSON.parse((event as MessageEvent<string>).data) as ChangeRow;
      setLive((l) => ({ ...l, incidents: l.incidents + 1, last: change }));
      news();
    });
    source.addEventListener("reset", () => {
      setLive((l) => ({ ...l, incidents: l.incidents + 1 }));
      news();
    });
    source.addEventListener("activity", () => {
      news();
      later ??= setTimeout(moved, Math.max(0, calmUntil - Date.now()));
    });
    return () => {
      clearTimeout(later);
      clearTimeout(last);
      source.close();
    };
  }, [on]);
  return live;
}
