import { type Command, Option } from "commander";
import { example, limitOption } from "./options.ts";
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

  program
    .command("routes")
    .description("who is told of what")
    .command("explain")
    .argument("<labels...>", "k=v as an incident has them; incident=INC-1a2b3c4d brings all of one")
    .option("--json", "as one JSON object")
    .description("which routes and receivers, when, and what would hold it: silences, inhibition, times")
    .addHelpText("after", example("routes explain severity=high owner=team-finance"))
    .action((labels: string[], o) => guarded(() => runStoreCommand("routes explain", globals(), { ...o, labels })));

  const deliveries = program.command("deliveries").description("messages and what became of them");
  deliveries
    .command("list")
    .description("messages that could not be delivered, the newest first")
    .addOption(
      new Option("--status <status>", "where they stand")
        .choices(["failed", "pending", "delivered", "withheld", "any"])
        .default("failed"),
    )
    .addOption(limitOption())
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("deliveries list --status failed"))
    .action((o) => guarded(() => runStoreCommand("deliveries list", globals(), o)));
  deliveries
    .command("replay")
    .argument("[message]", "a message id or its beginning; all failed ones without it")
    .description("send failed messages again, with the ids they had, after the cause was mended")
    .addHelpText("after", example("deliveries replay msg_1a2b3c4d"))
    .action((id: string | undefined, o) =>
      guarded(() => runStoreCommand("deliveries replay", globals(), { ...o, id })),
    );
}
