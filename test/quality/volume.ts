import { writeSection } from "../bench/page_sections.ts";
import { sharedData } from "../conformance/shared_data.ts";
import { lasting, readTimelines } from "./timelines.ts";
import { scoreActivity } from "./volume_activity.ts";
import { scoreFleet } from "./volume_fleet.ts";
import { type Counted, volumeSection } from "./volume_page.ts";
import { readSeries } from "./volume_series.ts";

/*
 * npm run bench:volume [-- --seeds 11,12] [--write]
 * call_volume_spike on real counts, on the made-up fleet, and for the record on labelled series. Without the shared data the fleet alone.
 * --write keeps the section in docs/quality.md.
 */
const at = process.argv.indexOf("--seeds");
const seeds = (at < 0 ? "11,12" : (process.argv[at + 1] ?? "")).split(",").filter(Boolean).map(Number);
const counted: Counted[] = [];
const activity = sharedData("activity");
if (activity !== null) counted.push({ what: "people", score: scoreActivity(lasting(readTimelines(activity))) });
for (const seed of seeds) counted.push({ what: `fleet ${seed}`, score: await scoreFleet(seed) });
const folder = sharedData("timeseries");
const section = volumeSection(counted, folder === null ? [] : readSeries(folder), seeds);
process.stdout.write(section);
if (process.argv.includes("--write")) writeSection("quality", "volume", section);
