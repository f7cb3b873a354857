import { loadPepper } from "../../ingest/fingerprint.ts";
import type { KafkaConfig } from "../../schemas/config_kafka.ts";
import { noMetrics } from "../../schemas/metrics.ts";
import { connectStore } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { checkPepper } from "../app.ts";
import { printLines, programLines, tells } from "../commands/doctor.ts";
import type { Loaded } from "../load_config.ts";
import type { Out } from "../out.ts";
import { ingestParts } from "../parts.ts";
import { createStoreDoor } from "../store_door.ts";
import { channelLines, channelsApart } from "./channels.ts";
import { kafkaLines } from "./kafka.ts";
import { faultLines, type Line, orBad, type Patient } from "./line.ts";
import { sourceLines } from "./sources.ts";
import { storeLines } from "./store.ts";

/** overKafka looks at brokers, store and channels each by itself: what is away takes no other line with it. Gives the exit code. */
export async function overKafka(
  loaded: Loaded,
  brokers: KafkaConfig,
  { json, out, now }: { json: boolean; out: Out; now: () => number },
): Promise<number> {
  const { config } = loaded;
  const [kafka, store, channels] = await Promise.all([
    orBad("kafka", "look at `kafka` in the config", () => kafkaLines(config, brokers)),
    storeSide(loaded, now),
    orBad("channels", "look at `receivers` in the config", () => channelLines(() => channelsApart(config, now))),
  ]);
  const code = printLines([...programLines(config, now()), ...kafka, ...store.lines, ...channels], json, out);
  if (!json && store.patient !== null) await tells(store.patient, out);
  await store.patient?.store.close();
  return code;
}

interface StoreSide {
  lines: Line[];
  /** Open where the store is. */
  patient: Patient | null;
}

async function storeSide(loaded: Loaded, now: () => number): Promise<StoreSide> {
  let patient: Patient;
  try {
    patient = await openPatient(loaded, now);
  } catch (error) {
    return { lines: faultLines(error), patient: null };
  }
  const sources = orBad("sources", "look at `sources` in the config", () => sourceLines(patient));
  return { lines: [...(await storeLines(patient)), ...(await sources)], patient };
}

async function openPatient({ config }: Loaded, now: () => number): Promise<Patient> {
  const store = createStoreDoor(await connectStore(config), noMetrics);
  try {
    const pepper = loadPepper({ directory: config.store.path, env: process.env });
    await migrate(store, config);
    await checkPepper(store, pepper);
    return { config, store, now, parts: await ingestParts(config, { pepper }) };
  } catch (error) {
    await store.close();
    throw error;
  }
}
