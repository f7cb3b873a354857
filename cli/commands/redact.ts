import { once } from "node:events";
import { createReadStream } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { createRedactor, type Redactor } from "../../ingest/redact/redactor.ts";
import { emptyReport, type RedactionReport, redactStream } from "../../ingest/redact/report.ts";
import { gunzipAll, type Inflated } from "../../ingest/sources/gunzip.ts";
import type { Loaded } from "../load_config.ts";
import { count, type Out } from "../out.ts";
import { filesOf } from "../read_files.ts";

export interface RedactOptions {
  /** Files, folders or patterns; none, or `-`, is standard input. */
  paths: string[];
  report: boolean;
  json: boolean;
}

/** Places that a report lists; what is over is counted. */
const MAX_LISTED = 1_000;
const STDIN = "standard input";

/**
 * redact cleans files or standard input line by line. The report lists each exposed key by kind, file and line, never its value; it
 * looks into gzip too, whereas cleaned text goes out plain.
 */
export async function redact(
  loaded: Loaded,
  options: RedactOptions,
  input: Readable,
  out: Out,
  text: Writable = process.stdout,
): Promise<number> {
  const redactor = createRedactor({ fieldNames: loaded.config.redact.field_names });
  const files = options.paths.length === 0 ? ["-"] : await filesOf(options.paths, out);
  const report = emptyReport();
  const listed: Listed[] = [];
  let exposures = 0;
  let failed = false;
  for (const file of files) {
    const onExposed = (found: Omit<Listed, "file">): void => {
      exposures++;
      if (options.json) out.line(JSON.stringify({ file: nameOf(file), ...found }));
      else if (listed.length < MAX_LISTED) listed.push({ file: nameOf(file), ...found });
    };
    try {
      for await (const line of cleaned(file === "-" ? input : createReadStream(file), redactor, report, onExposed))
        if (!options.report && !options.json && !text.write(line)) await once(text, "drain");
    } catch (error) {
      failed = true;
      out.note(`${nameOf(file)}: ${(error as Error).message}`);
    }
  }
  const tell = options.report && !options.json ? out.line : out.note;
  tell(
    `${count(report.lines)} lines${files.length > 1 ? ` of ${count(files.length)} files` : ""}, ${count(report.exposed)} with secrets.`,
  );
  for (const [kind, n] of [...report.kinds].sort((a, b) => b[1] - a[1])) tell(`  ${count(n)}  ${kind}`);
  if (options.report && !options.json) {
    for (const { file, line, kind, path } of listed)
      tell(`${file}:${line}  ${kind}${path === "text" ? "" : `  at ${path}`}`);
    if (exposures > listed.length) tell(`${count(exposures - listed.length)} more; --json lists all.`);
  }
  return failed ? 1 : 0;
}

interface Listed {
  file: string;
  line: number;
  kind: string;
  path: string;
}

const nameOf = (file: string): string => (file === "-" ? STDIN : file);

/** cleaned reads one file; each has its own line numbers, and all add to one report. */
async function* cleaned(
  stream: Readable,
  redactor: Redactor,
  sum: RedactionReport,
  onExposed: (found: Omit<Listed, "file">) => void,
): AsyncGenerator<string> {
  const own = emptyReport();
  const fault: { reason: string | null } = { reason: null };
  yield* redactStream(bytesOf(gunzipAll(buffers(stream)), fault), redactor, own, undefined, onExposed);
  sum.lines += own.lines;
  sum.exposed += own.exposed;
  for (const [kind, n] of own.kinds) sum.kinds.set(kind, (sum.kinds.get(kind) ?? 0) + n);
  if (fault.reason !== null) throw new Error(`${fault.reason}; what came before was read`);
}

async function* buffers(stream: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of stream) yield typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Buffer);
}

async function* bytesOf(parts: AsyncIterable<Inflated>, fault: { reason: string | null }): AsyncGenerator<Buffer> {
  for await (const part of parts)
    if ("bytes" in part) yield part.bytes;
    else fault.reason = part.broken;
}
