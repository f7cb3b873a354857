import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

const changed = new EventTarget();

export function navigate(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  changed.dispatchEvent(new Event("go"));
}

/** usePlace gives the address of the page as it is now. */
export function usePlace(): URL {
  const [place, setPlace] = useState(() => new URL(location.href));
  useEffect(() => {
    const look = () => setPlace(new URL(location.href));
    addEventListener("popstate", look);
    changed.addEventListener("go", look);
    return () => {
      removeEventListener("popstate", look);
      changed.removeEventListener("go", look);
    };
  }, []);
  return place;
}

type LinkProps = Omit<JSX.IntrinsicElements["a"], "href"> & { href: string; children?: ComponentChildren };

/** Link goes to another view without loading the page again; a click with a modifier is the browser's. */
export function Link({ href, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
    scrollTo(0, 0);
  };
  return (
    <a href={href} onClick={follow} {...rest}>
      {children}
    </a>
  );
}

/** submitForm sends the form of a choice as soon as it is made. */
export const submitForm = (event: Event): void => (event.currentTarget as HTMLSelectElement).form?.requestSubmit();
