import { catalogue } from "../detect/catalogue.ts";
import type { Provider } from "../ingest/provider.ts";
import { builtIn } from "../ingest/registry.ts";
import { formatDuration } from "../schemas/duration.ts";

/** Capability is what the log of one provider can feed, and for each detection that it cannot, why. */
export interface Capability {
  provider: string;
  title: string;
  latenessMs: number;
  feeds: string[];
  lacks: { detection: string; why: string }[];
}

type Fact = keyof Provider["tells"];

/** What a detection needs of the log itself, beside what every record has; `inventory.*` is the owner's to give. */
const FACTS: Record<string, Fact> = {
  src_ip: "source",
  country: "source",
  outcome: "outcome",
  key_uid: "key",
  session_uid: "session",
  per_call: "perCall",
  user_agent: "userAgent",
};

const WHY: Record<Fact, string> = {
  source: "no address",
  userAgent: "no user agent",
  perCall: "not every call",
  outcome: "no outcome",
  key: "no key",
  session: "no workload sessions",
};

/** capabilityOf derives the line of one provider from what it tells and what each detection needs. */
export function capabilityOf(provider: Pick<Provider, "id" | "title" | "latenessMs" | "tells">): Capability {
  const feeds: string[] = [];
  const lacks: Capability["lacks"] = [];
  for (const { id, needs } of catalogue) {
    const missing = needs.map((need) => FACTS[need]).filter((fact) => fact !== undefined && !provider.tells[fact]);
    if (missing.length === 0) feeds.push(id);
    else lacks.push({ detection: id, why: [...new Set(missing)].map((fact) => WHY[fact!]).join(", ") });
  }
  return { provider: provider.id, title: provider.title, latenessMs: provider.latenessMs, feeds, lacks };
}

/** capabilities is the matrix of all that ships; `generic` can feed what its map names, so it has no line. */
export const capabilities = (): Capability[] => builtIn.filter(({ id }) => id !== "generic").map(capabilityOf);

/** providerTable is the README's table. */
export function providerTable(): string {
  const rows = capabilities().map(({ provider, title, latenessMs, feeds, lacks }) => [
    `\`${provider}\``,
    title,
    formatDuration(latenessMs),
    `${feeds.length} of ${catalogue.length}`,
    [...new Set(lacks.flatMap(({ why }) => why.split(", ")))].sort().join(", ") || "-",
  ]);
  const generic = [
    "`generic`",
    "any JSON lines, by a map of its fields in `keywatch.yaml`",
    "5 min",
    "what the map names",
    "-",
  ];
  return table([["provider", "log", "late by", "detections it feeds", "what it lacks"], ...rows, generic]);
}

/** matrix is the whole of it, one row a detection, for docs/providers.md. */
export function matrix(): string {
  const all = capabilities();
  const rows = catalogue.map(({ id }) => [`\`${id}\``, ...all.map(({ feeds }) => (feeds.includes(id) ? "✓" : ""))]);
  return table([["detection", ...all.map(({ provider }) => provider)], ...rows]);
}

function table(rows: string[][]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
