import type { AccessConfig } from "../../schemas/config.ts";
import { deadLetter, type Outcome, ok } from "../../schemas/outcome.ts";
import { draft, named } from "../draft.ts";
import { isFault, timeOf } from "../fields.ts";
import { callerRule } from "../forwarded.ts";
import { outcomeOfStatus } from "../outcome_of.ts";
import { type Draft, defineProvider, type JsonObject, type Provider } from "../provider.ts";
import { verbOfMethod } from "../verbs.ts";
import { withoutKeys } from "./access_keys.ts";
import { accessHost, callName, compileAccess, isAccess, pathOf, readAccess } from "./access_log.ts";
import { type EgressHost, egressHost } from "./egress_hosts.ts";
import { claimsOf, extraHosts } from "./egress_log.ts";

/**
 * gatewayLog reads JSON access logs of nginx, Envoy and Kong in front of your own API: the keys are those you gave out. Lines about a
 * foreign API are `egress_log`. `gateway_log` in keywatch.yaml tells where another format keeps what.
 */
export function gatewayLog(config: AccessConfig | undefined, egress: AccessConfig | undefined): Provider {
  const readers = compileAccess(config?.fields ?? {});
  const caller = callerRule(config?.trusted_proxies, true);
  const own = claimsOf(config);
  const foreign = claimsOf(egress);
  const hosts = extraHosts(egress);
  const goesOut = (record: JsonObject): boolean => foreign(record) || isForeign(record, hosts);
  return defineProvider({
    id: "gateway_log",
    title: "Access logs of your own gateway (nginx, Envoy, Kong)",
    latenessMs: 60_000,
    tells: { source: true, userAgent: true, perCall: true, outcome: true, key: true, session: false },
    claims: (record) => own(record) || (isAccess(record) && !goesOut(record)),
    normalize(record): Outcome<Draft> {
      const call = readAccess(record, readers, caller);
      const operation = callName(call.method, call.target);
      if (operation === null) return deadLetter("neither method nor path");
      const time = timeOf(call.time);
      if (isFault(time)) return time;
      return ok(
        draft({
          event_uid: call.requestId,
          time,
          account: call.host,
          key_id: call.key,
          key_type: call.key === null ? "none" : "long_lived",
          principal_uid: call.principal,
          principal: call.principal,
          operation,
          service: call.service ?? call.host,
          verb_class: call.method === null ? "unknown" : verbOfMethod(call.method),
          outcome: call.status === null ? "unknown" : outcomeOfStatus(call.status),
          status_code: call.status,
          source: call.source,
          user_agent: call.userAgent,
          resources: named(operation.includes("{id}") ? pathOf(call.target ?? "") : null),
          bytes_out: call.bytesOut,
        }),
      );
    },
    kept: withoutKeys,
  });
}

const isForeign = (record: JsonObject, hosts: ReadonlyMap<string, EgressHost>): boolean =>
  egressHost(accessHost(record), hosts) !== null;

export default gatewayLog(undefined, undefined);
