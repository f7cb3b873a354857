/* npm run bench:insert [-- blocks]: what the rollups cost an insert: the same blocks of 40,000 made-up rows with all of them, without the projections, and without the view. */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { config } from "../../schemas/config.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { fillEvents } from "./fill.ts";

const BLOCK = 40_000;
const blocks = Number(process.argv[2] ?? 20);
const PROJECTIONS = ["by_hour", "by_day", "by_subject_day"];

const folder = mkdtempSync(join(tmpdir(), "keywatch-bench-insert-"));
const store = await connectEmbedded(folder);
try {
  await migrate(store, config.parse({}));
  await fillEvents(store, BLOCK);
  await store.command("CREATE TABLE block AS events ENGINE = Memory");
  // As a live source brings them: calls of ten seconds.
  await store.command("INSERT INTO block SELECT * REPLACE (now64(3) - toIntervalSecond(seq % 10) AS time) FROM events");
  console.log(
    `${blocks} blocks of ${BLOCK} rows, ${cpus().length} processors\n| insert into events | p50 ms | CPU ms |\n| --- | --- | --- |`,
  );
  await measure("view and projections, as it is");
  await emptied();
  for (const name of PROJECTIONS) await store.command(`ALTER TABLE events DROP PROJECTION ${name}`);
  await measure("view, no projections");
  await store.command("DROP VIEW sightings_feed");
  await measure("neither");
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

async function emptied(): Promise<void> {
  await store.command("SYSTEM START MERGES events");
  await store.command("TRUNCATE TABLE events");
}

/** Merges are left out: they come later, behind the inserts. */
async function measure(name: string): Promise<void> {
  await emptied();
  await store.command("SYSTEM STOP MERGES events");
  const times: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < blocks; i++) {
    const [began, used] = [performance.now(), process.cpuUsage()];
    await store.command("INSERT INTO events SELECT * FROM block");
    const { user, system } = process.cpuUsage(used);
    times.push(performance.now() - began);
    cpu.push((user + system) / 1000);
  }
  const middle = (of: number[]): string => of.sort((a, b) => a - b)[Math.floor(of.length / 2)]!.toFixed(0);
  console.log(`| ${name} | ${middle(times)} | ${middle(cpu)} |`);
}
