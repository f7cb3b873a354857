import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { engineSettings } from "../../dashboard/clickhouse/limits.ts";
import { config } from "../../schemas/config.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { tempFolder } from "../support.ts";
import { until } from "../until.ts";

/** Threads of this process that stand back behind others, from the nineteenth field of their state (proc(5)). */
function threadsThatStandBack(): number {
  return readdirSync("/proc/self/task").filter((task) => {
    const state = readFileSync(`/proc/self/task/${task}/stat`, "utf8");
    return Number(state.slice(state.lastIndexOf(")") + 2).split(" ")[16]) > 0;
  }).length;
}

// Elsewhere the engine may not set the priority of its threads, and leaves it.
test.skipIf(process.getuid?.() !== 0)(
  "a question through the door stands back behind ingest, and its threads do not afterwards",
  async () => {
    const store = await connectEmbedded(tempFolder());
    const reading = await store.openReading!({
      settings: engineSettings(config.parse({}).http.clickhouse),
      params: {},
    });
    const long = reading
      .whole("SELECT max(cityHash64(number)) FROM numbers(1000000000000)", "TSV")
      .catch(() => "ended");
    await until("threads that stand back", () => threadsThatStandBack() > 0);
    reading.cancel();
    expect(await long).toBe("ended");
    await reading.close();
    await until("the threads to be as before", () => threadsThatStandBack() === 0);
    await store.close();
  },
);
