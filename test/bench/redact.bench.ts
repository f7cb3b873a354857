import { createRedactor } from "../../ingest/redact/redactor.ts";

/** Prints the cost of redaction: us per ordinary CloudTrail record (made up here, about 800 bytes), and of records that hold secrets. */
const hex = (n: number, seed: number): string =>
  Array.from({ length: n }, (_, i) => ((seed * 2654435761 + i * 40503 * (seed + 7)) >>> 7).toString(16).at(-1)).join(
    "",
  );
const uuid = (seed: number): string => {
  const h = hex(32, seed);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
};
const KEYS = Array.from({ length: 50 }, (_, i) => `AKIAIOSFODNN7EXAM${String(i).padStart(3, "0")}`.slice(0, 20));

function ordinary(i: number): Record<string, unknown> {
  const user = `bot-${i % 50}`;
  return {
    eventVersion: "1.08",
    userIdentity: {
      type: "IAMUser",
      principalId: `AIDAEXAMPLEID12345${10 + (i % 50)}`,
      arn: `arn:aws:iam::111122223333:user/${user}`,
      accountId: "111122223333",
      accessKeyId: KEYS[i % 50],
      userName: user,
    },
    eventTime: new Date(1_790_000_000_000 + i * 997).toISOString().replace(/\.\d+/, ""),
    eventSource: "ec2.amazonaws.com",
    eventName: i % 3 ? "DescribeInstances" : "ListObjectsV2",
    awsRegion: "eu-central-1",
    sourceIPAddress: `203.0.113.${i % 250}`,
    userAgent: "aws-cli/2.15.0 Python/3.11.6 Linux/5.15 exe/x86_64.ubuntu.22 prompt/off command/ec2.describe-instances",
    requestParameters: { instancesSet: { items: [{ instanceId: `i-0${hex(16, i)}` }] }, filterSet: {} },
    responseElements: null,
    requestID: uuid(i),
    eventID: uuid(i + 1_000_003),
    readOnly: true,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: "111122223333",
    eventCategory: "Management",
    tlsDetails: {
      tlsVersion: "TLSv1.3",
      cipherSuite: "TLS_AES_128_GCM_SHA256",
      clientProvidedHostHeader: "ec2.eu-central-1.amazonaws.com",
    },
  };
}

const N = 20_000;
const records = Array.from({ length: N }, (_, i) => ordinary(i));
const withSecret = records.map((r, i) => ({ ...r, requestParameters: { password: `Hunter2-${i}-${hex(8, i)}` } }));

function measure(label: string, list: Record<string, unknown>[], keys: boolean): void {
  const redactor = createRedactor();
  const texts = list.map((r) => JSON.stringify(r));
  const bytes = texts.reduce((sum, t) => sum + t.length, 0) / texts.length;
  const ids = list.map((_, i) => (keys ? [KEYS[i % 50]!] : []));
  let best = Infinity;
  let parse = Infinity;
  for (let round = 0; round < 8; round++) {
    // Parsed anew in every round, outside of the clock: strings that were hashed before would look cheaper than they are.
    const begin = process.hrtime.bigint();
    const parsed = texts.map((t) => JSON.parse(t));
    parse = Math.min(parse, Number(process.hrtime.bigint() - begin) / 1000 / N);
    let size = 0;
    const start = process.hrtime.bigint();
    for (let i = 0; i < N; i++) size += redactor.record(texts[i]!, parsed[i], ids[i]!).raw.length;
    const us = Number(process.hrtime.bigint() - start) / 1000 / N;
    if (size > 0) best = Math.min(best, us);
  }
  console.log(
    `${label}: ${best.toFixed(2)} us a record of ${bytes.toFixed(0)} bytes; JSON.parse of the same ${parse.toFixed(2)} us`,
  );
}

measure("ordinary record, key id hidden", records, true);
measure("record with a password", withSecret, true);
