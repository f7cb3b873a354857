#!/usr/bin/env node
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { DEFAULT_CONFIG } from "./cli/load_config.ts";
import { createLog } from "./cli/log.ts";
import {
  absolute,
  durationOption,
  example,
  listenOption,
  numberOption,
  providerOption,
  severityOption,
} from "./cli/options.ts";
import { terminalOut } from "./cli/out.ts";
import { addDetectionCommands } from "./cli/program_detections.ts";
import { addGeoCommand } from "./cli/program_geo.ts";
import { addStoreCommands } from "./cli/program_store.ts";
import { askServing, configFor, type Globals, guarded, runStoreCommand } from "./cli/run.ts";
import { runDemo, serve } from "./cli/run_serve.ts";
import { packageVersion } from "./schemas/package_root.ts";

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
program
  .command("scan")
  .argument("<paths...>", "files, folders or patterns; - for standard input")
  .description("read logs once and print incidents with reasons; nothing is stored")
  .addOption(providerOption())
  .option("-i, --inventory <file>", "what you declare about your keys (YAML or JSON)")
  .addOption(new Option("-f, --format <format>", "how to print").choices(["table", "ndjson", "ocsf"]).default("table"))
  .addOption(severityOption("--min-severity <severity>", "print from here on").default("informational"))
  .addOption(severityOption("--fail-on <severity>", "exit 3 when something is at least this severe"))
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
  .addOption(providerOption())
  .option(
    "--again",
    "read files anew that were read before, after a mapping was mended; what is known is not counted twice",
  )
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
  .addOption(listenOption("address instead of http.listen"))
  .option("--roles <names>", "with `kafka`: which of ingest, detect, alert, web run in this process (default: all)")
  .addOption(new Option("--or-demo", "run the demo where there is no config").hideHelp())
  .addHelpText("after", example("serve --config keywatch.yaml"))
  .action((o) =>
    guarded(() => (o.orDemo && !globals().config && !existsSync(DEFAULT_CONFIG) ? runDemo({}) : serve(globals(), o))),
  );

program
  .command("demo")
  .description("serve a bundled fleet of keys that gets attacked; its data is removed at the end")
  .addOption(listenOption("address").default("127.0.0.1:8686"))
  .addOption(numberOption("--seed <n>", "another fleet for another number", 0, 4_294_967_295).default(42))
  .addOption(durationOption("--for <duration>", "end by itself, after 60s for example"))
  .addHelpText("after", example("demo"))
  .action((o) => guarded(() => runDemo(o)));

program
  .command("normalize")
  .argument("<paths...>", "files, folders or patterns; - for standard input")
  .description("print the events that records become, one JSON object a line")
  .addOption(providerOption())
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
  .argument("[paths...]", "files, folders or patterns (default: standard input)")
  .description("take secrets out of logs; lines stay lines")
  .option("--report", "print only which kinds of secrets stand in which file and line, never their values")
  .option("--json", "the report as one JSON object a secret and line")
  .addHelpText("after", `${example("redact < app.log > clean.log")}\n  keywatch redact --report ./logs`)
  .action((paths: string[], o) =>
    guarded(async () => {
      const options = { paths, report: o.report ?? false, json: o.json ?? false };
      return (await import("./cli/commands/redact.ts")).redact(
        configFor(globals()),
        options,
        process.stdin,
        terminalOut(),
      );
    }),
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

addStoreCommands(program, globals);
addDetectionCommands(program, globals);

program
  .command("check")
  .description("check config and inventory; every fault at once")
  .addHelpText("after", example("check --config keywatch.yaml"))
  .action(() =>
    guarded(async () => (await import("./cli/commands/check.ts")).check(configFor(globals()), terminalOut())),
  );
program
  .command("topics")
  .description("the Kafka topics between the roles")
  .command("create")
  .description("make those that are missing, and tell what is not safe; a second run changes nothing")
  .addOption(
    numberOption(
      "--partitions <n>",
      "partitions of the events: as many processes can judge at most (default: 12 for new ones)",
      1,
      1_000,
    ),
  )
  .addOption(
    numberOption(
      "--replication <n>",
      "copies of each new topic (default: as the brokers have it); of three or more, two have to be in sync",
      1,
      1_000,
    ),
  )
  .addHelpText("after", example("topics create"))
  .action((o) =>
    guarded(async () =>
      (await import("./cli/commands/topics.ts")).topicsCreate(configFor(globals()), o, terminalOut(), createLog()),
    ),
  );
program
  .command("channels")
  .description("where messages go")
  .command("test")
  .argument("<receiver>", "a receiver of the config")
  .description("send a test incident to every channel of a receiver, resolve it, and say what came back")
  .addHelpText("after", example("channels test on-call"))
  .action((receiver: string) =>
    guarded(async () =>
      (await import("./cli/commands/channels.ts")).channelsTest(
        configFor(globals()),
        receiver,
        terminalOut(),
        Date.now,
      ),
    ),
  );
program
  .command("migrate")
  .description("bring the store to this version; a second run does nothing")
  .addHelpText("after", example("migrate"))
  .action(() =>
    guarded(async () => (await import("./cli/commands/check.ts")).migrate(configFor(globals()), terminalOut())),
  );
program
  .command("reload")
  .description(
    "have the running `serve` read its config again: routes, receivers, inventory, address data, log level (also: SIGHUP)",
  )
  .addHelpText("after", example("reload"))
  .action(() => guarded(() => askServing("reload", globals())));
addGeoCommand(program, globals);
program
  .command("backup")
  .argument("<folder>", "a new folder; it will hold the store and the pepper")
  .description("copy the embedded store, consistent, also while `serve` runs")
  .option("--json", "print what it holds as JSON")
  .addHelpText("after", example("backup /backups/keywatch-monday"))
  .action((folder: string, o) =>
    guarded(() => runStoreCommand("backup", globals(), { ...o, folder: resolve(folder) })),
  );
program
  .command("restore")
  .argument("<folder>", "a folder that `keywatch backup` made")
  .description("make the data directory from a backup")
  .option("--force", "put a data directory that is not empty aside")
  .addHelpText("after", example("restore /backups/keywatch-monday"))
  .action((folder: string, o) =>
    guarded(async () => {
      const [{ restore }, out] = [await import("./cli/restore.ts"), terminalOut()];
      const { config } = configFor(globals());
      const options = { folder: resolve(folder), force: o.force === true, now: Date.now() };
      const { made_at, stored_to } = await restore(config, options, out);
      out.line(`Restored ${config.store.path} as it was at ${made_at}, up to event ${stored_to}.`);
      return 0;
    }),
  );
program
  .command("erase")
  .argument("<principal>", "principal_uid or name, as `keywatch keys show` gives it")
  .description("delete everything about one principal: events, profiles, findings, incidents; tells first what that is")
  .option("--yes", "do it")
  .addHelpText("after", example("erase arn:aws:iam::111122223333:user/ann --yes"))
  .action((principal: string, o) => guarded(() => runStoreCommand("erase", globals(), { ...o, principal })));
program
  .command("doctor")
  .description("look at everything that has to work, and say what to do where it does not")
  .option("--json", "one JSON object a line")
  .addHelpText("after", example("doctor"))
  .action((o) => guarded(async () => (await import("./cli/run_doctor.ts")).runDoctor(globals(), o, Date.now)));

await program.parseAsync();
