import type { RefObject } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get } from "./api.ts";

export interface Loaded<T> {
  data: T | null;
  error: string | null;
  reload(): void;
}

/** useData asks for a path, and again whenever the path or `again` changes; old data stays on the screen until the new is there. */
export function useData<T>(path: string | null, again: unknown = 0): Loaded<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; error: string | null }>({
    path: null,
    data: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === null) return;
    let wanted = true;
    get<T>(path).then(
      (data) => wanted && setState({ path, data, error: null }),
      (error: unknown) =>
        wanted &&
        setState((old) => ({
          path,
          data: old.path === path ? old.data : null,
          error: error instanceof ApiError ? error.message : String(error),
        })),
    );
    return () => {
      wanted = false;
    };
  }, [path, again, turn]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  return { data: state.data, error: state.error, reload };
}

/** useWidth measures an element, so that a chart is drawn in its own pixels. */
export function useWidth(): [RefObject<HTMLDivElement>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** useTitle names the page, for the tab and for who hears it. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · keywatch`;
  }, [title]);
}
