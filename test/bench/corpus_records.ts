import { BASE32, BASE62, createRandom, type Random } from "../../cli/demo/random.ts";
import { HOUR_MS } from "../../schemas/duration.ts";
import {
  ACCOUNT,
  cumulative,
  DAYS,
  drawn,
  type Holder,
  makeGroups,
  type Row,
  START,
  seconds,
} from "./corpus_holders.ts";

/**
 * corpusRecords yields the records in order of event time, as JSON text. Bytes depend on count and seed alone: only
 * additions, multiplications and divisions are used, which every machine rounds alike.
 */
export function* corpusRecords(count: number, seed: number): Generator<{ time: number; text: string }> {
  const random = createRandom(seed, "corpus");
  const groups = makeGroups(random);
  const groupShares = cumulative(groups.map((group) => group.share));
  const hours = hourShares();
  let written = 0;
  for (let hour = 0; hour < DAYS * 24; hour++) {
    const due = Math.round(hours[hour]! * count) - written;
    for (let i = 0; i < due; i++) {
      const time = START + hour * HOUR_MS + Math.floor((3600 * (i + random.next())) / due) * 1000;
      const { holders, shares } = groups[drawn(groupShares, random)]!;
      yield { time, text: JSON.stringify(record(holders[drawn(shares, random)]!, time, random)) };
    }
    written += due;
  }
}

function record(holder: Holder, time: number, random: Random): Record<string, unknown> {
  const [service, eventName, readOnly, data, names] = holder.operations[drawn(holder.operationShares, random)]!;
  const old = random.chance(OLD_SHARE);
  const failure = failureOf(service, random);
  const request = requestOf(names, random);
  const isS3 = service === "s3";
  return {
    eventVersion: old ? "1.05" : data ? "1.11" : "1.09",
    userIdentity: holder.identity(time),
    eventTime: seconds(time),
    eventSource: `${service}.amazonaws.com`,
    eventName,
    awsRegion: service === "iam" ? "us-east-1" : "eu-central-1",
    sourceIPAddress: holder.addresses[drawn(holder.addressShares, random)]!,
    userAgent: holder.userAgent,
    ...failure,
    requestParameters: request,
    responseElements: failure ? null : responseOf(eventName, random),
    ...(isS3 && data
      ? { additionalEventData: { bytesTransferredIn: 0, bytesTransferredOut: random.int(90_000) } }
      : {}),
    requestID: isS3 ? random.text(BASE32, 16) : random.uuid(),
    eventID: random.uuid(),
    readOnly,
    ...(request && "bucketName" in request
      ? { resources: [{ type: "AWS::S3::Bucket", ARN: `arn:aws:s3:::${String(request.bucketName)}` }] }
      : {}),
    eventType: "AwsApiCall",
    recipientAccountId: ACCOUNT,
    ...(holder.endpoint ? { vpcEndpointId: holder.endpoint } : {}),
    ...(old ? {} : { managementEvent: !data, eventCategory: data ? "Data" : "Management" }),
    ...(random.chance(TLS_SHARE)
      ? { tlsDetails: { tlsVersion: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256" } }
      : {}),
  };
}

/** Shares of records with TLS details, and of the older shape without managementEvent; they bring the mean to 795 bytes. */
const TLS_SHARE = 0.1;
const OLD_SHARE = 0.52;

/** failureOf lets 4 % of the calls fail: a third each denied, throttled, not found, and a few server errors. */
function failureOf(service: string, random: Random): { errorCode: string; errorMessage: string } | null {
  const draw = random.next();
  if (draw >= 0.04) return null;
  if (draw < 0.012) return { errorCode: "AccessDenied", errorMessage: "User is not authorized to perform this action" };
  if (draw < 0.024)
    return { errorCode: service === "s3" ? "SlowDown" : "ThrottlingException", errorMessage: "Rate exceeded" };
  if (draw < 0.037) {
    const errorCode = service === "s3" ? "NoSuchKey" : "ResourceNotFoundException";
    return { errorCode, errorMessage: "The specified resource does not exist." };
  }
  return { errorCode: "InternalFailure", errorMessage: "An internal error occurred" };
}

function requestOf(names: Row[4], random: Random): Record<string, unknown> | null {
  const bucketName = `example-${random.int(40)}-data`;
  if (names === "none") return null;
  if (names === "bucket") return { bucketName };
  if (names === "object")
    return { bucketName, key: `2026/06/${random.int(28) + 1}/part-${random.int(100_000)}.parquet` };
  if (names === "list") return { maxResults: 100, filterSet: {} };
  if (names === "id") return { id: random.uuid() };
  return { name: `/production/item-${random.int(2000)}` };
}

/** responseOf: CloudTrail keeps new keys' ids and session tokens, so that redaction has real work. */
function responseOf(eventName: string, random: Random): Record<string, unknown> | null {
  if (eventName === "CreateAccessKey")
    return { accessKey: { accessKeyId: `AKIA${random.text(BASE32, 16)}`, status: "Active" } };
  if (eventName !== "AssumeRole") return null;
  return { credentials: { accessKeyId: `ASIA${random.text(BASE32, 16)}`, sessionToken: random.text(BASE62, 64) } };
}

/** hourShares is the cumulative share of records by hour: working hours are busier, weekends quieter. */
function hourShares(): Float64Array {
  const weights = Array.from({ length: DAYS * 24 }, (_, h) => {
    const busy = h % 24 >= 7 && h % 24 < 18 ? 3 : 1;
    return Math.floor(h / 24) % 7 < 5 ? busy : 1;
  });
  return cumulative(weights);
}
