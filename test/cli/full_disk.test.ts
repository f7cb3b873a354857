import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createReadiness } from "../../cli/ready.ts";
import { corpusRecords } from "../bench/corpus_records.ts";
import { keywatch, openTestApp, tempFolder } from "../support.ts";

const folder = tempFolder();
const small = join(folder, "small");
mkdirSync(small);

/** A disk that is soon full: a tmpfs, which only root may mount. */
const mounted = ((): boolean => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", small], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write("Skipped: mounting a small disk needs root.\n");
    return false;
  }
})();
afterAll(() => {
  if (mounted) execFileSync("umount", [small], { stdio: "ignore" });
});

test.skipIf(!mounted)(
  "a full disk is a clear sentence, and nothing is lost or doubled once there is room",
  async () => {
    const logs = join(folder, "logs");
    mkdirSync(logs);
    const records = [...corpusRecords(40_000, 5)].map((r) => r.text);
    for (let i = 0; i < 4; i++)
      writeFileSync(join(logs, `${i}.json`), `{"Records":[${records.slice(i * 10_000, (i + 1) * 10_000).join(",")}]}`);
    const full = await keywatch(["--data", join(small, "data"), "ingest", logs]);
    expect([full.code, full.stderr]).toEqual([
      1,
      expect.stringContaining("The disk is full: the rows were not stored and not acknowledged. Free some space"),
    ]);
    const file = join(folder, "keywatch.yaml");
    const listen = `127.0.0.1:${20_000 + (process.pid % 20_000)}`;
    writeFileSync(
      file,
      `store: { path: ${join(small, "data")} }\nhttp: { listen: "${listen}" }\nsources: [{ kind: folder, path: ${logs} }]\n`,
    );
    const serving = await keywatch(["--config", file, "serve"]);
    expect([serving.code, serving.stderr]).toEqual([1, expect.stringContaining("The disk is full: the rows were not")]);
    execFileSync("mount", ["-o", "remount,size=512m", small]);
    expect((await keywatch(["--data", join(small, "data"), "ingest", logs])).code).toBe(0);
    const count = await keywatch([
      "--data",
      join(small, "data"),
      "sql",
      "select count() as n, uniqExact(event_uid) as u from events final",
      "--format",
      "json",
    ]);
    expect(JSON.parse(count.stdout)).toEqual({ n: 40_000, u: 40_000 });
  },
  120_000,
);

test.skipIf(!mounted)(
  "a process whose store has no room left is not ready until there is some",
  async () => {
    execFileSync("mount", ["-o", "remount,size=600m", small]);
    const app = await openTestApp(join(small, "ready"));
    try {
      const readiness = createReadiness(app);
      expect(await readiness.faults()).toEqual([]);
      const filler = join(small, "filler");
      const leave = (bytes: number) => {
        rmSync(filler, { force: true });
        const { bavail, bsize } = statfsSync(small);
        const file = openSync(filler, "w");
        const piece = Buffer.alloc(1024 * 1024);
        for (let left = bavail * bsize - bytes; left > 0; left -= piece.length)
          writeSync(file, piece, 0, Math.min(left, piece.length));
        closeSync(file);
      };
      leave(20e6);
      expect(await readiness.faults()).toEqual(["The disk of the store is nearly full."]);
      leave(0);
      const row = { name: "x", value: "y".repeat(100_000), updated_at: new Date().toISOString() };
      await expect(app.store.insert("meta", [row])).rejects.toThrow();
      expect(app.store.hasRoom()).toBe(false);
      expect(await readiness.faults()).toContain("The store has no room for what is written.");
      rmSync(filler);
      // The next look tries a write, for nobody sends to a process that is not ready.
      expect(await readiness.faults()).toEqual([]);
      expect(app.store.hasRoom()).toBe(true);
    } finally {
      rmSync(join(small, "filler"), { force: true });
      await app.close();
    }
  },
  120_000,
);
