import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { verdicts } from "../schemas/incident.ts";
import { daysOption, example, limitOption, numberOption, providerOption, severityOption } from "./options.ts";
import { addRoutingCommands } from "./program_routing.ts";
import { type Globals, guarded, runStoreCommand } from "./run.ts";

/** addStoreCommands declares the commands that ask the store: here, or inside the `serve` that runs on it. */
export function addStoreCommands(program: Command, globals: () => Globals): void {
  const keys = program.command("keys").description("the keys: what is declared and what was learned");
  keys
    .command("list")
    .description("every key with its owner, access and last use")
    .addOption(limitOption(200))
    .option("--all", "callers without a key too")
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("keys list"))
    .action((o) => guarded(() => runStoreCommand("keys list", globals(), o)));
  keys
    .command("show")
    .argument("<key>", "name, hint, fingerprint or principal")
    .description("one key's habits in words: where from, when, what, how much")
    .option("--json", "as one JSON object")
    .addHelpText("after", example("keys show billing-report-bot"))
    .action((key: string, o) => guarded(() => runStoreCommand("keys show", globals(), { ...o, key })));
  keys
    .command("import")
    .argument("<file>", "inventory in YAML or JSON, or an export with --from")
    .description("take a new version of the inventory into the store")
    .option(
      "--from <export>",
      "add the keys of an export to it: aws_credential_report, github_tokens, gcp_service_account_keys, vault_accessors, csv",
    )
    .option("--effective-at <time>", "from when on it holds (default: now)")
    .addHelpText("after", example("keys import keys.yaml"))
    .action((file: string, o) =>
      guarded(() => runStoreCommand("keys import", globals(), { ...o, file: resolve(file) })),
    );
  keys
    .command("draft")
    .description("propose an inventory from what was seen, to edit and import")
    .addOption(daysOption(90))
    .addOption(numberOption("--min-events <n>", "leave out keys with fewer events", 1, 1_000_000_000).default(20))
    .option("-o, --out <file>", "write it there instead of printing it; an existing file is left alone")
    .addHelpText("after", example("keys draft -o keys.yaml"))
    .action((o) =>
      guarded(() =>
        runStoreCommand("keys draft", globals(), {
          ...o,
          out: o.out ? resolve(o.out) : undefined,
        }),
      ),
    );

  keys
    .command("revoke-preview")
    .argument("<key>", "name, hint, fingerprint or principal")
    .description("who and what used a key lately: what breaks when it is revoked")
    .addOption(daysOption(30))
    .option("--json", "as one JSON object")
    .addHelpText("after", example("keys revoke-preview billing-report-bot"))
    .action((key: string, o) => guarded(() => runStoreCommand("keys revoke-preview", globals(), { ...o, key })));
  program
    .command("audit")
    .description("who did what, by the page, the API, the command line or a tool")
    .command("list")
    .description("newest first")
    .addOption(limitOption())
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("audit list"))
    .action((o) => guarded(() => runStoreCommand("audit list", globals(), o)));

  const incidents = program.command("incidents").description("what needs a person");
  incidents
    .command("list")
    .description("open incidents, worst first")
    .option("--all", "resolved ones too")
    .addOption(severityOption("--min-severity <severity>", "from here on"))
    .addOption(limitOption())
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("incidents list --min-severity high"))
    .action((o) => guarded(() => runStoreCommand("incidents list", globals(), o)));
  incidents
    .command("show")
    .argument("<id>", "INC-1a2b3c4d, or the uid")
    .description("one incident, explained, with all that happened to it")
    .option("--json", "as one JSON object")
    .addHelpText("after", example("incidents show INC-1a2b3c4d"))
    .action((id: string, o) => guarded(() => runStoreCommand("incidents show", globals(), { ...o, id })));
  for (const [name, text] of [
    ["ack", "say that you look at it"],
    ["reopen", "open it again"],
    ["comment", "write something to it, with --note"],
  ] as const) {
    incidents
      .command(name)
      .argument("<id>", "INC-1a2b3c4d, or the uid")
      .description(text)
      .option("-m, --note <text>", "why")
      .addHelpText("after", example(`incidents ${name} INC-1a2b3c4d`))
      .action((id: string, o) => guarded(() => runStoreCommand(`incidents ${name}`, globals(), { ...o, id })));
  }
  incidents
    .command("assign")
    .argument("<id>", "INC-1a2b3c4d, or the uid")
    .requiredOption("--to <person>", "who takes it")
    .description("give it to somebody")
    .option("-m, --note <text>", "why")
    .addHelpText("after", example("incidents assign INC-1a2b3c4d --to alice"))
    .action((id: string, o) => guarded(() => runStoreCommand("incidents assign", globals(), { ...o, id })));
  incidents
    .command("resolve")
    .argument("<id>", "INC-1a2b3c4d, or the uid")
    .addOption(new Option("--verdict <verdict>", "what it was").choices([...verdicts]).makeOptionMandatory())
    .description("close it with a verdict")
    .option("-m, --note <text>", "why")
    .addHelpText("after", example("incidents resolve INC-1a2b3c4d --verdict expected -m 'new office'"))
    .action((id: string, o) => guarded(() => runStoreCommand("incidents resolve", globals(), { ...o, id })));

  addRoutingCommands(program, globals);

  const findings = program.command("findings").description("what the detections said");
  findings
    .command("list")
    .description("the newest findings")
    .addOption(severityOption("--min-severity <severity>", "from here on"))
    .option("--detection <id>", "of this detection only")
    .option("--key <key>", "of this key only: name, hint or fingerprint")
    .addOption(limitOption())
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("findings list --detection new_source"))
    .action((o) => guarded(() => runStoreCommand("findings list", globals(), o)));
  findings
    .command("show")
    .argument("<id>", "uid or its beginning")
    .description("one finding with its arithmetic")
    .option("--json", "as one JSON object")
    .addHelpText("after", example("findings show 1a2b3c4d"))
    .action((id: string, o) => guarded(() => runStoreCommand("findings show", globals(), { ...o, id })));

  program
    .command("sql")
    .argument("<query>", "a SELECT")
    .description("ask the store; the session can only read")
    .addOption(
      new Option("-f, --format <format>", "how to print").choices(["table", "json", "csv", "tsv"]).default("table"),
    )
    .addHelpText(
      "after",
      example('sql "select operation, count() from events final group by 1 order by 2 desc limit 10"'),
    )
    .action((query: string, o) => guarded(() => runStoreCommand("sql", globals(), { ...o, query })));

  const letters = program.command("dead-letters").description("records that could not be read");
  letters
    .command("list")
    .description("what could not be read and why")
    .addOption(new Option("--status <status>", "open or replayed").choices(["open", "replayed"]).default("open"))
    .addOption(limitOption())
    .option("--json", "one JSON object a line")
    .addHelpText("after", example("dead-letters list"))
    .action((o) => guarded(() => runStoreCommand("dead-letters list", globals(), o)));
  letters
    .command("replay")
    .argument("[id]", "one letter; all open ones without it")
    .description("read them again, after the cause was mended")
    .addOption(providerOption())
    .addHelpText("after", example("dead-letters replay --provider generic"))
    .action((id: string | undefined, o) =>
      guarded(() => runStoreCommand("dead-letters replay", globals(), { ...o, id })),
    );
}
