import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiActivity } from "../schemas/activity.ts";
import { packageRoot } from "../schemas/package_root.ts";
import { normalized } from "./normalized.ts";

const FOLDER = join(packageRoot, "test", "golden");

/** goldenRecords gives the records of a provider's golden folder that become events. */
export const goldenRecords = (id: string): object[] =>
  readdirSync(join(FOLDER, id))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(FOLDER, id, name), "utf8")) as { record: object; outcome: string })
    .filter(({ outcome }) => outcome === "ok")
    .map(({ record }) => record);

/** goldenEvents gives what they become, by the real way from text to ApiActivity. */
export const goldenEvents = (id: string): Promise<ApiActivity[]> =>
  normalized(goldenRecords(id), id === "generic" ? id : "auto");
