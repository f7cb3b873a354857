import { Refused } from "../dashboard/backend.ts";
import { listFiles } from "../ingest/sources/file_list.ts";
import type { Config, FolderSource } from "../schemas/config.ts";
import { incidentLabel } from "../schemas/incident.ts";
import type { App } from "./app.ts";
import type { StoreCommand } from "./commands/command.ts";
import { historyIsOpen, leftoversOf, markHistory } from "./history.ts";
import { type IngestResult, ingestInputs } from "./ingest_job.ts";
import { CommandFault, count, type Out } from "./out.ts";

/** Commands that store, judge or delete events: history is judged as a whole, and nothing may come between. */
const WAITS = ["ingest", "dead-letters replay", "rebuild", "erase"];

export interface Backfill {
  /** Reads and judges what the folders hold. True when all of it is, false when it was broken off. */
  run(): Promise<boolean>;
  /** What it does now, a sentence; null once it is through. */
  doing(): string | null;
  /** Breaks it off; what is stored stays, and the next start goes on. */
  stop(): void;
}

/** createBackfill holds the checkpoint until what lies in the folders is judged. The first one of a store is history: nobody is paged for it. */
export function createBackfill(app: App, out: Out): Backfill {
  const release = app.hold();
  const before = app.counters.stored;
  const stopping = new AbortController();
  let judged = 0;
  let through = false;

  async function run(): Promise<boolean> {
    const inputs = await inputsOf(app.config);
    const leftovers = leftoversOf(app);
    const open = await historyIsOpen(app.store);
    const first = open || (app.writer.lastSeq() === 0 && inputs.length > 0);
    // Before the first row: the rest is history too, whatever ends this process.
    if (first && !open) await markHistory(app, "open");
    if (inputs.length > 0 || leftovers.length > 0) {
      const onJudged = (n: number) => {
        judged = n;
      };
      const { signal } = stopping;
      const result = await ingestInputs(app, inputs, {
        ...{ report: first, alone: true, out, leftovers, onJudged, signal },
      });
      if (signal.aborted) return false;
      release();
      await app.save();
      if (first) await markHistory(app, "through");
      through = true;
      await tell(app, inputs, result, first, out);
    }
    release();
    through = true;
    return true;
  }

  return {
    run,
    doing() {
      if (through) return null;
      const events = `${count(app.counters.stored - before)} events`;
      return judged === 0 ? `Reading history: ${events} so far.` : `Judging history: ${count(judged)} events so far.`;
    },
    stop: () => stopping.abort(),
  };
}

/** A source whose folder is empty or away is read when something comes. */
async function inputsOf(config: Config): Promise<{ paths: string[]; provider: string }[]> {
  const inputs = [];
  for (const { path, provider } of foldersOf(config))
    if ((await listFiles([path])).files.length > 0) inputs.push({ paths: [path], provider });
  return inputs;
}

async function tell(
  app: App,
  inputs: readonly { paths: string[] }[],
  { stored, findings }: IngestResult,
  first: boolean,
  out: Out,
): Promise<void> {
  const folders = inputs.flatMap((i) => i.paths).join(", ") || "an earlier run";
  if (!first && stored > 0) out.note(`New in ${folders}: ${count(stored)} events, ${count(findings)} findings.`);
  // Of all of it, however many starts it took.
  const events = app.writer.lastSeq();
  if (!first || events === 0) return;
  const [row] = await app.store.rows("SELECT count() AS n FROM findings FINAL");
  out.note(
    `History of ${folders}: ${count(events)} events, ${count(Number(row?.n))} findings. Nobody was paged; this is what you would have seen:`,
  );
  for (const i of await app.alerter.list({ limit: 5 }))
    out.note(`  ${incidentLabel(i.uid)}  ${i.severity.padEnd(8)} ${i.title}`);
}

export const foldersOf = (config: Config): FolderSource[] =>
  config.sources.filter((s): s is FolderSource => s.kind === "folder");

/** afterHistory refuses pushes while history is read: they would be judged as part of it, and page nobody. Senders keep and repeat them. */
export const afterHistory =
  <A extends unknown[], R>(backfill: Backfill, push: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    const doing = backfill.doing();
    if (doing !== null) throw new Refused(503, `${doing} Nothing of this request was taken; send it again.`);
    return push(...args);
  };

/** commandsAfterHistory has those commands wait that would change what is being judged; all others answer. */
export const commandsAfterHistory = (
  backfill: Backfill,
  commands: Record<string, StoreCommand>,
): Record<string, StoreCommand> =>
  Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [
      name,
      WAITS.includes(name) ? (call) => refusing(backfill, name, () => command(call)) : command,
    ]),
  );

function refusing(backfill: Backfill, name: string, command: () => Promise<number>): Promise<number> {
  const doing = backfill.doing();
  if (doing === null) return command();
  return Promise.reject(new CommandFault(`${doing} Run \`keywatch ${name}\` again when /readyz says that it is done.`));
}
