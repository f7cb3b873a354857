const BLOCKS = ["·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** bars draws one block a value, as high as its share of the largest; a dot is nothing at all. */
export function bars(values: ArrayLike<number>): string {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]!);
  let text = "";
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    text += value > 0 ? BLOCKS[Math.max(1, Math.min(8, Math.round((8 * value) / most)))]! : BLOCKS[0]!;
  }
  return text;
}

/** weekRows gives a bar of 24 hours for each day of the week, from 168 cells, Monday 0 h first; all days share one scale. */
export function weekRows(cells: ArrayLike<number>): string[] {
  const all = [...bars(cells)];
  return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(
    (name, day) => `${name}  ${all.slice(day * 24, day * 24 + 24).join("")}`,
  );
}
