import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type App, openApp } from "../../cli/app.ts";
import type { StoreCommand } from "../../cli/commands/command.ts";
import { places } from "../../cli/demo/places.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import type { Out } from "../../cli/out.ts";
import type { ConfigText } from "../../schemas/config.ts";
import { loadedFor } from "../support.ts";

/** Bench is a real store in a folder of its own, with a clock that stands still. */
export interface Bench {
  app: App;
  directory: string;
  ingest(records: Iterable<object>): Promise<void>;
  run(
    command: StoreCommand,
    args?: Record<string, unknown>,
  ): Promise<{ code: number; lines: string[]; notes: string[] }>;
  close(): Promise<void>;
}

export async function openBench(now: number, text: ConfigText = {}): Promise<Bench> {
  const directory = mkdtempSync(join(tmpdir(), "keywatch-keys-"));
  const app = await openApp({
    loaded: { ...loadedFor(join(directory, "data"), text), base: directory },
    log: pino({ level: "silent" }),
    now: () => now,
    places,
    env: {},
  });
  let files = 0;
  return {
    app,
    directory,
    async ingest(records) {
      const file = join(directory, `${files++}.ndjson`);
      writeFileSync(file, [...records].map((r) => JSON.stringify(r)).join("\n"));
      await ingestFiles(app, { paths: [file], provider: "auto", report: true, alone: true, out: collect().out });
    },
    async run(command, args = {}) {
      const { out, lines, notes } = collect();
      const code = await command({ app, args, out, stdin: null, actor: "test" });
      return { code, lines, notes };
    },
    async close() {
      await app.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function collect(): { out: Out; lines: string[]; notes: string[] } {
  const lines: string[] = [];
  const notes: string[] = [];
  const out: Out = {
    line: (text) => lines.push(...text.split("\n")),
    note: (text) => notes.push(text),
    progress: () => undefined,
    color: false,
    width: 140,
  };
  return { out, lines, notes };
}
