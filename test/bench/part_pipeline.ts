import { ingestCorpus, openBench } from "./ingest_corpus.ts";
import { corpusFiles, measure } from "./measure.ts";

const [directory = "", path = ""] = process.argv.slice(2);
const app = await openBench(path);
await measure(async () => ({ events: await ingestCorpus(app, corpusFiles(directory)) }));
await app.close();
