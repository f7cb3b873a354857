import { chmodSync, existsSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { Readable } from "node:stream";
import type { App } from "./app.ts";
import type { Args, StoreCommand } from "./commands/command.ts";
import { CommandFault, type Out } from "./out.ts";

/** Order is what one process asks of a running `serve`. */
interface Order {
  command: string;
  args: Args;
  actor: string;
  color: boolean;
  width: number;
}

/** Frame is one line of the answer. */
type Frame = { line: string } | { note: string } | { progress: string | null } | { exit: number; fault?: string };

const HEADER = "x-keywatch-order";
/** Bytes of an order: a shell makes thousands of names of `*.json`. */
const MAX_ORDER = 8 * 1024 * 1024;

/** listenForCommands opens the socket in the data directory, for this user only, while `serve` runs. */
export async function listenForCommands(
  app: App,
  path: string,
  commands: Record<string, StoreCommand>,
): Promise<Server> {
  const server = createServer({ maxHeaderSize: MAX_ORDER }, (req, res) => {
    const send = (frame: Frame) => void res.write(`${JSON.stringify(frame)}\n`);
    const order = orderOf(req.headers[HEADER]);
    if (order === null) {
      res.writeHead(400).end("This socket takes the commands of keywatch; the page and the API are at http.listen.\n");
      return;
    }
    const out: Out = {
      line: (line) => send({ line }),
      note: (note) => send({ note }),
      progress: (progress) => send({ progress }),
      color: order.color,
      width: order.width,
    };
    const command = commands[order.command];
    const run = command
      ? command({ app, args: order.args, out, stdin: req, actor: order.actor })
      : Promise.reject(
          new CommandFault(`The running keywatch does not know \`${order.command}\`; it may be another version.`),
        );
    run.then(
      (exit) => res.end(`${JSON.stringify({ exit })}\n`),
      (error: unknown) =>
        res.end(
          `${JSON.stringify({ exit: error instanceof CommandFault ? error.exitCode : 1, fault: (error as Error).message })}\n`,
        ),
    );
  });
  // An ingest may take hours; the caller is the same user on the same machine.
  server.requestTimeout = 0;
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

function orderOf(header: string | string[] | undefined): Order | null {
  try {
    const order: unknown = JSON.parse(Buffer.from(String(header), "base64url").toString());
    return typeof order === "object" && order !== null && "command" in order ? (order as Order) : null;
  } catch {
    return null;
  }
}

/** askRunning hands a command to the `serve` behind the socket; null when nobody listens there. */
export async function askRunning(
  path: string,
  order: Omit<Order, "color" | "width">,
  out: Out,
  stdin: Readable | null,
): Promise<number | null> {
  if (!existsSync(path)) return null;
  return new Promise((resolve, reject) => {
    const header = Buffer.from(
      JSON.stringify({ ...order, color: out.color, width: out.width } satisfies Order),
    ).toString("base64url");
    const req = request({ socketPath: path, method: "POST", path: "/", headers: { [HEADER]: header } }, (res) => {
      if (res.statusCode !== 200) {
        res.resume();
        reject(
          new CommandFault(
            res.statusCode === 431
              ? "The command is too long for the running keywatch. Name a folder or a quoted pattern instead of thousands of files."
              : `The running keywatch refused the command (${res.statusCode}); it may be another version.`,
          ),
        );
        return;
      }
      let rest = "";
      let exit: number | null = null;
      res.setEncoding("utf8");
      res.on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) exit = play(JSON.parse(line) as Frame, out) ?? exit;
      });
      const brokeOff = () => reject(new CommandFault("The running keywatch ended in the middle of the answer."));
      res.on("end", () => (exit === null ? brokeOff() : resolve(exit)));
      res.on("error", brokeOff);
    });
    req.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(null);
      else reject(new CommandFault(`The running keywatch did not answer: ${error.message}`));
    });
    if (stdin) stdin.pipe(req);
    else req.end();
  });
}

function play(frame: Frame, out: Out): number | null {
  if ("line" in frame) out.line(frame.line);
  else if ("note" in frame) out.note(frame.note);
  else if ("progress" in frame) out.progress(frame.progress);
  else {
    if (frame.fault !== undefined) out.note(frame.fault);
    return frame.exit;
  }
  return null;
}
