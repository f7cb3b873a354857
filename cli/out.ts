/**
 * Out is where a command speaks to: the terminal of this process, or the socket through which another one asked `serve`.
 * Lines go to standard output, notes and progress to standard error, so that output can be piped.
 */
export interface Out {
  line(text: string): void;
  note(text: string): void;
  /** A progress line that replaces the one before on a terminal; nothing elsewhere. Null clears it. */
  progress(text: string | null): void;
  /** Whether standard output is a terminal that shows colour. */
  color: boolean;
  width: number;
}

/** CommandFault is a failure with a sentence for people and an exit code (1 failed, 2 wrong usage or config). */
export class CommandFault extends Error {
  override name = "CommandFault";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** terminalOut is the Out of this process. */
export function terminalOut(): Out {
  const { stdout, stderr } = process;
  // A reader such as `head` may have seen enough; the work goes on.
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  let shown = false;
  const clear = () => {
    if (shown) stderr.write("\r\x1b[2K");
    shown = false;
  };
  return {
    line(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    note(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!stderr.isTTY) return;
      clear();
      if (text === null) return;
      stderr.write(text.slice(0, (stderr.columns ?? 80) - 1));
      shown = true;
    },
    color: Boolean(stdout.isTTY) && !process.env.NO_COLOR,
    width: stdout.columns ?? 100,
  };
}

/** progressBar writes "[#####     ] 42 %  1,234 records  3 s left". */
export function progressBar(done: number, total: number, facts: string, elapsedMs: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const filled = Math.round(share * 24);
  const left = share > 0.02 && share < 1 ? `  ${Math.ceil((elapsedMs / share - elapsedMs) / 1000)} s left` : "";
  return `[${"#".repeat(filled)}${" ".repeat(24 - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %  ${facts}${left}`;
}

export const count = (n: number): string => n.toLocaleString("en-US");

/** plural is a count with its word: "1 key", "2,000 keys". */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
