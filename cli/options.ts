import { resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { listenAddress } from "../schemas/config.ts";
import { parseDuration } from "../schemas/duration.ts";
import { severities } from "../schemas/severity.ts";

/** example is the end of every help text. */
export const example = (line: string): string => `\nExample:\n  keywatch ${line}`;

export const providerOption = (): Option =>
  new Option("-p, --provider <id>", "whose logs they are; auto recognises each record").default("auto");

export const severityOption = (flags: string, text: string): Option => new Option(flags, text).choices([...severities]);

/** numberOption takes a whole number within bounds; anything else is a fault, and never the default. */
export const numberOption = (flags: string, text: string, least: number, most: number): Option =>
  new Option(flags, text).argParser((given) => {
    const n = Number(given);
    if (!/^-?\d+$/.test(given) || n < least || n > most)
      throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
    return n;
  });

export const limitOption = (usual = 50): Option =>
  numberOption("--limit <n>", "at most so many", 1, 100_000).default(usual);

export const daysOption = (usual: number): Option =>
  numberOption("--days <n>", "look back so far", 1, 3_650).default(usual);

/** durationOption gives ms. */
export const durationOption = (flags: string, text: string): Option =>
  new Option(flags, text).argParser((given) => {
    const ms = parseDuration(given);
    if (ms === null) throw new InvalidArgumentError("It is no duration; write it like 30s, 5m, 24h or 90d.");
    return ms;
  });

export const listenOption = (text: string): Option =>
  new Option("--listen <host:port>", text).argParser((given) => {
    const parsed = listenAddress.safeParse(given);
    if (!parsed.success) throw new InvalidArgumentError(`${parsed.error.issues[0]!.message}.`);
    return parsed.data;
  });

/** absolute paths mean the same in another process. */
export const absolute = (paths: string[]): string[] => paths.map((p) => (p === "-" ? p : resolve(p)));
