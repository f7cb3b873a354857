/** DatedFolders is a row of folders named by the day, such as 2026/11/22/ or dt=2026-11-22/: their order by name is their order in time. */
export interface DatedFolders {
  /** The text before the year, between year and month, and between month and day. */
  parts: readonly [string, string, string];
}

const DATED = /^([\w-]+=)?(\d{4})(-|\/?(?:[\w-]+=)?)(\d{2})(-|\/?(?:[\w-]+=)?)(\d{2})\//;

/**
 * datedFolders tells whether the folders of a prefix are all named by the day, zeros included. `folders` are all names beside one
 * another, each with its slash, `sample` the rest of a key in one of them. Null where they are not: then nothing may be left out by name.
 */
export function datedFolders(folders: readonly string[], sample: string): DatedFolders | null {
  const [, before = "", year = "", first = "", month = "", second = "", day = ""] = DATED.exec(sample) ?? [];
  if (!isDay(year, month, day)) return null;
  const name = sample.slice(0, sample.indexOf("/") + 1);
  const alike = new RegExp(`^${name.replace(/[.+-]/g, "\\$&").replace(/\d/g, "\\d")}$`);
  return folders.every((folder) => alike.test(folder)) ? { parts: [before, first, second] } : null;
}

/** beforeDay is what sorts before all keys of a day and after those of the days before it. */
export function beforeDay({ parts: [before, first, second] }: DatedFolders, time: number): string {
  const [year, month, day] = new Date(time).toISOString().slice(0, 10).split("-");
  return `${before}${year}${first}${month}${second}${day}`;
}

const isDay = (year: string, month: string, day: string): boolean =>
  /^(19|20)/.test(year) && Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
