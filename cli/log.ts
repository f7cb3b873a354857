import { type Logger, pino } from "pino";

export type Log = Logger;

/** createLog writes structured lines to standard error; normal operation is silent unless the level says otherwise. */
export function createLog(level: string = process.env.KEYWATCH_LOG ?? "warn"): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }));
}
