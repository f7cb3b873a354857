import { statfsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { catalogue } from "../../detect/catalogue.ts";
import { formatDuration } from "../../schemas/duration.ts";
import { packageVersion } from "../../schemas/package_root.ts";
import { migrations } from "../../schemas/store/migrate.ts";
import { count } from "../out.ts";
import { printTable, shortTime } from "../table.ts";
import type { StoreCommand } from "./command.ts";

/** doctor looks at everything that has to work and says what to do where it does not. */
export const doctor: StoreCommand = async ({ app, args, out }) => {
  const checks: [state: "ok" | "look" | "broken", what: string, says: string][] = [];
  const [engine] = await app.store.rows("SELECT version() AS v");
  checks.push(["ok", "keywatch", `${packageVersion} on Node ${process.versions.node}`]);
  checks.push(["ok", "store", `${app.store.kind}, ClickHouse ${engine?.v}, ${migrations().length} migrations applied`]);
  if (app.store.kind === "embedded") {
    const { bavail, bsize } = statfsSync(app.config.store.path);
    const free = bavail * bsize;
    checks.push([
      free < 2e9 ? "look" : "ok",
      "disk",
      `${(free / 1e9).toFixed(1)} GB free for ${app.config.store.path}${free < 2e9 ? ": make room, or shorten store.ttl" : ""}`,
    ]);
  }
  const [log] = await app.store.rows("SELECT count() AS rows, toUnixTimestamp64Milli(max(time)) AS newest FROM events");
  const rows = Number(log?.rows ?? 0);
  checks.push([
    rows > 0 ? "ok" : "look",
    "events",
    rows > 0
      ? `${count(rows)} rows, the newest of ${shortTime(Number(log?.newest))} UTC`
      : "none yet: `keywatch ingest <folder>`, a folder under `sources`, or POST /v1/ingest/<provider>",
  ]);
  const open = Number(
    (await app.store.rows("SELECT count() AS n FROM dead_letters FINAL WHERE status = 'open'"))[0]?.n ?? 0,
  );
  checks.push([
    open > 0 ? "look" : "ok",
    "dead letters",
    open > 0 ? `${count(open)}: \`keywatch dead-letters list\`` : "none",
  ]);
  const behind = app.writer.lastSeq() - app.detector.detectedTo();
  checks.push(["ok", "detection", `${catalogue.length} detections, ${count(behind)} events above the checkpoint`]);
  checks.push(inventoryCheck(app.config.inventory));
  checks.push(...databases(app.now()));
  const channels = app.config.receivers.flatMap((r) => r.channels.map((c) => `${r.name}/${c.kind}`));
  checks.push([
    channels.length > 0 ? "ok" : "look",
    "channels",
    channels.join(", ") || "none: incidents are only shown here",
  ]);
  if (args.json === true) for (const [state, check, says] of checks) out.line(JSON.stringify({ check, state, says }));
  else
    printTable(
      out,
      ["", "CHECK", "SAYS"],
      checks.map(([state, check, says]) => [state, check, says]),
    );
  if (args.json !== true) await sources(app, out);
  return checks.some(([state]) => state === "broken") ? 1 : 0;
};

function inventoryCheck(file: string | null): ["ok" | "look", string, string] {
  return file === null
    ? [
        "look",
        "inventory",
        "none: `keywatch keys draft` proposes one from what was seen, `keywatch keys import` takes it",
      ]
    : ["ok", "inventory", file];
}

/** How old the address databases are: places move. */
function databases(now: number): ["ok" | "look", string, string][] {
  const require = createRequire(import.meta.url);
  return [
    ["geoip-lite", "country database"],
    ["@ip-location-db/asn", "network owner database"],
  ].map(([name, title]) => {
    try {
      const file = require.resolve(`${name}/package.json`);
      const { version } = require(file) as { version: string };
      const age = now - statSync(file).mtimeMs;
      return ["ok", title!, `${name} ${version}, installed ${formatDuration(age)} ago`];
    } catch {
      return ["look", title!, `${name} is not installed: addresses have no place`];
    }
  });
}

/** For each source what it can tell, and so which detections it can feed. */
async function sources(
  app: Parameters<StoreCommand>[0]["app"],
  out: Parameters<StoreCommand>[0]["out"],
): Promise<void> {
  const seen = await app.store.rows(
    "SELECT provider, count() AS n, toUnixTimestamp64Milli(max(time)) AS newest FROM events GROUP BY provider ORDER BY n DESC",
  );
  out.line("");
  if (seen.length === 0) return;
  printTable(
    out,
    ["PROVIDER", "EVENTS", "NEWEST (UTC)", "CAN TELL", "CANNOT TELL"],
    seen.map((s) => {
      const tells = app.parts.registry.byId(String(s.provider))?.tells;
      const facts = tells ? Object.entries(tells) : [];
      const words = (yes: boolean) =>
        facts
          .filter(([, v]) => v === yes)
          .map(([k]) => TELLS[k] ?? k)
          .join(", ") || "-";
      return [String(s.provider), count(Number(s.n)), shortTime(Number(s.newest)), words(true), words(false)];
    }),
  );
}

const TELLS: Record<string, string> = {
  source: "place",
  userAgent: "user agent",
  perCall: "every call",
  outcome: "denials",
  key: "key",
};
