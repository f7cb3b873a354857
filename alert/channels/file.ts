import { constants } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { type Channel, defineChannel, fail, retry, type SendResult, sent } from "../channel.ts";
import { siemLine } from "../siem.ts";

/**
 * The file channel adds one JSON object a line, for a collector that reads along. The file is opened for each line, so that
 * whoever turns logs over may move it away. A kill at the wrong moment may write a line twice; both have the same uid.
 */
export default defineChannel({
  kind: "file",
  title: "File or standard output (OCSF, ECS)",
  open({ path, format }, { output }): Channel {
    return {
      async send(message, signal) {
        if (signal.aborted) return retry("timeout", "The line was given up.");
        const line = `${siemLine(message, format)}\n`;
        try {
          if (path === "-") output.write(line);
          else await append(path, line);
          return sent();
        } catch (error) {
          return endOf(error);
        }
      },
    };
  },
});

async function append(path: string, line: string): Promise<void> {
  // A pipe without a reader must not hold us.
  const file = await openFile(path, APPEND, 0o600);
  try {
    const { size, ...stat } = await file.stat();
    if ((stat.mode & constants.S_IFMT) !== constants.S_IFREG) throw new NotAFile();
    // What a full disk cut off stays a line of its own.
    await file.appendFile((await endsInLine(file, size)) ? line : `\n${line}`);
    await file.datasync();
  } finally {
    await file.close();
  }
}

const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

async function endsInLine(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

class NotAFile extends Error {}

function endOf(error: unknown): SendResult {
  if (error instanceof NotAFile)
    return fail("rejected", 'The path of the file channel is no plain file; "-" is standard output.');
  const { code = "closed" } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return fail("auth", `The file may not be written (${code}).`);
  if (code === "EISDIR") return fail("rejected", "The path of the file channel is a folder.");
  if (code === "ENOENT") return retry("unreachable", "The folder of the file is not there (ENOENT).");
  return retry("server_error", `The file could not be written (${code}).`);
}
