import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { SQSClient } from "@aws-sdk/client-sqs";

/** Where a service is; what is left out the SDK takes from the environment or the profile. */
export interface AwsPlace {
  region?: string | undefined;
  endpoint?: string | undefined;
  force_path_style?: boolean;
}

/** S3 and Sqs are a client with the package that its commands come from. */
export interface S3 {
  sdk: typeof import("@aws-sdk/client-s3");
  client: S3Client;
}
export interface Sqs {
  sdk: typeof import("@aws-sdk/client-sqs");
  client: SQSClient;
}

/** AwsMissing says that the SDK, an optional package, is not installed. */
export class AwsMissing extends Error {
  override name = "AwsMissing";
}

/** A long poll takes 20 s, and a body is read as slowly as the store takes it. */
const SILENT_MS = 120_000;

const common = {
  // The SDK waits longer after each attempt, and longest where it is told to slow down.
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 10_000, socketTimeout: SILENT_MS },
} satisfies S3ClientConfig;

/** openS3 makes a client of a bucket's region; a bucket in another region is followed there. */
export async function openS3({ region, endpoint, force_path_style = false }: AwsPlace): Promise<S3> {
  const sdk = await load("@aws-sdk/client-s3", () => import("@aws-sdk/client-s3"));
  const client = new sdk.S3Client({
    ...common,
    forcePathStyle: force_path_style,
    followRegionRedirects: true,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  return { sdk, client };
}

/** openSqs makes a client of a queue; the queue's own address is where it is asked. */
export async function openSqs(queueUrl: string, region: string | undefined): Promise<Sqs> {
  const sdk = await load("@aws-sdk/client-sqs", () => import("@aws-sdk/client-sqs"));
  const its = region ?? regionOf(queueUrl);
  const client = new sdk.SQSClient({
    ...common,
    endpoint: new URL(queueUrl).origin,
    ...(its === undefined ? {} : { region: its }),
  });
  return { sdk, client };
}

/** regionOf reads the region out of a queue's address; undefined where it names none. */
export const regionOf = (queueUrl: string): string | undefined =>
  /^(?:sqs\.([a-z0-9-]+)\.amazonaws\.com|([a-z0-9-]+)\.queue\.amazonaws\.com)/
    .exec(new URL(queueUrl).hostname)
    ?.slice(1)
    .find((part) => part !== undefined);

async function load<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new AwsMissing(
      `Sources of kind s3 and sqs need the package ${name}, which is not installed. Install it with \`npm install ${name}\`.`,
      { cause },
    );
  }
}
