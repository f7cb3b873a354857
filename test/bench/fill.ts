import type { Store } from "../../schemas/store/store.ts";

/** FILL_KEYS are the callers; every twentieth has no key, and the first are much busier than the last. */
export const FILL_KEYS = 2_000;
const DAYS = 90;
const STEP = 1_000_000;
/** What came last came in blocks as the writer's, which the engine has not merged yet. */
const RECENT_STEP = 40_000;
const RECENT_STEPS = 20;

/**
 * fillEvents makes events on the server's side: seeded, so that a run is like the other. They are spread over 90 days up to now, 2,000 callers, 120
 * operations, 2,000 addresses in 36 countries, records of 800 bytes; 3 in 100 are denied; one in 97 was sent again and lies in another part.
 * Then it does what the engine does to a store that runs for days: what got nothing for a day becomes one part.
 */
export async function fillEvents(
  store: Store,
  count: number,
  onStep: (done: number) => void = () => undefined,
): Promise<void> {
  const now = Date.now();
  const recent = Math.max(0, count - RECENT_STEP * RECENT_STEPS);
  for (let from = 0; from < count; ) {
    const rows = Math.min(from < recent ? STEP : RECENT_STEP, (from < recent ? recent : count) - from);
    const part = { now, from, rows, all: count };
    await store.command(FILL, { ...part, every: 1, late: 0 });
    await store.command(FILL, { ...part, every: 97, late: 3_600_000 });
    from += rows;
    onStep(from);
  }
  for (const { partition } of await store.rows(OLD_PARTITIONS))
    await store.command(`OPTIMIZE TABLE events PARTITION ID '${String(partition)}' FINAL`);
  await store.insert("checkpoints", [
    { log: "events", generation: 1, stored_to: count, detected_to: count, updated_at: new Date(now).toISOString() },
  ]);
}

const OLD_PARTITIONS = `SELECT partition_id AS partition FROM system.parts WHERE active AND database = currentDatabase() AND table = 'events'
GROUP BY partition HAVING max(max_time) < now() - toIntervalDay(2) ORDER BY partition`;

const FILL = `
INSERT INTO events
WITH
  cityHash64(number, 7) AS h,
  toUInt32(floor(pow((h % 100000) / 100000, 3) * ${FILL_KEYS})) AS who,
  cityHash64(who, intDiv(h, 3) % 6) AS place,
  fromUnixTimestamp64Milli({now:Int64} - toInt64(({all:UInt64} - number) / {all:UInt64} * ${DAYS * 86_400_000}) - toInt64(h % 900000)) AS at,
  multiIf(h % 100 < 3, 'denied', h % 100 < 5, 'error', 'success') AS result,
  concat('arn:aws:iam::', toString(111122223333 + who % 5), ':user/bot-', toString(who)) AS arn,
  concat(['Get', 'List', 'Describe', 'Put', 'Create', 'Delete'][1 + (h % 6)], 'Thing', toString(intDiv(h, 11) % 20)) AS call,
  concat('203.', toString(place % 8), '.', toString(place % 250), '.', toString(h % 4)) AS ip
SELECT
  concat(hex(h), '-', toString(number)) AS event_uid, 'aws_cloudtrail' AS provider, toString(111122223333 + who % 5) AS account,
  at AS time, at + toIntervalMillisecond(h % 600000 + {late:Int64}) AS ingested_at, number + 1 AS seq,
  if(who % 20 = 0, NULL, concat('aws_cloudtrail:', lower(hex(sipHash128(who))))) AS key_uid,
  if(who % 20 = 0, NULL, concat('AKIA…', substring(hex(cityHash64(who)), 1, 4))) AS key_hint, if(who % 20 = 0, 'none', 'long_lived') AS key_type,
  ifNull(key_uid, arn) AS subject_uid, NULL AS session_uid, 'none' AS session_kind,
  arn AS principal_uid, concat('bot-', toString(who)) AS principal, 'user' AS principal_type, call AS operation,
  ['s3', 'iam', 'ec2', 'sts', 'kms'][1 + who % 5] AS service, if(h % 6 < 3, 'read', 'write') AS verb_class,
  result AS outcome, if(result = 'success', NULL, if(result = 'denied', 'AccessDenied', 'NotFound')) AS error_code, NULL AS status_code,
  'ip' AS src_kind, ip AS src_ip, concat('203.', toString(place % 8), '.', toString(place % 250), '.0/24') AS src_net,
  64500 + place % 60 AS asn, concat('Net ', toString(place % 60)) AS as_org,
  substring('DEUSGBFRNLBRINCNJPSEPLESITATCHBEDKFINOIEPTCZHUROBGGRHRSKSILTLVEEMTLUCYCA', 1 + 2 * (place % 36), 2) AS country,
  NULL AS region_geo, NULL AS city, place % 120 - 60 AS lat, place % 300 - 150 AS lon, place % 7 = 0 AS hosting, NULL AS vpc_endpoint,
  'Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux' AS user_agent, 'boto3' AS user_agent_family, 'eu-central-1' AS region,
  [concat('arn:aws:s3:::bucket-', toString(who), '/', toString(intDiv(h, 13) % 5000))] AS resources, 'production' AS environment, [] AS scopes,
  NULL AS bytes_out, [] AS secrets,
  concat('{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"', arn, '","accountId":"', account, '","userName":"', principal,
    '"},"eventTime":"', formatDateTime(at, '%FT%TZ'), '","eventSource":"', service, '.amazonaws.com","eventName":"', call, '","awsRegion":"eu-central-1",',
    '"sourceIPAddress":"', ip, '","userAgent":"', user_agent, '","requestParameters":{"resource":"', resources[1], '"},"responseElements":null,"requestID":"',
    lower(hex(sipHash128(number, 1))), '","eventID":"', lower(hex(sipHash128(number, 2))), '","readOnly":', if(h % 6 < 3, 'true', 'false'),
    ',"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"', account, '","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3",',
    '"cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"', service, '.eu-central-1.amazonaws.com"},"additionalEventData":{"bytesTransferredOut":',
    toString(h % 90000), ',"x-amz-id-2":"', base64Encode(toString(sipHash128(number, 3))), '"}}') AS raw,
  '' AS position
FROM numbers({from:UInt64}, {rows:UInt64}) WHERE number % {every:UInt64} = 0`;
