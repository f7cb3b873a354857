import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import { createRedactor, type Redactor } from "../ingest/redact/redactor.ts";
import type { Config } from "../schemas/config.ts";

export type Log = Logger;

export interface LogOptions extends Partial<Config["log"]> {
  /** Names whose values are secret beside the usual ones, as in `redact.field_names`. */
  fieldNames?: readonly string[];
  /** Where lines go instead of standard error. */
  write?: (line: string) => void;
}

/**
 * createLog writes structured lines to standard error; normal operation is silent unless the level says otherwise. Every line
 * is redacted as a whole just before it is written, like a record: names, values, errors, and the sentence itself.
 */
export function createLog(options: LogOptions = {}): Log {
  const redactor = createRedactor({ fieldNames: options.fieldNames ?? [] });
  return pino(
    {
      level: levelOf(options.level),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      hooks: { streamWrite: (line) => clean(redactor, line) },
    },
    destination(options),
  );
}

/** levelOf is the level in force: the environment wins, so that one run can be looked at closely. */
export const levelOf = (level: string | undefined): string => process.env.KEYWATCH_LOG || (level ?? "warn");

function clean(redactor: Redactor, line: string): string {
  return `${redactor.record(line, JSON.parse(line) as Parameters<Redactor["record"]>[1], []).raw}\n`;
}

function destination({ format = "auto", write }: LogOptions): pino.DestinationStream {
  if (write) return { write };
  if (format === "json" || (format === "auto" && !process.stderr.isTTY)) return pino.destination({ fd: 2, sync: true });
  return pretty({ destination: 2, sync: true, colorize: Boolean(process.stderr.isTTY) && !process.env.NO_COLOR });
}
