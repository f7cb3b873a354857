import type { VerbClass } from "../schemas/activity.ts";
import { sensitivityOf, withoutApiVersion } from "../schemas/sensitivity.ts";
import { awsActions, awsAdminServices } from "./providers/aws_actions.ts";
import { awsListedActions } from "./providers/aws_actions_listed.ts";
import { remembering } from "./recent.ts";

/**
 * verbClassOf classes an AWS call: the record's own `readOnly` flag decides read against write, then the action table, then the name.
 * So a call flagged read-only is `read` or `auth` and never `write` or `admin`, also where it reads secrets: what such a call
 * can do is told by `sensitivityOf`. A write is `admin` when it changes identities, credentials, policies, logging or billing.
 */
export function verbClassOf(service: string | null, operation: string, readOnly: boolean | null): VerbClass {
  const listed = actions.get(`${service}:${withoutApiVersion(operation)}`);
  if (listed === "auth") return "auth";
  const verb = readOnly === null ? (listed ?? verbOfName(operation)) : readOnly ? "read" : "write";
  return verb === "write" && isAdmin(service, operation) ? "admin" : verb;
}

/** What CloudTrail itself was seen to flag goes before what the authorization reference says of the permission. */
const actions = new Map<string, VerbClass>();
for (const [service, verb, names] of [...awsListedActions, ...awsActions])
  for (const name of names.split(" ")) actions.set(`${service}:${name}`, verb);

function isAdmin(service: string | null, operation: string): boolean {
  if (service !== null && awsAdminServices.has(service)) return true;
  const kind = sensitivityOf(service, operation)?.class;
  return kind !== undefined && kind !== "secrets" && kind !== "compute_credentials";
}

const words = (text: string) => new Set(text.split(" "));
const READS = words(
  "get list describe head lookup search view check query scan select filter validate simulate estimate preview calculate count " +
    "detect discover download fetch find is poll read resolve retrieve show watch inspect evaluate compare decode options index export browse analyze render",
);
const WRITES = words(
  "abort accept acknowledge activate add admin advertise allocate allow alter apply approve archive assign associate attach authorize backup batch " +
    "bulk cancel change claim clear close commit complete configure confirm connect continue copy create deactivate deallocate decline decrease define delete " +
    "deliver deploy deprecate deprovision deregister destroy detach disable disassociate disconnect dispose dissociate distribute drop edit enable end exec execute " +
    "exit expire extend failover finalize flush grant group import increase initialize initiate inject insert install integrate invalidate invite invoke issue join kill launch leave " +
    "link lock make manage merge migrate modify monitor move notify open optimize override patch pause post prepare promote provision publish purchase purge push put " +
    "reactivate reboot rebuild receive record recover redact redeem refresh register reject release remove rename renew reopen reorder repair replace " +
    "replicate report request resend reserve reset resize restart restore resume resync retire retry return revoke rollback rotate run save schedule send " +
    "set shutdown share signal skip split start stop store submit subscribe suspend swap switch switchover sync synchronize tag terminate test transact transfer trigger " +
    "unarchive unassign unauthorize undeploy undeprecate unfreeze uninstall unlink unlock unmonitor unpublish unshare unsubscribe untag update upgrade upload upsert withdraw write",
);
const AUTHS = words("login logout signin signout authenticate authorise assume console session_start mfa");

/**
 * verbOfName reads the verb out of a name in any spelling: `GetObject`, `get_user`, `repo.create`, `users:list`.
 * In dotted names the last part is asked first, for the parts before it name things ("report.export").
 */
export const verbOfName = remembering(judgeName);

function judgeName(operation: string): VerbClass {
  const name = operation.slice(0, 256);
  const dot = /^[\w-]+(?:[.:][\w-]+)+$/.test(name) ? Math.max(name.lastIndexOf("."), name.lastIndexOf(":")) : -1;
  const verb = dot < 0 ? "unknown" : verbOfPhrase(name.slice(dot + 1));
  return verb === "unknown" ? verbOfPhrase(name) : verb;
}

function verbOfPhrase(phrase: string): VerbClass {
  const parts = phrase
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .match(/[a-z]+/g);
  if (parts === null) return "unknown";
  const first = parts[0]!;
  if (first === "batch" && parts.length > 1) return verbOfWord(parts[1]!) === "read" ? "read" : "write";
  const verb = verbOfWord(first);
  return verb === "unknown" ? verbOfWord(parts[parts.length - 1]!) : verb;
}

function verbOfWord(word: string): VerbClass {
  if (READS.has(word)) return "read";
  if (WRITES.has(word)) return "write";
  if (AUTHS.has(word)) return "auth";
  return WRITES.has(word.replace(/e?d$/, "")) || WRITES.has(word.replace(/d$/, "")) ? "write" : "unknown";
}

/** verbOfMethod classes an HTTP method (RFC 9110, 9.2.1: safe methods read). */
export function verbOfMethod(method: string): VerbClass {
  const name = method.toUpperCase();
  if (name === "GET" || name === "HEAD" || name === "OPTIONS" || name === "TRACE") return "read";
  if (name === "POST" || name === "PUT" || name === "PATCH" || name === "DELETE") return "write";
  return "unknown";
}
