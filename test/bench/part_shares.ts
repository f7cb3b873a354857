import { Session } from "node:inspector/promises";
import { ingestCorpus, openBench } from "./ingest_corpus.ts";
import { corpusFiles } from "./measure.ts";
import { shareSteps } from "./shares.ts";

/** The first fifth of the corpus once more, under the CPU profiler of V8, which takes the main thread's stack once a millisecond. */
const [directory = "", path = ""] = process.argv.slice(2);
const files = corpusFiles(directory);
const app = await openBench(path);
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.start");
const events = await ingestCorpus(app, files.slice(0, Math.ceil(files.length / 5)));
const { profile } = await session.post("Profiler.stop");
await app.close();
process.stdout.write(`${JSON.stringify({ events, shares: shareSteps(profile) })}\n`);
