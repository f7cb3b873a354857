import { deadLetter, drop, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { anyField as field, isFault, anyMember as member, anyText as text, timeOf } from "../fields.ts";
import { textOf } from "../json.ts";
import { type Draft, defineProvider, type JsonObject } from "../provider.ts";
import { verbOfName } from "../verbs.ts";
import {
  azureCaller,
  azureLog,
  azureVerb,
  categoryOf,
  operationNameOf,
  resourceOf,
  resultOf,
  resultWordOf,
  subscriptionOf,
} from "./azure_common.ts";

/**
 * Azure Activity Log, and the resource logs of the storage services: diagnostic export (Event Hub, storage account) and the shape of
 * the REST API. The log names no credential but for storage, where account keys and shared access signatures have a hash.
 */
export default defineProvider({
  id: "azure_activity",
  title: "Azure Activity Log, storage logs",
  latenessMs: 15 * 60_000,
  tells: { source: true, userAgent: false, perCall: true, outcome: true, key: false, session: false },
  claims: (record) => azureLog(record) === "activity",
  normalize,
});

function normalize(record: JsonObject): Outcome<Draft> {
  const name = operationNameOf(record);
  if (name === null) return deadLetter("no operationName");
  // A call that takes its time is told up to three times; the last record knows how it ended.
  if (/^((start|accept)(ed)?|in ?progress)$/i.test(resultWordOf(record) ?? ""))
    return drop("Azure operation that has only begun");
  const time = timeOf(field(record, "time"), field(record, "eventTimestamp"), field(record, "TimeGenerated"));
  if (isFault(time)) return time;
  const properties = member(record, "properties");
  const resource = resourceOf(record);
  const path = name.includes("/");
  const operation = path ? name.toLowerCase() : (STORAGE.get(name.toLowerCase()) ?? name);
  const key = storageKey(record);
  return ok(
    draft({
      event_uid: text(record, "eventDataId") ?? text(properties, "eventDataId"),
      time,
      account: subscriptionOf(record),
      ...azureCaller(record),
      key_id: key,
      key_type: key === null ? "none" : "long_lived",
      operation,
      service: path ? operation.slice(0, operation.indexOf("/")) : serviceOf(resource),
      verb_class: azureVerb(operation) ?? verbOfName(operation),
      ...resultOf(record),
      source:
        text(record, "callerIpAddress") ??
        text(member(record, "httpRequest"), "clientIpAddress") ??
        textOf(member(member(record, "identity"), "claims")?.ipaddr),
      user_agent: text(properties, "userAgentHeader") ?? text(record, "userAgent"),
      region: categoryOf(record) === "recommendation" ? null : text(record, "location"),
      resources: named(text(properties, "objectKey"), resource),
      bytes_out: bytesOf(properties),
    }),
  );
}

/** Storage services write their operations in either case; what is known gets one spelling, so that it is one habit. */
const STORAGE = new Map(
  "GetBlob PutBlob DeleteBlob CopyBlob GetBlobProperties GetBlobMetadata SetBlobMetadata SetBlobTier PutBlock PutBlockList ListBlobs ListContainers CreateContainer DeleteContainer SetContainerACL GetContainerProperties GetUserDelegationKey GetFile PutRange CreateFile DeleteFile ListFilesAndDirectories GetMessages PutMessage QueryEntities InsertEntity"
    .split(" ")
    .map((name) => [name.toLowerCase(), name]),
);

const serviceOf = (resource: string | null): string | null =>
  /\/providers\/([^/]+)/i.exec(resource ?? "")?.[1]?.toLowerCase() ?? null;

/** `key1(HASH)` names the account key by which the caller, or the signer of its shared access signature, stands. */
function storageKey(record: JsonObject): string | null {
  const identity = member(record, "identity");
  const type = text(identity, "type");
  return type === "AccountKey" || type === "SAS" ? text(identity, "tokenHash") : null;
}

function bytesOf(properties: JsonObject | null): number | null {
  const bytes = Number(text(properties, "responseBodySize") ?? Number.NaN);
  return bytes >= 0 ? bytes : null;
}
