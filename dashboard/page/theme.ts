import { useEffect, useState } from "preact/hooks";

export type Theme = "auto" | "light" | "dark";
const ORDER: readonly Theme[] = ["auto", "light", "dark"];
const NAME = "keywatch-theme";

/** useTheme keeps the choice in this browser; `auto` is what the system says. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => ORDER.find((t) => t === localStorage.getItem(NAME)) ?? "auto");
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem(NAME, theme);
  }, [theme]);
  return [theme, () => setTheme((t) => ORDER[(ORDER.indexOf(t) + 1) % ORDER.length] ?? "auto")];
}
