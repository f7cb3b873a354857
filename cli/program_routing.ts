import type { Command } from "commander";
import { example } from "./options.ts";
import { type Globals, guarded, runStoreCommand } from "./run.ts";

/** addRoutingCommands declares what decides who is told: silences, routes, deliveries. */
export function addRoutingCommands(program: Command, globals: () => Globals): void {
  const silence = program.command("silence").description("keep messages about some incidents back for a while");
  silence
    .command("add")
    .argument("<matchers...>", 'which incidents: key_name=billing-bot, severity=~"low|medium"')
    .requiredOption("--for <duration>", "how long, 90d at most: 2h")
    .requiredOption("-r, --reason <text>", "why, for whoever asks why nobody was told")
    .option("--starts <time>", "from when on, ISO-8601 (default: now)")
    .option("--json", "as one JSON object")
    .description("what matches all of these is stored and shown, and told when the silence ends and it still goes on")
    .addHelpText("after", example("silence add owner=team-finance 'severity!=critical' --for 2h -r 'key rotation'"))
    .action((matchers: string[], o) => guarded(() => runStoreCommand("silence add", globals(), { ...o, matchers })));
  silence
    .command("list")
    .description("silences that hold or will hold, with how many incidents each held back")
    .option("--all", "those that have ended, too")
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("silence list --all"))
    .action((o) => guarded(() => runStoreCommand("silence list", globals(), o)));
  silence
    .command("expire")
    .argument("<ids...>", "SIL-1a2b3c4d, or the uid")
    .description("end silences now; what they held back and still goes on is told")
    .addHelpText("after", example("silence expire SIL-1a2b3c4d"))
    .action((ids: string[], o) => guarded(() => runStoreCommand("silence expire", globals(), { ...o, ids })));
}
