import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { corpusFiles, measure } from "./measure.ts";

await measure(async () => {
  let events = 0;
  for (const file of corpusFiles(process.argv[2]!)) {
    events += (JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")) as { Records: unknown[] }).Records.length;
  }
  return { events };
});
