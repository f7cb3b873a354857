export interface CsvRows {
  columns: string[];
  rows: Record<string, string>[];
}

/** csvRows reads CSV (RFC 4180, also with a BOM and LF) by the names in its first line; null where there is none. */
export function csvRows(text: string): CsvRows | null {
  const [head, ...rest] = linesOf(text.replace(/^\ufeff/, ""));
  if (head === undefined || head.length < 2) return null;
  const columns = head.map((name) => name.trim());
  const rows = rest
    .filter((line) => line.some((cell) => cell !== ""))
    .map((line) => Object.fromEntries(columns.map((name, i) => [name, (line[i] ?? "").trim()])));
  return { columns, rows };
}

function linesOf(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i]!;
      else quoted = false;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === ",") {
      line.push(cell);
      cell = "";
    } else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[i + 1] === "\n") i++;
      lines.push([...line, cell]);
      line = [];
      cell = "";
    } else cell += c;
  }
  if (cell !== "" || line.length > 0) lines.push([...line, cell]);
  return lines;
}
