import type { NormalizerParts, Yield } from "../normalizer.ts";
import { createNormalizer } from "../normalizer.ts";
import { gunzipSmall, isGzip } from "./gunzip.ts";
import { envelopeNames } from "./json_scan.ts";
import { createSplitter } from "./split.ts";

export interface RawTopic {
  topic: string;
  partition: number;
  provider: string;
  now: () => number;
}

const MAX_UNPACKED = 64 * 1024 * 1024;

/**
 * readMessage adds what a message of a user's topic holds: one record, or several as in a file, gzip or not. Whatever it holds, it ends in
 * events, drops and dead letters. Records without an id of their own are told apart inside the message only: the same bytes in
 * another message are a redelivery.
 */
export function readMessage(
  parts: NormalizerParts,
  source: RawTopic,
  message: { offset: number; value: Buffer | null },
  into: Yield,
): void {
  if (message.value === null || message.value.length === 0) {
    into.records++;
    into.dropped.set("empty message", (into.dropped.get("empty message") ?? 0) + 1);
    return;
  }
  const position = `kafka:${source.topic}/${source.partition}@${message.offset}`;
  const normalizer = createNormalizer(parts, { provider: source.provider, position, now: source.now });
  const before = into.records;
  const plain = isGzip(message.value) ? gunzipSmall(message.value, MAX_UNPACKED) : message.value;
  if (plain === null) {
    normalizer.read(message.value, "gzip that cannot be unpacked", into);
    return;
  }
  if (isOneRecord(plain)) {
    normalizer.read(plain, null, into);
    return;
  }
  const splitter = createSplitter((data, start, end, broken) =>
    normalizer.read(data.subarray(start, end), broken, into),
  );
  splitter.push(plain);
  splitter.end();
  if (into.records === before) normalizer.read(plain, "holds no record", into);
}

const [OPEN, CLOSE, NEWLINE] = [123, 125, 10];
const listNames = envelopeNames.map((name) => Buffer.from(`"${name.toString()}":[`));

/** isOneRecord is true for what is plainly one object on one line: most messages, which nobody has to look through for more. */
function isOneRecord(bytes: Buffer): boolean {
  return (
    bytes[0] === OPEN &&
    bytes[bytes.length - 1] === CLOSE &&
    !bytes.includes(NEWLINE) &&
    !bytes.includes("}{") &&
    !listNames.some((name) => bytes.includes(name)) &&
    !bytes.includes('": [')
  );
}
