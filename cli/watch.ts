import { stat } from "node:fs/promises";
import { listFiles } from "../ingest/sources/file_list.ts";
import type { FolderSource } from "../schemas/config.ts";
import type { App } from "./app.ts";
import { lookAtFiles } from "./file_look.ts";
import type { Out } from "./out.ts";
import { createProgress } from "./progress.ts";
import { readFiles } from "./read_files.ts";
import { repeat } from "./repeat.ts";

/** A file that changed in the last moments may still be written. */
const SETTLED_MS = 1_000;

/** watchFolder reads files that appear in a folder, each once by its content, until `stop` is called. */
export function watchFolder(app: App, source: FolderSource, out: Out): { stop(): Promise<void> } {
  const known = new Map<string, string>();
  const progress = createProgress(app.store, app.now);
  let stopped = false;

  async function look(): Promise<void> {
    const { files } = await listFiles([source.path]);
    const fresh = new Map<string, string>();
    const sizes = new Map<string, number>();
    for (const file of files) {
      const at = await stat(file).catch(() => null);
      if (!at || app.now() - at.mtimeMs < SETTLED_MS) continue;
      const mark = `${at.size} ${at.mtimeMs}`;
      if (known.get(file) === mark) continue;
      fresh.set(file, mark);
      sizes.set(file, at.size);
    }
    const sizeOf = (file: string): number => sizes.get(file) ?? 0;
    for await (const { file, earlier } of lookAtFiles([...fresh.keys()], { progressOf: progress.ofAll, sizeOf })) {
      if (stopped) return;
      if (!earlier?.complete) continue;
      known.set(file, fresh.get(file)!);
      fresh.delete(file);
    }
    if (fresh.size === 0 || stopped) return;
    for await (const block of readFiles(app.parts, {
      paths: [...fresh.keys()],
      provider: source.provider,
      out,
      now: app.now,
      progressOf: progress.ofAll,
    })) {
      await app.take(block.yielded, { source: "folder", bytes: null });
      await progress.reached(block.reached);
      if (stopped) break;
    }
    await progress.flush();
    // Only now: what broke off is read again.
    for (const [file, mark] of fresh) known.set(file, mark);
  }

  const looks = repeat(look, source.interval, (error) =>
    app.log.error({ folder: source.path, error: String(error) }, "Reading a folder failed; it is tried again."),
  );
  return {
    async stop() {
      stopped = true;
      await looks.stop();
    },
  };
}
