import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { migrations } from "../../schemas/store/migrate.ts";
import type { App } from "../app.ts";
import { count } from "../out.ts";
import { shortTime } from "../table.ts";
import { bad, type Line, ok, orBad, type Patient, warn } from "./line.ts";
import { diskLine } from "./machine.ts";

const SLOW_MS = 1_000;
const SKEW_LOOK_MS = 2_000;
const SKEW_BAD_MS = 60_000;

/** storeLines writes a row and reads it back, and compares clocks, versions and counts. */
export async function storeLines(app: Patient): Promise<Line[]> {
  const mend =
    app.store.kind === "server"
      ? "look whether ClickHouse runs and store.user may write"
      : "look whether the disk is full";
  return [
    ...(await orBad("store", mend, () => probe(app))),
    ...(await orBad("clock", mend, () => clock(app))),
    ...(app.store.kind === "embedded" ? [diskLine(app.config.store.path)] : []),
    pepperLine(app),
    ...(await orBad("events", mend, () => contents(app))),
  ];
}

async function probe({ store, now }: Patient): Promise<Line[]> {
  const value = `${process.pid} ${now()}`;
  const start = performance.now();
  await store.insert("meta", [{ name: "doctor_probe", value, updated_at: new Date(now()).toISOString() }]);
  const [row] = await store.rows("SELECT value FROM meta FINAL WHERE name = 'doctor_probe'");
  const ms = Math.round(performance.now() - start);
  const [engine] = await store.rows("SELECT version() AS version");
  const says = `${store.kind}, ClickHouse ${engine?.version}, ${migrations().length} migrations; a row was written and read back in ${ms} ms`;
  if (row?.value !== value)
    return [bad("store", "a row that was written could not be read back", "look into the log of ClickHouse")];
  return [
    ms > SLOW_MS
      ? warn("store", says, "the disk or the server is slow; look at keywatch_store_seconds")
      : ok("store", says),
  ];
}

async function clock({ store, now }: Patient): Promise<Line[]> {
  const before = now();
  const [row] = await store.rows("SELECT toUnixTimestamp64Milli(now64(3)) AS at");
  const after = now();
  // What the way takes is no skew.
  const skew = Math.max(0, before - Number(row?.at), Number(row?.at) - after);
  const says = `the store's is ${skew < 1 ? "the same" : `${(skew / 1000).toFixed(1)} s off`}`;
  const mend = "have both machines take their time from NTP";
  if (skew >= SKEW_BAD_MS) return [bad("clock", says, mend)];
  return [skew >= SKEW_LOOK_MS ? warn("clock", says, mend) : ok("clock", says)];
}

function pepperLine({ config }: Patient): Line {
  // That it belongs to this store was seen when the store was opened.
  if (process.env.KEYWATCH_PEPPER) return ok("pepper", "from KEYWATCH_PEPPER; it belongs to this store");
  const file = join(config.store.path, "pepper");
  if (!existsSync(file))
    return bad("pepper", `${file} is gone`, "bring it back from a backup: without it no key is known again");
  const mode = statSync(file).mode & 0o777;
  return mode === 0o600
    ? ok("pepper", `${file}, for its owner only; it belongs to this store`)
    : warn("pepper", `${file} has mode ${mode.toString(8)}`, `chmod 600 ${file}`);
}

async function contents({ store }: Patient): Promise<Line[]> {
  const [log] = await store.rows("SELECT count() AS rows, toUnixTimestamp64Milli(max(time)) AS newest FROM events");
  const rows = Number(log?.rows ?? 0);
  const [letters] = await store.rows("SELECT count() AS n FROM dead_letters FINAL WHERE status = 'open'");
  const open = Number(letters?.n ?? 0);
  return [
    rows > 0
      ? ok("events", `${count(rows)} rows, the newest of ${shortTime(Number(log?.newest))} UTC`)
      : warn(
          "events",
          "none yet",
          "`keywatch ingest <folder>`, a folder under `sources`, or POST /v1/ingest/<provider>",
        ),
    open > 0
      ? warn("dead letters", `${count(open)} records could not be read`, "`keywatch dead-letters list` says why")
      : ok("dead letters", "none"),
  ];
}

/** detectionLine tells how far judging is, where this process judges. */
export function detectionLine({ writer, detector, engine }: App): Line {
  const above = writer.lastSeq() - detector.detectedTo();
  return ok("detection", `${count(engine.tracked())} profiles in memory, ${count(above)} events above the checkpoint`);
}
