import { z } from "zod";
import { cidr, isCidr } from "../../schemas/network.ts";

/** Ranges are the networks that a provider publishes, each with what it is: a region, a service, a purpose. */
export interface Ranges {
  type: string;
  /** ms; null where the list does not say. */
  madeAt: number | null;
  /** Labels by network. */
  networks: Map<string, string[]>;
}

type Labelled = [network: string, ...labels: (string | undefined)[]];

interface Read {
  type: string;
  madeAt?: string | undefined;
  networks: Labelled[];
}

const aws = z
  .object({
    createDate: z.string().optional(),
    prefixes: z.array(z.object({ ip_prefix: cidr, region: z.string(), service: z.string() })),
    ipv6_prefixes: z.array(z.object({ ipv6_prefix: cidr, region: z.string(), service: z.string() })).default([]),
  })
  .transform(
    (list): Read => ({
      type: "AWS ip-ranges",
      madeAt: list.createDate?.replace(/^(\d+-\d+-\d+)-(\d+)-(\d+)-(\d+)$/, "$1T$2:$3:$4Z"),
      networks: [
        ...list.prefixes.map((p): Labelled => [p.ip_prefix, p.region, p.service]),
        ...list.ipv6_prefixes.map((p): Labelled => [p.ipv6_prefix, p.region, p.service]),
      ],
    }),
  );

const google = z
  .object({
    creationTime: z.string().optional(),
    prefixes: z.array(
      z
        .object({ ipv4Prefix: cidr.optional(), ipv6Prefix: cidr.optional(), scope: z.string().optional() })
        .refine((p) => p.ipv4Prefix !== undefined || p.ipv6Prefix !== undefined),
    ),
  })
  .transform(
    (list): Read => ({
      type: "Google cloud.json",
      madeAt: list.creationTime && `${list.creationTime.replace(/Z$/, "")}Z`,
      networks: list.prefixes.map((p): Labelled => [(p.ipv4Prefix ?? p.ipv6Prefix)!, p.scope]),
    }),
  );

const azure = z
  .object({
    values: z.array(z.object({ name: z.string(), properties: z.object({ addressPrefixes: z.array(cidr) }) })),
  })
  .transform(
    (list): Read => ({
      type: "Azure ServiceTags",
      networks: list.values.flatMap(({ name, properties }) =>
        properties.addressPrefixes.map((network): Labelled => [network, name, ...name.split(".")]),
      ),
    }),
  );

const cloudflare = z
  .object({ result: z.object({ ipv4_cidrs: z.array(cidr), ipv6_cidrs: z.array(cidr).default([]) }) })
  .transform(
    ({ result }): Read => ({
      type: "Cloudflare ips",
      networks: [...result.ipv4_cidrs, ...result.ipv6_cidrs].map((network): Labelled => [network]),
    }),
  );

/** GitHub's meta has lists of other things too; a list of networks is one in which all are. */
const github = z
  .object({ hooks: z.array(cidr).min(1) })
  .catchall(z.unknown())
  .transform(
    (list): Read => ({
      type: "GitHub meta",
      networks: Object.entries(list).flatMap(([purpose, values]) =>
        Array.isArray(values) && values.every((v) => typeof v === "string" && isCidr(v))
          ? values.map((network: string): Labelled => [network, purpose])
          : [],
      ),
    }),
  );

const json = z.union([aws, google, azure, cloudflare, github]);

/** readRanges reads a list of networks in one of the formats that providers publish, or one network a line. Throws a sentence. */
export function readRanges(text: string): Ranges {
  const { type, madeAt, networks } = /^\s*[{[]/.test(text) ? readJson(text) : readLines(text);
  const everywhere = networks.find(([network]) => network.endsWith("/0"));
  if (everywhere) throw new Error(`it holds ${everywhere[0]}, which is every address there is`);
  if (networks.length === 0) throw new Error("it holds no network");
  const labels = new Map<string, Set<string>>();
  for (const [network, ...more] of networks) {
    const known = labels.get(network) ?? new Set();
    for (const label of more) if (label !== undefined) known.add(label.toLowerCase());
    labels.set(network, known);
  }
  const made = Date.parse(madeAt ?? "");
  return {
    type,
    madeAt: Number.isNaN(made) ? null : made,
    networks: new Map([...labels].map(([network, set]) => [network, [...set].sort()])),
  };
}

function readJson(text: string): Read {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new Error("it is no JSON, or its end is missing", { cause });
  }
  const read = json.safeParse(document);
  if (read.success) return read.data;
  throw new Error(
    "it is in none of the known formats: AWS ip-ranges.json, Google cloud.json, Azure ServiceTags, GitHub meta, Cloudflare ips, or one network a line",
  );
}

function readLines(text: string): Read {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  const wrong = lines.findIndex((line) => line !== "" && !isCidr(line));
  if (wrong >= 0) throw new Error(`line ${wrong + 1} is no network such as 203.0.113.0/24`);
  return { type: "list", networks: lines.filter((line) => line !== "").map((line): Labelled => [line]) };
}
