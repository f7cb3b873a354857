import type { KeyPolicy } from "../../detect/inventory_index.ts";
import { iso } from "../../schemas/duration.ts";
import type { AddressRow } from "../../schemas/queries/keys.ts";
import { date } from "./observed.ts";

/** ExemptionUse is what came from networks that are exempted from location findings; times in ms. */
export interface ExemptionUse {
  networks: string[];
  until: number;
  events: number;
  addresses: number;
  /** Null where no call came from there. */
  last: number | null;
}

/** exemptionUse counts the calls that each exemption of a key matches, whether or not it has ended. */
export const exemptionUse = (policy: KeyPolicy | null, rows: readonly AddressRow[]): ExemptionUse[] =>
  (policy?.exempt ?? []).map(({ names, networks, until }) => {
    const hits = rows.filter((r) => networks.has(r.src_ip));
    return {
      networks: names,
      until,
      events: hits.reduce((n, r) => n + r.events, 0),
      addresses: hits.length,
      last: hits.length === 0 ? null : Math.max(...hits.map((r) => r.last_ms)),
    };
  });

/** exemptionJson is the machine's form. */
export const exemptionJson = ({ networks, until, events, addresses, last }: ExemptionUse): object => ({
  ...{ networks, expires_at: iso(until), events, addresses, last_seen: last === null ? null : iso(last) },
});

/** exemptionWords says it in a line; `share` puts calls in words. */
export function exemptionWords(use: ExemptionUse, now: number, share: (events: number) => string): string {
  const { networks, until, events, addresses, last } = use;
  const what = `${networks.join(", ")} until ${date(until)}${until <= now ? ", which is over" : ""}`;
  return last === null
    ? `${what}: no call came from there`
    : `${what}: ${share(events)} of the calls, from ${addresses} ${addresses === 1 ? "address" : "addresses"}, last ${date(last)}`;
}
