import { createSplitter } from "./split.ts";

export interface Slice {
  bytes: Buffer;
  /** Null for JSON that parses, else the reason why not. */
  broken: string | null;
}

/** resync splits bytes that were no JSON into the parts that parse and the parts that do not; the slices own their memory. */
export function resync(bytes: Buffer): Slice[] {
  const slices: Slice[] = [];
  const splitter = createSplitter((data, start, end, broken) => {
    const copy = Buffer.from(data.subarray(start, end));
    slices.push({ bytes: copy, broken: broken ?? parseFault(copy) });
  });
  splitter.push(bytes);
  splitter.end();
  return slices;
}

/** parseFault gives null for JSON, else why it is none. The engine's message quotes the text, secrets included, and is left out. */
function parseFault(bytes: Buffer): string | null {
  try {
    JSON.parse(bytes.toString("utf8"));
    return null;
  } catch {
    return "broken JSON";
  }
}
