import type { createChdbConnection as create } from "chdb/connection";

/** Reading is a session for one question of somebody else's: it can only read, and its settings end with it. */
export interface Reading {
  /**
   * Gives the answer in pieces as the engine makes them. Each piece is a whole document of the format, with its own header where it has one.
   * Takes SELECT only.
   */
  pieces(sql: string, format: string): AsyncIterable<Buffer>;
  /** Gives the answer at once, with what the engine read for it. */
  whole(sql: string, format: string): Promise<Whole>;
  /** Ends what runs; the reader of the pieces gets code 394. */
  cancel(): void;
  close(): Promise<void>;
}

export interface Whole {
  bytes: Buffer;
  rowsRead: number;
  bytesRead: number;
}

export interface ReadingOptions {
  settings: Readonly<Record<string, string | number>>;
  /** Values of `{name:Type}`, written as ClickHouse writes values in tab-separated text. */
  params: Readonly<Record<string, string>>;
}

export type OpenReading = (options: ReadingOptions) => Promise<Reading>;

type Connection = ReturnType<typeof create>;

const KILL_EVERY_MS = 100;
/** A text as a literal of SQL. */
export const literal = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;

/**
 * embeddedReadings opens reading sessions on the embedded engine. Parameters are set in the session: bound by the call they would wait for every
 * other bound call of the process, and one slow question would hold up the ingest. The engine has no interrupt, but KILL QUERY from beside works;
 * `log_comment` is the mark by which it finds the question.
 */
export function embeddedReadings(connect: () => Connection): OpenReading & { end(): Promise<void> } {
  let number = 0;
  let control: Connection | null = null;
  const kill = async (mark: string): Promise<void> => {
    control ??= connect();
    const which = `SELECT query_id FROM system.processes WHERE Settings['log_comment'] = ${literal(mark)}`;
    await control.chdb.queryAsync(`KILL QUERY WHERE query_id IN (${which}) ASYNC`).catch(() => undefined);
  };

  async function open({ settings, params }: ReadingOptions): Promise<Reading> {
    const mark = `keywatch-reading-${process.pid}-${++number}`;
    const connection = connect();
    let running = 0;
    let cancelled = false;
    const set = { ...settings, log_comment: mark };
    const steps = [
      `SET ${Object.entries(set)
        .map(([name, value]) => `${name} = ${typeof value === "number" ? value : literal(value)}`)
        .join(", ")}`,
      ...Object.entries(params).map(([name, value]) => `SET param_${name} = ${literal(value)}`),
      "SET readonly = 1",
    ];
    try {
      await connection.chdb.queryAsync(steps.join(";\n"));
    } catch (error) {
      await connection.close();
      throw error;
    }
    const track = async <T>(work: Promise<T>): Promise<T> => {
      running++;
      try {
        return await work;
      } finally {
        running--;
      }
    };

    async function* pieces(sql: string, format: string): AsyncIterable<Buffer> {
      const stream = connection.chdb.queryStream(sql, { format });
      const next = stream[Symbol.asyncIterator]();
      try {
        while (!cancelled) {
          const { done, value } = await track(next.next());
          if (done) return;
          const raw = value.raw();
          yield Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
        }
      } finally {
        stream.cancel();
      }
    }

    return {
      pieces,
      async whole(sql, format) {
        const result = await track(connection.chdb.queryAsync(sql, { format }));
        const raw = result.bytes();
        const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
        return { bytes, rowsRead: result.rowsRead, bytesRead: result.bytesRead };
      },
      cancel() {
        if (cancelled) return;
        cancelled = true;
        // What was asked a moment ago may not be in the list of processes yet.
        const again = async (): Promise<void> => {
          for (; running > 0; await new Promise((resolve) => setTimeout(resolve, KILL_EVERY_MS))) await kill(mark);
        };
        void again();
      },
      close: () => connection.close(),
    };
  }

  return Object.assign(open, {
    async end() {
      const closing = control;
      control = null;
      await closing?.close();
    },
  });
}
