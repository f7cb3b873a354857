import { openApp } from "../../cli/app.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { createLog } from "../../cli/log.ts";
import { config } from "../../schemas/config.ts";
import { corpusFiles, measure } from "./measure.ts";

const [directory = "", path = ""] = process.argv.slice(2);
const app = await openApp({
  loaded: { config: config.parse({ store: { path } }), base: path, file: null },
  log: createLog(),
});
const out = {
  line: () => undefined,
  note: (s: string) => process.stderr.write(`${s}\n`),
  progress: () => undefined,
  color: false,
  width: 100,
};

const steps: Record<string, number> = {};
/** timed adds the time of a step to its name. */
const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  try {
    return await work();
  } finally {
    steps[name] = (steps[name] ?? 0) + (performance.now() - start) / 1000;
  }
};
const { judge } = app;
const { insertBlock } = app.store;
let storing = 0;
app.store.insertBlock = (...args) => {
  const start = performance.now();
  return insertBlock.apply(app.store, args).finally(() => {
    storing += (performance.now() - start) / 1000;
  });
};
app.judge = (ranges, options) => timed("reading back in event-time order and detection", () => judge(ranges, options));

await measure(async () => {
  const start = performance.now();
  const result = await ingestFiles(app, {
    paths: corpusFiles(directory),
    provider: "auto",
    report: true,
    alone: true,
    out,
  });
  const judging = steps["reading back in event-time order and detection"] ?? 0;
  const total = (performance.now() - start) / 1000;
  return {
    events: result.stored,
    steps: {
      "reading, normalising, redacting, enriching, encoding, and detection of ordered input": total - judging,
      ...steps,
      "storing (beside reading)": storing,
    },
  };
});
await app.close();
