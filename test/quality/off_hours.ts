import { writeSection } from "../bench/page_sections.ts";
import { sharedData } from "../conformance/shared_data.ts";
import { offHoursSection } from "./off_hours_page.ts";
import { lasting, readTimelines } from "./timelines.ts";

/*
 * npm run bench:off-hours [-- --write]
 * The whole engine over real working rhythms, by the protocol of DETECTION.md, section 4. --write keeps the section in docs/quality.md.
 */
const folder = sharedData("activity");
if (folder !== null) {
  const section = offHoursSection(lasting(readTimelines(folder)));
  process.stdout.write(section);
  if (process.argv.includes("--write")) writeSection("quality", "off_hours", section);
}
