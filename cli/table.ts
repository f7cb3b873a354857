import Table from "cli-table3";
import type { Out } from "./out.ts";

/** printTable draws rows for people, without lines that get in the way of reading or copying. Control characters are shown as spaces. */
export function printTable(out: Out, head: string[], rows: (string | number | null)[][]): void {
  const table = new Table({
    head,
    style: { head: out.color ? ["bold"] : [], border: [], "padding-left": 0, "padding-right": 2, compact: true },
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "",
    },
  });
  for (const row of rows) table.push(row.map((cell) => inert(cell === null ? "-" : String(cell))));
  out.line(table.toString());
}

/** inert takes out what a terminal would obey: control characters and direction marks. */
export const inert = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, " ");

/** shortTime writes ms as "2026-11-21 09:03" UTC. */
export const shortTime = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
