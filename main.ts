#!/usr/bin/env node
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { DEFAULT_CONFIG } from "./cli/load_config.ts";
import { createLog } from "./cli/log.ts";
import { terminalOut } from "./cli/out.ts";
import { configFor, type Globals, guarded, runStoreCommand } from "./cli/run.ts";
import { parseDuration } from "./schemas/duration.ts";
import { verdicts } from "./schemas/incident.ts";
import { packageVersion } from "./schemas/package_root.ts";
import { severities } from "./schemas/severity.ts";

/*
 * The way of the data, wired in cli/app.ts:
 *   source -> normalizer (provider, redaction, fingerprint, enrichment) -> writer -> events
 *          -> detector (profiles, inventory) -> findings -> alerter (incidents, routes, outbox) -> channels
 */

const program = new Command("keywatch")
  .description("Watches who uses which API key: audit logs in, explained incidents out.")
  .version(packageVersion)
  .option("-c, --config <file>", `config file (default: ${DEFAULT_CONFIG} in this folder, when there is one)`)
  .option("-d, --data <directory>", "data directory instead of store.path (also KEYWATCH_DATA)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .showHelpAfterError("Run it with --help to see how it goes.")
  .configureHelp({ sortSubcommands: false })
  .addHelpText(
    "after",
    "\nFirst steps:\n  keywatch demo                      a fleet that gets attacked, in half a minute\n  keywatch scan ~/cloudtrail-logs    your own logs, nothing stored\n  keywatch serve                     the monitor\n\nExit codes: 0 fine, 1 failed, 2 wrong usage or config, 3 findings at or above --fail-on.",
  );

const globals = (): Globals => program.opts<Globals>();
const example = (line: string): string => `\nExample:\n  keywatch ${line}`;
const provider = () =>
  new Option("-p, --provider <id>", "whose logs they are; auto recognises each record").default("auto");
const absolute = (paths: string[]): string[] => paths.map((p) => (p === "-" ? p : resolve(p)));
const severity = (flags: string, text: string) => new Option(flags, text).choices([...severities]);

program
  .command("scan")
  .argument("<paths...>", "files, folders or patterns; - for standard input")
  .description("read logs once and print incidents with reasons; nothing is stored")
  .addOption(provider())
  .option("-i, --inventory <file>", "what you declare about your keys (YAML or JSON)")
  .addOption(new Option("-f, --format <format>", "how to print").choices(["table", "ndjson", "ocsf"]).default("table"))
  .addOption(severity("--min-severity <severity>", "print from here on").default("informational"))
  .addOption(severity("--fail-on <severity>", "exit 3 when something is at least this severe"))
  .addHelpText("after", example("scan ./cloudtrail --inventory keys.yaml --fail-on high"))
  .action((paths: string[], o) =>
    guarded(async () =>
      (await import("./cli/commands/scan.ts")).scan(
        configFor(globals()),
        {
          paths,
          provider: o.provider,
          inventory: o.inventory ?? null,
          format: o.format,
          minSeverity: o.minSeverity,
          failOn: o.failOn ?? null,
        },
        terminalOut(),
        Date.now,
      ),
    ),
  );

program
  .command("ingest")
  .argument("<paths...>", "files, folders or patterns; - for standard input")
  .description("read logs into the store; killed or repeated, it counts nothing twice")
  .addOption(provider())
  .option("--json", "print the counts as JSON")
  .addHelpText("after", example("ingest ./cloudtrail"))
  .action((paths: string[], o) =>
    guarded(() =>
      runStoreCommand(
        "ingest",
        globals(),
        { ...o, paths: absolute(paths) },
        paths.includes("-") ? process.stdin : null,
      ),
    ),
  );

program
  .command("serve")
  .description("run the monitor: pushes over HTTP, watched folders, detection, messages, page")
  .option("--listen <host:port>", "address instead of http.listen")
  .addOption(new Option("--or-demo", "run the demo where there is no config").hideHelp())
  .addHelpText("after", example("serve --config keywatch.yaml"))
  .action((o) =>
    guarded(() => (o.orDemo && !globals().config && !existsSync(DEFAULT_CONFIG) ? runDemo({}) : serve(o))),
  );

program
  .command("demo")
  .description("serve a bundled fleet of keys that gets attacked; its data is removed at the end")
  .option("--listen <host:port>", "address", "127.0.0.1:8686")
  .option("--seed <n>", "another fleet for another number", "42")
  .option("--for <duration>", "end by itself, after 60s for example")
  .addHelpText("after", example("demo"))
  .action((o) => guarded(() => runDemo(o)));

program
  .command("normalize")
  .argument("<paths...>", "files, folders or patterns; - for standard input")
  .description("print the events that records become, one JSON object a line")
  .addOption(provider())
  .addOption(
    new Option("-f, --format <format>", "flat is our own row, ocsf is OCSF 1.8.0 API Activity")
      .choices(["flat", "ocsf"])
      .default("flat"),
  )
  .addHelpText("after", example("normalize trail.json.gz --format ocsf"))
  .action((paths: string[], o) =>
    guarded(async () =>
      (await import("./cli/commands/normalize.ts")).normalize(
        configFor(globals()),
        { paths, provider: o.provider, format: o.format },
        terminalOut(),
      ),
    ),
  );

program
  .command("redact")
  .description("take secrets out of standard input; lines stay lines")
  .option("--report", "print only how many secrets of which kind stand where")
  .addHelpText("after", example("redact < app.log > clean.log"))
  .action((o) =>
    guarded(async () =>
      (await import("./cli/commands/normalize.ts")).redact(
        configFor(globals()),
        { report: o.report ?? false },
        process.stdin,
        terminalOut(),
      ),
    ),
  );

program
  .command("fingerprint")
  .description("print the fingerprint of each key id on standard input, as the store knows it")
  .requiredOption("-p, --provider <id>", "whose key it is")
  .addHelpText("after", "\nExample:\n  echo AKIAIOSFODNN7EXAMPLE | keywatch fingerprint --provider aws_cloudtrail")
  .action((o) =>
    guarded(async () =>
      (await import("./cli/commands/normalize.ts")).fingerprint(
        configFor(globals()),
        { provider: o.provider },
        process.stdin,
        terminalOut(),
      ),
    ),
  );

const keys = program.command("keys").description("the keys: what is declared and what was learned");
keys
  .command("list")
  .description("every key with its owner, access and last use")
  .option("--limit <n>", "at most so many", "200")
  .option("--all", "temporary keys' principals too")
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
  .argument("<file>", "inventory in YAML or JSON")
  .description("take a new version of the inventory into the store")
  .option("--effective-at <time>", "from when on it holds (default: now)")
  .addHelpText("after", example("keys import keys.yaml"))
  .action((file: string, o) => guarded(() => runStoreCommand("keys import", globals(), { ...o, file: resolve(file) })));
keys
  .command("draft")
  .description("propose an inventory from what was seen, to edit and import")
  .option("--days <n>", "look back so far", "90")
  .option("--min-events <n>", "leave out keys with fewer events", "20")
  .option("-o, --output <file>", "write it there instead of printing it")
  .addHelpText("after", example("keys draft -o keys.yaml"))
  .action((o) =>
    guarded(() =>
      runStoreCommand("keys draft", globals(), {
        ...o,
        output: o.output ? resolve(o.output) : undefined,
      }),
    ),
  );

const incidents = program.command("incidents").description("what needs a person");
incidents
  .command("list")
  .description("open incidents, worst first")
  .option("--all", "resolved ones too")
  .addOption(severity("--min-severity <severity>", "from here on"))
  .option("--limit <n>", "at most so many", "50")
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

const findings = program.command("findings").description("what the detections said");
findings
  .command("list")
  .description("the newest findings")
  .addOption(severity("--min-severity <severity>", "from here on"))
  .option("--detection <id>", "of this detection only")
  .option("--key <key>", "of this key only: name, hint or fingerprint")
  .option("--limit <n>", "at most so many", "50")
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
  .option("--limit <n>", "at most so many", "50")
  .option("--json", "one JSON object a line")
  .addHelpText("after", example("dead-letters list"))
  .action((o) => guarded(() => runStoreCommand("dead-letters list", globals(), o)));
letters
  .command("replay")
  .argument("[id]", "one letter; all open ones without it")
  .description("read them again, after the cause was mended")
  .addOption(provider())
  .addHelpText("after", example("dead-letters replay --provider generic"))
  .action((id: string | undefined, o) =>
    guarded(() => runStoreCommand("dead-letters replay", globals(), { ...o, id })),
  );

program
  .command("check")
  .description("check config and inventory; every fault at once")
  .addHelpText("after", example("check --config keywatch.yaml"))
  .action(() =>
    guarded(async () => (await import("./cli/commands/check.ts")).check(configFor(globals()), terminalOut())),
  );
program
  .command("migrate")
  .description("bring the store to this version; a second run does nothing")
  .addHelpText("after", example("migrate"))
  .action(() =>
    guarded(async () => (await import("./cli/commands/check.ts")).migrate(configFor(globals()), terminalOut())),
  );
program
  .command("doctor")
  .description("look at everything that has to work, and say what to do where it does not")
  .option("--json", "one JSON object a line")
  .addHelpText("after", example("doctor"))
  .action((o) => guarded(() => runStoreCommand("doctor", globals(), o)));

async function serve(o: { listen?: string }): Promise<number> {
  const [{ openApp }, { startServing }, { storeCommands }] = await Promise.all([
    import("./cli/app.ts"),
    import("./cli/serve.ts"),
    import("./cli/commands/store_commands.ts"),
  ]);
  const out = terminalOut();
  const loaded = configFor(globals());
  if (o.listen) loaded.config.http.listen = o.listen;
  const stop = interrupted();
  const app = await openApp({ loaded, log: createLog() });
  const running = await startServing(app, storeCommands, out).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  out.note(
    `keywatch ${packageVersion} is at ${running.address}, its data in ${loaded.config.store.url ?? loaded.config.store.path}`,
  );
  await stop;
  out.note("Stopping: finishing what is under way.");
  await running.stop();
  return 0;
}

async function runDemo(o: { listen?: string; seed?: string; for?: string }): Promise<number> {
  const { demo } = await import("./cli/commands/demo.ts");
  const forMs = parseDuration(o.for ?? "") ?? 0;
  return demo(
    { seed: Number(o.seed ?? 42), listen: o.listen ?? null, forMs },
    terminalOut(),
    createLog(),
    interrupted(),
  );
}

/** interrupted resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

await program.parseAsync();
