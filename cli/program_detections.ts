import { resolve } from "node:path";
import type { Command } from "commander";
import { absolute, example } from "./options.ts";
import { terminalOut } from "./out.ts";
import { configFor, type Globals, guarded, runStoreCommand } from "./run.ts";

/** addDetectionCommands declares what is about the detections themselves, and what plays stored events once more. */
export function addDetectionCommands(program: Command, globals: () => Globals): void {
  const detections = program
    .command("detections")
    .description("what is looked for, why it spoke, and whether it would");
  detections
    .command("list")
    .description("every detection: what it needs, how severe, whether it is on")
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("detections list"))
    .action((o) =>
      guarded(async () =>
        (await import("./commands/detections.ts")).detectionsList(
          configFor(globals()),
          { json: o.json === true },
          terminalOut(),
        ),
      ),
    );
  detections
    .command("explain")
    .argument("<finding>", "uid or its beginning")
    .description("what was seen beside what is usual, with a chart, and what would have kept it quiet")
    .option("--json", "as one JSON object")
    .addHelpText("after", example("detections explain 1a2b3c4d"))
    .action((id: string, o) => guarded(() => runStoreCommand("detections explain", globals(), { ...o, id })));
  detections
    .command("test")
    .argument(
      "[paths...]",
      "files or folders with cases, or rules that carry them (default: those that ship, and yours)",
    )
    .description("play cases in YAML: given a history, when calls come, then who speaks (docs/rules.md)")
    .option("--json", "one JSON object a case")
    .addHelpText("after", example("detections test rules/many_buckets_deleted.yaml"))
    .action((paths: string[], o) =>
      guarded(async () =>
        (await import("./commands/detections.ts")).detectionsTest(
          configFor(globals()),
          { paths: absolute(paths), json: o.json === true },
          terminalOut(),
        ),
      ),
    );

  program
    .command("backtest")
    .description(
      "what would have been told, to whom and when, had a config held then; nothing is stored, nobody is told",
    )
    .requiredOption("--from <time>", "what lies before is learned from")
    .option("--to <time>", "the end (default: now)")
    .option("--diff <file>", "another config: what changes with it")
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("backtest --from 2026-03-01 --to 2026-04-01 --diff stricter.yaml"))
    .action((o) =>
      guarded(() =>
        runStoreCommand("backtest", globals(), {
          ...o,
          config: globals().config === undefined ? undefined : resolve(globals().config!),
          diff: o.diff === undefined ? undefined : resolve(o.diff),
        }),
      ),
    );

  program
    .command("rebuild")
    .description("learn all profiles anew from stored events and inventory; not while `serve` runs")
    .option("--json", "print the counts as JSON")
    .addHelpText("after", example("rebuild"))
    .action((o) => guarded(() => runStoreCommand("rebuild", globals(), o)));
}
