import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { type App, openApp } from "../../cli/app.ts";
import { demoCompromises } from "../../cli/demo/compromises.ts";
import { demoFleet } from "../../cli/demo/fleet.ts";
import { generateHistory } from "../../cli/demo/history.ts";
import { demoInventory } from "../../cli/demo/inventory.ts";
import { places } from "../../cli/demo/places.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { addInventory } from "../../cli/inventory_store.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { loadedFor, quietOut, until } from "../support.ts";

const SEED = 7;

/** seededFleet is a store with 35 days of the demo fleet, its inventory, its attacks, an unreadable record and the messages that went out. */
export async function seededFleet(folder: string): Promise<App> {
  const now = Date.now();
  const fleet = demoFleet(SEED, now);
  const app = await openApp({
    loaded: loadedFor(join(folder, "data"), { route: { receiver: "console", group_wait: "0s" } }),
    log: pino({ level: "silent" }),
    places,
    env: {},
    output: { write: () => undefined, colour: false },
  });
  await addInventory(app.store, inventoryOf(fleet, now), 0, app.parts.fingerprint);
  await app.reloadInventory();
  const day = 24 * 3_600_000;
  const read = async (name: string, records: Iterable<object>): Promise<void> => {
    const file = join(folder, name);
    writeFileSync(file, [...records].map((r) => JSON.stringify(r)).join("\n"));
    const options = { paths: [file], provider: "auto", report: false, alone: true, out: quietOut() } as const;
    await ingestFiles(app, { ...options, paths: [file] });
  };
  await read("history.ndjson", generateHistory({ fleet, seed: SEED, from: now - 35 * DAY_MS, to: now - day / 24 }));
  app.alerter.start();
  const attacks = demoCompromises(fleet, SEED).flatMap((c) => c.records(now - 20 * 60_000));
  await read("attacks.ndjson", [...attacks, { Records: "not a list" }]);
  await app.save();
  await until("a message", async () => (await app.store.rows("SELECT 1 FROM deliveries LIMIT 1")).length > 0);
  return app;
}

/** The demo's inventory, with what the questions of docs/queries.md need besides. */
function inventoryOf(fleet: ReturnType<typeof demoFleet>, now: number): object {
  const document = demoInventory(fleet);
  const date = (days: number): string => new Date(now - days * DAY_MS).toISOString().slice(0, 10);
  return {
    ...document,
    keys: [
      ...(document.keys ?? []).map((key) =>
        key.name === "backup-cron"
          ? { ...key, granted: ["s3:*", "iam:CreateUser"], rotation: { max_age: "90d", created_at: date(80) } }
          : key,
      ),
      { name: "spare", provider: "aws_cloudtrail", id: "AKIAIOSFODNN7EXAMPLE", owner: "team-platform", access: "read" },
    ],
  };
}
