import { ConfigFault } from "../../schemas/faults.ts";
import { StoreDown } from "../../schemas/store/store.ts";
import type { App } from "../app.ts";

/** Line is what the doctor found about one thing: fine, worth a look, or not working; and what to do. */
export interface Line {
  state: "ok" | "warn" | "fail";
  check: string;
  says: string;
  /** What mends it; null where nothing has to be done. */
  mend: string | null;
}

/** Patient is what the doctor needs of an app: it looks at one whose stages are other processes too. */
export type Patient = Pick<App, "config" | "now" | "parts" | "store">;

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

/** faultLines tells of an installation that did not open. */
export function faultLines(error: unknown): Line[] {
  if (error instanceof ConfigFault)
    return error.faults.map((fault) => bad("config", fault, "mend it; `keywatch check` looks again"));
  const says = (error as Error).message.split("\n")[0]!;
  if (error instanceof StoreDown) return [bad("store", says, "the rest could not be looked at without the store")];
  return [bad("start", says, "a start would end the same way")];
}
