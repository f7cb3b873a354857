import type { DetectEvent } from "./detection.ts";

const countries = new Intl.DisplayNames(["en"], { type: "region" });

/** countryName gives "Brazil" for BR; the code itself where nobody knows it. */
export function countryName(code: string): string {
  try {
    return countries.of(code) ?? code;
  } catch {
    return code;
  }
}

/** placeWords says where a call came from: "203.0.113.9, Example Hosting (AS64500), Brazil". */
export function placeWords(event: DetectEvent): string {
  const parts = [event.src_ip ?? "an unknown address"];
  if (event.asn !== null) parts.push(event.as_org === null ? `AS${event.asn}` : `${event.as_org} (AS${event.asn})`);
  if (event.country !== null)
    parts.push(event.city === null ? countryName(event.country) : `${event.city}, ${countryName(event.country)}`);
  return parts.join(", ");
}

/** percent writes a small share so that it stays readable: 0.4 %, 12 %, less than 0.01 %. */
export function percent(p: number): string {
  if (p >= 0.1) return `${Math.round(100 * p)} %`;
  if (p >= 1e-4) return `${Number((100 * p).toPrecision(2))} %`;
  return "less than 0.01 %";
}

/** oneIn writes a probability as people say it: "1 in 250,000". */
export function oneIn(p: number): string {
  if (p <= 1e-12) return "less than 1 in a trillion";
  return `1 in ${numbers.format(Math.round(1 / p))}`;
}

const numbers = new Intl.NumberFormat("en-US");

/** plural writes a number with its word: "1 day", "2 countries", "3 addresses". */
export function plural(n: number, word: string): string {
  const many = /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : word.endsWith("s") ? `${word}es` : `${word}s`;
  // Most counts are small, and Intl is slow.
  return `${Number.isInteger(n) && n >= 0 && n < 1000 ? n : numbers.format(n)} ${n === 1 ? word : many}`;
}

const DAY_NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/** hourWords names an hour of the week: "Sunday 03:00". */
export const hourWords = (hour: number): string =>
  `${DAY_NAMES[Math.floor(hour / 24)]} ${String(hour % 24).padStart(2, "0")}:00`;
