import type { Config } from "../../schemas/config.ts";
import { connectStore } from "../../schemas/store/connect.ts";
import { migrate as migrateStore } from "../../schemas/store/migrate.ts";
import type { Loaded } from "../load_config.ts";
import { loadInventory } from "../load_config.ts";
import { count, type Out } from "../out.ts";
import { loadRules } from "../rules.ts";

/** check reads config and inventory and says what they hold, or every fault (exit code 2). */
export function check(loaded: Loaded, out: Out): number {
  const { config } = loaded;
  out.line(`${loaded.file ?? "No keywatch.yaml, so the defaults"}: fine.`);
  out.line(`  store      ${config.store.url ?? config.store.path}`);
  out.line(
    `  http       ${config.http.listen}, ${config.http.tokens.length === 0 ? "this machine only" : `${count(config.http.tokens.length)} tokens`}`,
  );
  out.line(`  sources    ${config.sources.map(sourceName).join(", ") || "pushes only"}`);
  out.line(
    `  receivers  ${config.receivers.map((r) => `${r.name} (${r.channels.map((c) => c.kind).join(", ") || "nothing"})`).join(", ")}`,
  );
  if (config.detect.rules !== null)
    out.line(`  rules      ${config.detect.rules}: ${count(loadRules(config.detect.rules).length)} of yours`);
  if (config.inventory === null) out.line("  inventory  none; `keywatch keys draft` proposes one");
  else out.line(`  inventory  ${config.inventory}: ${count(loadInventory(config.inventory, config).keys.length)} keys`);
  return 0;
}

/** migrate brings the store to this version; a second run does nothing. */
export async function migrate(loaded: Loaded, out: Out): Promise<number> {
  const store = await connectStore(loaded.config, (sentence) => out.note(sentence));
  try {
    const done = await migrateStore(store, loaded.config);
    out.line(done.length === 0 ? "The store is up to date." : `Applied: ${done.join(", ")}.`);
    return 0;
  } finally {
    await store.close();
  }
}

function sourceName(s: Config["sources"][number]): string {
  switch (s.kind) {
    case "folder":
      return s.path;
    case "kafka":
      return `topic ${s.topic}`;
    case "api":
      return `API of ${s.provider}`;
    case "s3":
      return `s3://${s.bucket}/${s.prefix}`;
    case "sqs":
      return `queue ${s.queue_url}`;
  }
}
