import { z } from "zod";
import { duration } from "./duration.ts";
import { cidr, isCidr } from "./network.ts";
import { isZone } from "./zone.ts";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** when is a date or a date-time with zone; given as ms since the epoch. YAML may hand over a Date. */
export const when = z.union([z.string(), z.date()]).transform((value, ctx) => {
  const ms = value instanceof Date ? value.getTime() : Date.parse(value);
  if (Number.isNaN(ms)) {
    ctx.addIssue({
      code: "custom",
      message: `"${String(value)}" is no date; write it like 2027-03-01 or 2027-03-01T09:00:00Z`,
    });
    return z.NEVER;
  }
  return ms;
});

/** days takes "mon-fri", "mon,wed,fri" or "daily" and gives seven booleans, Monday first. */
const days = z.string().transform((text, ctx) => {
  const set = Array<boolean>(7).fill(text === "daily");
  for (const part of text === "daily" ? [] : text.toLowerCase().split(",")) {
    const [from = "", to = from] = part.trim().split("-");
    const a = DAYS.indexOf(from as (typeof DAYS)[number]);
    const b = DAYS.indexOf(to as (typeof DAYS)[number]);
    if (a < 0 || b < 0) {
      ctx.addIssue({ code: "custom", message: `"${text}" are no days; write mon-fri, sat,sun or daily` });
      return z.NEVER;
    }
    for (let d = a; ; d = (d + 1) % 7) {
      set[d] = true;
      if (d === b) break;
    }
  }
  return set;
});

/** clock takes "07:00" and gives minutes after midnight; "24:00" is the end of the day. */
const clock = z.string().transform((text, ctx) => {
  const match = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text);
  const minutes = match ? Number(match[1]) * 60 + Number(match[2]) : -1;
  if (minutes < 0 || minutes > 1440) {
    ctx.addIssue({ code: "custom", message: `"${text}" is no time of day; write it like "07:00"` });
    return z.NEVER;
  }
  return minutes;
});

const zone = z
  .string()
  .refine(isZone, { error: (issue) => `"${String(issue.input)}" is no IANA time zone; write it like Europe/Berlin` });

export const hours = z.strictObject({
  timezone: zone.default("UTC"),
  days: days.prefault("daily"),
  from: clock,
  to: clock,
});
export type Hours = z.infer<typeof hours>;

/** A CIDR, or the name of a set that the operator loads (`network_sets`). */
const network = z.string().refine((text) => isCidr(text) || /^[a-z][a-z0-9_.-]*(:[a-z0-9_.*-]+)*$/i.test(text), {
  error: (issue) => `"${String(issue.input)}" is neither a CIDR such as 203.0.113.0/24 nor the name of a network set`,
});

const rotation = z.strictObject({
  max_age: duration.nullable().default(null),
  created_at: when.nullable().default(null),
  /** Name of the predecessor in this inventory. */
  replaces: z.string().nullable().default(null),
  /** How long the predecessor may still be used after created_at. */
  overlap: duration.prefault("0s"),
});

export const inventoryKey = z
  .strictObject({
    name: z.string().min(1),
    provider: z.string().min(1),
    /** Key id as the provider writes it; only its fingerprint is kept. */
    id: z.string().min(1).nullable().default(null),
    fingerprint: z.string().min(1).nullable().default(null),
    /** ARN, e-mail or name of the principal; covers all its keys. */
    principal: z.string().min(1).nullable().default(null),
    owner: z.string().nullable().default(null),
    environment: z.string().nullable().default(null),
    access: z.enum(["read", "write", "admin"]).nullable().default(null),
    scopes: z.array(z.string()).nullable().default(null),
    granted: z.array(z.string()).nullable().default(null),
    allowed_networks: z.array(network).nullable().default(null),
    allowed_countries: z
      .array(z.string().regex(/^[A-Z]{2}$/, "write a country as two capital letters, such as DE"))
      .nullable()
      .default(null),
    hours: hours.nullable().default(null),
    rotation: rotation.nullable().default(null),
    revoked_at: when.nullable().default(null),
    expires_at: when.nullable().default(null),
    honeytoken: z.boolean().default(false),
    tags: z.array(z.string()).default([]),
  })
  .refine((k) => k.id !== null || k.fingerprint !== null || k.principal !== null, {
    message: "a key needs one of id, fingerprint or principal",
  });
