/**
 * TableText is a map of records with the same fields, column by column: the keys, the names of the fields, then the values of each field. Without
 * names in every record, and with like beside like, the store packs it to half.
 */
export type TableText = [keys: unknown[], fields: string[], ...columns: Cell[][]];

type Cell = string | number | boolean | null;

/** tableText gives the entries of a map so; null where their values are not records of the same plain fields. */
export function tableText(entries: readonly [unknown, unknown][]): TableText | null {
  const [first] = entries;
  if (first === undefined || !isRecord(first[1])) return null;
  const fields = Object.keys(first[1]);
  const columns = fields.map((): Cell[] => []);
  for (const [, value] of entries) {
    if (!isRecord(value) || Object.keys(value).length !== fields.length) return null;
    for (let i = 0; i < fields.length; i++) {
      const cell = value[fields[i]!];
      if (cell === undefined || (typeof cell === "object" && cell !== null)) return null;
      columns[i]!.push(cell as Cell);
    }
  }
  return [entries.map(([key]) => key), fields, ...columns];
}

/** rowsOf gives the entries back, in their order. */
export function rowsOf([keys, fields, ...columns]: TableText): [unknown, Record<string, Cell>][] {
  return keys.map((key, row) => [key, Object.fromEntries(fields.map((field, i) => [field, columns[i]![row]!]))]);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
