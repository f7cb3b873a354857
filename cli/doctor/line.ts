/** Line is what the doctor found about one thing: fine, worth a look, or not working; and what to do. */
export interface Line {
  state: "ok" | "warn" | "fail";
  check: string;
  says: string;
  /** What mends it; null where nothing has to be done. */
  mend: string | null;
}

export const ok = (check: string, says: string): Line => ({ state: "ok", check, says, mend: null });
export const warn = (check: string, says: string, mend: string): Line => ({ state: "warn", check, says, mend });
export const bad = (check: string, says: string, mend: string): Line => ({ state: "fail", check, says, mend });

/** orBad runs a check; one that breaks is a line too. */
export async function orBad(check: string, mend: string, work: () => Promise<Line[]>): Promise<Line[]> {
  try {
    return await work();
  } catch (error) {
    return [bad(check, String((error as Error).message).split("\n")[0]!, mend)];
  }
}
