import { NetworkSet } from "../schemas/network.ts";
import { classify, lastPublic } from "./enrich/address.ts";

/**
 * CallerRule says who called, of the address of the connection and of what forwarded headers name, in their order. Callers write the first
 * entries of such a header themselves; each proxy adds at the end whom it heard.
 */
export type CallerRule = (connection: string | null, forwarded: readonly string[]) => string | null;

/**
 * callerRule reads from the right, past the networks of trusted proxies. Where the config names none, a neighbour in a private network
 * counts as a proxy if `inbound`, for calls from outside come through one; of calls that leave, the neighbour is the caller.
 */
export function callerRule(trusted: readonly string[] | undefined, inbound: boolean): CallerRule {
  if (trusted !== undefined) return behind(new NetworkSet(trusted));
  return inbound
    ? (connection, forwarded) =>
        forwarded.length === 0 ? connection : lastPublic(connection === null ? forwarded : [...forwarded, connection])
    : (connection, forwarded) => connection ?? forwarded.at(-1) ?? null;
}

function behind(proxies: NetworkSet): CallerRule {
  return (connection, forwarded) => {
    // Who comes over a local socket is a proxy on the same host.
    let known = connection?.startsWith("unix:") === true ? null : connection;
    if (known !== null && !isOf(proxies, known)) return known;
    for (const entry of forwarded.toReversed()) {
      const { src_kind } = classify(entry);
      if (known !== null && src_kind !== "ip" && src_kind !== "private") return known;
      known = entry;
      if (!isOf(proxies, entry)) return known;
    }
    return known ?? connection;
  };
}

const isOf = (proxies: NetworkSet, entry: string): boolean => proxies.has(classify(entry).src_ip ?? "");
