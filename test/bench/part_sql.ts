import { join } from "node:path";
import { config } from "../../schemas/config.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { measure } from "./measure.ts";

const [directory = "", path = ""] = process.argv.slice(2);
const store = await connectEmbedded(path);
await migrate(store, config.parse({ store: { path } }));

/** The fields that the CloudTrail provider reads, extracted in one pass over each record, as somebody who knows the engine would do it. */
const FIELDS = `Tuple(
  eventID Nullable(String), eventTime String, eventSource Nullable(String), eventName Nullable(String), awsRegion Nullable(String),
  sourceIPAddress Nullable(String), userAgent Nullable(String), errorCode Nullable(String), errorMessage Nullable(String), readOnly Nullable(Bool),
  recipientAccountId Nullable(String), vpcEndpointId Nullable(String), eventCategory Nullable(String), eventType Nullable(String),
  userIdentity Tuple(type Nullable(String), principalId Nullable(String), arn Nullable(String), accountId Nullable(String), accessKeyId Nullable(String),
    userName Nullable(String), invokedBy Nullable(String),
    sessionContext Tuple(sessionIssuer Tuple(arn Nullable(String), type Nullable(String)), attributes Tuple(creationDate Nullable(String), mfaAuthenticated Nullable(String)))),
  additionalEventData Tuple(bytesTransferredOut Nullable(Float64)),
  requestParameters Tuple(bucketName Nullable(String), key Nullable(String), userName Nullable(String), roleName Nullable(String), accessKeyId Nullable(String), functionName Nullable(String), secretId Nullable(String)),
  responseElements Tuple(accessKey Tuple(accessKeyId Nullable(String)), credentials Tuple(accessKeyId Nullable(String)))
)`;

// The same files into the same table: what SQL can say by itself. No redaction, fingerprint, place, de-duplication or detection.
await measure(async () => {
  await store.command(`INSERT INTO events
(event_uid, provider, account, time, ingested_at, seq, key_uid, key_hint, key_type, subject_uid, session_uid, session_kind, principal_uid,
 principal, principal_type, operation, service, verb_class, outcome, error_code, src_kind, src_ip, vpc_endpoint, user_agent, region, resources,
 bytes_out, raw, position)
SELECT
  ifNull(t.eventID, ''), 'aws_cloudtrail', ifNull(t.recipientAccountId, u.accountId), parseDateTime64BestEffort(t.eventTime, 3, 'UTC'), now64(3), rowNumberInAllBlocks(),
  u.accessKeyId, concat(substring(u.accessKeyId, 1, 4), '...', substring(u.accessKeyId, -4)), multiIf(startsWith(u.accessKeyId, 'AKIA'), 'long_lived', u.accessKeyId IS NULL, 'none', 'temporary'),
  coalesce(u.accessKeyId, u.arn, ''), u.principalId, if(match(ifNull(u.principalId, ''), ':i-[0-9a-f]+$'), 'instance', 'none'), coalesce(u.sessionContext.sessionIssuer.arn, u.arn, u.principalId, u.invokedBy, u.type, ''),
  coalesce(u.userName, u.arn, u.invokedBy), 'unknown', ifNull(t.eventName, ''), replaceOne(t.eventSource, '.amazonaws.com', ''), if(t.readOnly, 'read', 'write'),
  multiIf(t.errorCode IS NULL, 'success', match(t.errorCode, 'AccessDenied|Unauthorized|Forbidden'), 'denied', match(t.errorCode, 'Throttl|RequestLimit'), 'throttled', 'error'), t.errorCode,
  if(isIPv4String(ifNull(t.sourceIPAddress, '')), 'ip', 'service'), t.sourceIPAddress, t.vpcEndpointId, t.userAgent, t.awsRegion,
  arrayFilter(x -> x != '', [ifNull(q.bucketName, ''), ifNull(q.key, ''), ifNull(q.userName, ''), ifNull(q.roleName, ''), ifNull(q.functionName, ''), ifNull(q.secretId, ''), ifNull(t.responseElements.accessKey.accessKeyId, '')]),
  t.additionalEventData.bytesTransferredOut, r, _file
FROM (
  SELECT arrayJoin(JSONExtractArrayRaw(json, 'Records')) AS r, JSONExtract(r, '${FIELDS.replaceAll("\n", " ")}') AS t, t.userIdentity AS u, t.requestParameters AS q, _file
  FROM file('${join(directory, "*.json.gz")}', 'JSONAsString')
)`);
  const [row] = await store.rows(
    "SELECT count() AS n, countIf(event_uid != '' AND operation != '' AND principal_uid != '') AS filled FROM events",
  );
  if (row?.n !== row?.filled) throw new Error("the SQL load extracted too little to compare with");
  return { events: Number(row?.n) };
});
await store.close();
