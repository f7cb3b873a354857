import type { Store } from "../../schemas/store/store.ts";

/** FILL_KEYS are the callers; every twentieth has no key, and the first are much busier than the last. */
export const FILL_KEYS = 500;
const DAYS = 90;
const STEP = 1_000_000;

/**
 * fillEvents makes events on the server's side: seeded, so that a run is like the other. They are spread over 90 days up to now, 500 callers, 120
 * operations, 2,000 addresses in 40 countries; 3 in 100 are denied.
 */
export async function fillEvents(
  store: Store,
  count: number,
  onStep: (done: number) => void = () => undefined,
): Promise<void> {
  for (let from = 0; from < count; from += STEP) {
    await store.command(statement(from, Math.min(STEP, count - from), count));
    onStep(Math.min(count, from + STEP));
  }
}

const statement = (from: number, rows: number, all: number): string => `
INSERT INTO events
WITH
  cityHash64(number, 7) AS h,
  toUInt32(floor(pow((h % 100000) / 100000, 3) * ${FILL_KEYS})) AS who,
  cityHash64(who, intDiv(h, 3) % 6) AS place,
  now64(3) - toIntervalMillisecond(toUInt64((${all} - number) / ${all} * ${DAYS} * 86400000)) AS at,
  multiIf(h % 100 < 3, 'denied', h % 100 < 5, 'error', 'success') AS result
SELECT
  concat('e-', toString(number)) AS event_uid, 'aws_cloudtrail' AS provider, toString(111122223333 + who % 5) AS account,
  at AS time, at AS ingested_at, number + 1 AS seq,
  if(who % 20 = 0, NULL, concat('aws_cloudtrail:', lower(hex(cityHash64(who))))) AS key_uid,
  if(who % 20 = 0, NULL, concat('AKIA…', substring(hex(cityHash64(who)), 1, 4))) AS key_hint, 'long_lived' AS key_type,
  ifNull(key_uid, concat('p-', toString(who))) AS subject_uid, NULL AS session_uid, '' AS session_kind,
  concat('arn:aws:iam::111122223333:user/bot-', toString(who)) AS principal_uid, concat('bot-', toString(who)) AS principal, 'user' AS principal_type,
  concat(['Get', 'List', 'Describe', 'Put', 'Create', 'Delete'][1 + (h % 6)], 'Thing', toString(intDiv(h, 11) % 20)) AS operation,
  ['s3', 'iam', 'ec2', 'sts', 'kms'][1 + who % 5] AS service, if(h % 6 < 3, 'read', 'write') AS verb_class,
  result AS outcome, if(result = 'success', NULL, if(result = 'denied', 'AccessDenied', 'NotFound')) AS error_code, NULL AS status_code,
  'ip' AS src_kind, concat('203.', toString(place % 8), '.', toString(place % 250), '.', toString(h % 4)) AS src_ip,
  concat('203.', toString(place % 8), '.', toString(place % 250), '.0/24') AS src_net, 64500 + place % 60 AS asn, concat('Net ', toString(place % 60)) AS as_org,
  substring('DEUSGBFRNLBRINCNJPSEPLESITATCHBEDKFINOIEPTCZHUROBGGRHRSKSILTLVEEMTLUCYCA', 1 + 2 * (place % 36), 2) AS country,
  NULL AS region_geo, NULL AS city, place % 120 - 60 AS lat, place % 300 - 150 AS lon, place % 7 = 0 AS hosting, NULL AS vpc_endpoint,
  'Boto3/1.40' AS user_agent, 'boto3' AS user_agent_family, 'eu-central-1' AS region, [] AS resources, 'production' AS environment, [] AS scopes,
  NULL AS bytes_out, [] AS secrets, '' AS raw, '' AS position
FROM numbers(${from}, ${rows})`;
