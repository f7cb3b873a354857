import type { z } from "zod";

/** ConfigFault carries every fault of a document at once; the CLI prints them and exits 2. */
export class ConfigFault extends Error {
  readonly faults: string[];

  constructor(file: string, faults: string[]) {
    super(
      `${file}: ${faults.length === 1 ? "1 fault" : `${faults.length} faults`}\n${faults.map((f) => `  ${f}`).join("\n")}`,
    );
    this.name = "ConfigFault";
    this.faults = faults;
  }
}

/** faultsOf lists zod issues with their path, and for an unknown key the nearest known one when `known` tells them. */
export function faultsOf(error: z.ZodError, known: readonly string[] = []): string[] {
  return error.issues.flatMap((issue) => {
    const at = pathText(issue.path);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        return `${at}: unknown key "${key}"${near ? `, did you mean "${near}"?` : ""}`;
      });
    }
    return [`${at}: ${issue.message}`];
  });
}

/** pathText writes a path as people read it: `route.routes[2].receiver`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path)
    text += typeof part === "number" ? `[${part}]` : text === "" ? String(part) : `.${String(part)}`;
  return text === "" ? "(top level)" : text;
}

/** nearest gives the known word at edit distance of at most a third of its length. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const d = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
