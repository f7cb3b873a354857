import { detectionEngine, ingestParts } from "../../cli/parts.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import { config } from "../../schemas/config.ts";
import { DAY, dayNumber, MINUTE } from "./calendar.ts";
import { declarationsOf } from "./declarations.ts";
import { daysOf, makeFleet } from "./fleet.ts";
import { placeOverrides } from "./places.ts";
import { readDay } from "./read_day.ts";
import type { SeedResult } from "./result.ts";
import { createScore } from "./score.ts";

/*
 * One seed through the real pipeline, day by day: CloudTrail record, normaliser, engine, incidents. Nothing is stored.
 * A slice ends with every minute and with every event of a compromise, so that the moment of discovery is exact.
 */
const seed = Number(process.argv[2]);
const began = performance.now();
const fleet = makeFleet(seed);
const settings = config.parse({});
const parts = await ingestParts(settings, { pepper: Buffer.alloc(32, seed), places: placeOverrides });
const index = createInventoryIndex([{ effective_at: 0, inventory: declarationsOf(fleet) }], parts.fingerprint);
const engine = detectionEngine(settings, parts, index);
const score = createScore(fleet);
const stolen = new Set(fleet.compromises.flatMap((c) => [...c.uids]));
let events = 0;
let activeKeyDays = 0;
let clock = 0;

for (const day of daysOf(fleet)) {
  const read = readDay(parts, day);
  if (day.day >= fleet.first) {
    events += read.length;
    activeKeyDays += new Set(read.map((e) => e.principal_uid)).size;
  }
  judge(read, (day.day + 1) * DAY);
}
score.hear(engine.finish(), clock);

function judge(all: ApiActivity[], now: number): void {
  let slice: ApiActivity[] = [];
  const flush = () => {
    if (slice.length === 0) return;
    clock = slice.at(-1)!.time;
    score.hear(engine.process(slice, { sorted: true, now }), clock);
    slice = [];
  };
  for (const event of all) {
    if (slice.length > 0 && Math.floor(event.time / MINUTE) !== Math.floor(slice[0]!.time / MINUTE)) flush();
    event.raw = "";
    slice.push(event);
    if (stolen.has(event.event_uid)) flush();
  }
  flush();
}

const { caught, falses, incidents } = score.end();
const keyDays = fleet.agents.reduce(
  (sum, a) => sum + (fleet.first + 90 - Math.max(fleet.first, dayNumber(a.active.from))),
  0,
);
const result: SeedResult = {
  seed,
  keys: fleet.agents.length,
  keyDays,
  activeKeyDays,
  events,
  incidents,
  caught,
  falses,
  seconds: (performance.now() - began) / 1000,
  peakMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
