import type { VerbClass } from "../../schemas/activity.ts";
import type { AccessConfig } from "../../schemas/config.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft } from "../draft.ts";
import { isFault, timeOf } from "../fields.ts";
import { callerRule } from "../forwarded.ts";
import { textOf } from "../json.ts";
import { outcomeOfStatus } from "../outcome_of.ts";
import { compilePath } from "../paths.ts";
import { type Draft, defineProvider, type JsonObject, type Provider } from "../provider.ts";
import { verbOfMethod } from "../verbs.ts";
import { withoutKeys } from "./access_keys.ts";
import { accessHost, callName, compileAccess, isAccess, readAccess } from "./access_log.ts";
import { type EgressHost, egressHost } from "./egress_hosts.ts";

/**
 * egressLog reads your proxy's access log as the record of each call to a foreign API, which Stripe, Twilio, OpenAI and X export to
 * nobody. The host tells whose API it is. A raw key is fingerprinted in the same step and no header is kept.
 */
export function egressLog(config: AccessConfig | undefined): Provider {
  const readers = compileAccess(config?.fields ?? {});
  const caller = callerRule(config?.trusted_proxies, false);
  const hosts = extraHosts(config);
  const own = claimsOf(config);
  return defineProvider({
    id: "egress_log",
    title: "Your proxy's log of calls to Stripe, Twilio, OpenAI, X, ...",
    latenessMs: 60_000,
    tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: false },
    claims: (record) => own(record) || (isAccess(record) && egressHost(accessHost(record), hosts) !== null),
    normalize(record): Outcome<Draft> {
      const host = egressHost(readers.host === undefined ? accessHost(record) : textOf(readers.host(record)), hosts);
      const call = readAccess(record, readers, caller, host?.headers);
      const operation = callName(call.method, call.target);
      // A CONNECT tunnel shows the host and nothing else.
      if (operation === null) return deadLetter("neither method nor path");
      const time = timeOf(call.time);
      if (isFault(time)) return time;
      return ok(
        draft({
          event_uid: call.requestId,
          time,
          key_id: call.key,
          key_type: call.key === null ? "none" : "long_lived",
          principal_uid: call.principal,
          principal: call.principal,
          principal_type: "service",
          operation,
          service: host?.service ?? call.host,
          verb_class: verbOf(host, call.method, operation),
          outcome: call.status === null ? "unknown" : outcomeOfStatus(call.status),
          status_code: call.status,
          source: call.source,
          user_agent: call.userAgent,
          bytes_out: call.bytesOut,
        }),
      );
    },
    kept: withoutKeys,
  });
}

function verbOf(host: EgressHost | null, method: string | null, operation: string): VerbClass {
  const rule = host?.rules.find(([match]) => match.test(operation));
  if (rule !== undefined) return rule[1];
  return method === null ? "unknown" : verbOfMethod(method);
}

/** extraHosts are the hosts of the config, each with a service and without rules. */
export const extraHosts = (config: AccessConfig | undefined): ReadonlyMap<string, EgressHost> =>
  new Map(
    Object.entries(config?.hosts ?? {}).map(([host, service]) => [host.toLowerCase(), { host, service, rules: [] }]),
  );

/** claimsOf is the operator's own word on which lines are meant; without one it claims nothing. */
export function claimsOf(config: AccessConfig | undefined): (record: JsonObject) => boolean {
  const wanted = Object.entries(config?.claims ?? {}).map(([path, value]) => ({ read: compilePath(path), value }));
  return (record) =>
    wanted.length > 0 &&
    wanted.every(({ read, value }) => {
      const found = read(record);
      return found !== undefined && (value === null || found === value);
    });
}

export default egressLog(undefined);