export type InventoryKey = z.infer<typeof inventoryKey>;

const environment = z.strictObject({
  accounts: z.array(z.string()).default([]),
  networks: z.array(cidr).default([]),
  /** Names of hosts, with `*`, as gateway_log and egress_log tell them. */
  hosts: z.array(z.string()).default([]),
});

const exemption = z.strictObject({
  /** Name of a key in this inventory. */
  key: z.string(),
  networks: z.array(network),
  owner: z.string(),
  reason: z.string(),
  expires_at: when,
});

/** inventory is what the owner declares about keys (YAML or JSON). Unknown keys are refused. */
export const inventory = z
  .strictObject({
    environments: z.record(z.string(), environment).default({}),
    /** Providers of which every key is listed: an unlisted one is a finding. */
    complete: z.array(z.string()).default([]),
    /** Named address lists, the providers' published ranges for example. */
    network_sets: z.record(z.string(), z.array(cidr)).default({}),
    /** IANA zone of an owner, used where a key declares none. */
    owners: z
      .record(
        z.string(),
        z.strictObject({ timezone: zone.optional(), email: z.string().optional(), slack: z.string().optional() }),
      )
      .default({}),
    exemptions: z.array(exemption).default([]),
    keys: z.array(inventoryKey).default([]),
  })
  .superRefine((inv, ctx) =>
    crossCheckInventory(inv, (path, message) => ctx.addIssue({ code: "custom", path, message })),
  );
export type Inventory = z.infer<typeof inventory>;

export const emptyInventory: Inventory = inventory.parse({});

interface LooseInventory {
  keys?: {
    name?: unknown;
    environment?: unknown;
    allowed_networks?: unknown;
    rotation?: { replaces?: unknown } | null;
  }[];
  environments?: object;
  network_sets?: object;
  exemptions?: { key?: unknown }[];
}

/** crossCheckInventory finds names that nobody has and names that stand twice, in a document that may be wrong elsewhere. */
export function crossCheckInventory(
  inv: LooseInventory,
  fault: (path: (string | number)[], message: string) => void,
): void {
  const names = new Set<unknown>();
  const keys = Array.isArray(inv.keys) ? inv.keys : [];
  for (const [i, key] of keys.entries()) {
    if (names.has(key?.name)) fault(["keys", i, "name"], `the name "${String(key.name)}" stands twice`);
    names.add(key?.name);
  }
  for (const [i, key] of keys.entries()) {
    const replaces = key?.rotation?.replaces;
    if (typeof replaces === "string" && !names.has(replaces))
      fault(["keys", i, "rotation", "replaces"], `no key named "${replaces}" here`);
    for (const [j, net] of (Array.isArray(key?.allowed_networks)
      ? (key.allowed_networks as unknown[])
      : []
    ).entries()) {
      if (typeof net === "string" && !isCidr(net) && !(net in (inv.network_sets ?? {}))) {
        fault(
          ["keys", i, "allowed_networks", j],
          `no network set named "${net}"; declare it under network_sets, or load published ranges of that name (keywatch update-geo)`,
        );
      }
    }
    const environment = key?.environment;
    if (
      typeof environment === "string" &&
      Object.keys(inv.environments ?? {}).length > 0 &&
      !(environment in (inv.environments ?? {}))
    ) {
      fault(["keys", i, "environment"], `no environment named "${environment}"`);
    }
  }
  for (const [i, ex] of (Array.isArray(inv.exemptions) ? inv.exemptions : []).entries()) {
    if (typeof ex?.key === "string" && !names.has(ex.key)) fault(["exemptions", i, "key"], `no key named "${ex.key}"`);
  }
}
