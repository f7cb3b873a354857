import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pino } from "pino";
import { type App, openApp } from "../../cli/app.ts";
import type { ConfigText } from "../../schemas/config.ts";
import { config } from "../../schemas/config.ts";
import type { S3Source, SqsSource } from "../../schemas/config_s3.ts";
import { cloudTrail } from "../records.ts";
import { loadedFor, tempFolder } from "../support.ts";
import { ACCESS_KEY, type AwsServer, BUCKET } from "./server.ts";

/** environment is what the SDK's own chain finds. */
export const environment = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY,
  AWS_SECRET_ACCESS_KEY: "example-secret-of-nobody",
  AWS_REGION: "eu-central-1",
  AWS_EC2_METADATA_DISABLED: "true",
};

/** One for all worlds, so that their findings can be compared. */
const PEPPER = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/** openWorld is an app on a real store, with a clock to set and the lines that it logged. */
export async function openWorld(
  now: () => number = Date.now,
): Promise<{ app: App; logged: Record<string, unknown>[] }> {
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const loaded = loadedFor(join(tempFolder(), "data"));
  const app = await openApp({
    loaded,
    log,
    now,
    env: { KEYWATCH_PEPPER: PEPPER },
    output: { write: () => undefined, colour: false },
  });
  return { app, logged };
}

const parsed = (source: object) => config.parse({ sources: [source] } as ConfigText).sources[0]!;
const at = (server: AwsServer) => ({ endpoint: server.url, force_path_style: true, region: "eu-central-1" });

export const s3Source = (server: AwsServer, over: object = {}): S3Source =>
  parsed({ kind: "s3", bucket: BUCKET, ...at(server), ...over }) as S3Source;
export const sqsSource = (server: AwsServer, over: object = {}): SqsSource =>
  parsed({ kind: "sqs", queue_url: server.queueUrl, ...at(server), ...over }) as SqsSource;

/** recordAt is a record of ours of a time. */
export const recordAt = (time: number, over: object = {}): Record<string, unknown> =>
  cloudTrail({ eventTime: new Date(time).toISOString().replace(/\.\d+Z$/, "Z"), ...over });

/** logFile is a log file of so many records of ours at a time, as CloudTrail writes it. */
export const logFile = (time: number, records = 2, over: object = {}): Buffer =>
  gzipSync(JSON.stringify({ Records: Array.from({ length: records }, () => recordAt(time, over)) }));

/** trailKey is where CloudTrail puts it. */
export function trailKey(account: string, region: string, time: number, name: string): string {
  const at = new Date(time).toISOString();
  return `AWSLogs/${account}/CloudTrail/${region}/${at.slice(0, 10).replaceAll("-", "/")}/${account}_CloudTrail_${region}_${at.slice(0, 16).replace(/[-:]/g, "")}Z_${name}.json.gz`;
}

export const storedEvents = async (app: App): Promise<number> =>
  Number((await app.store.rows("SELECT count() AS n FROM events FINAL"))[0]!.n);
export const rowsOfEvents = async (app: App): Promise<number> =>
  Number((await app.store.rows("SELECT count() AS n FROM events"))[0]!.n);
