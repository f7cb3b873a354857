import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { isSafeAddress, isWebAddress } from "../../schemas/config_geo.ts";
import { formatDuration } from "../../schemas/duration.ts";
import { count } from "../out.ts";

/** Bounds of one file: its bytes, unpacked too, and the time of its download, ms. */
export interface Bounds {
  max_size: number;
  timeout: number;
}

export interface Obtained {
  bytes: Buffer;
  /** When its maker, or whoever put it there, last changed it, ms; null where nobody says. */
  changedAt: number | null;
}

const MAX_REDIRECTS = 5;

/** obtain reads a file, or fetches an address of the web, and unpacks gzip. Throws a sentence for people. */
export async function obtain(origin: string, bounds: Bounds): Promise<Obtained> {
  const found = isWebAddress(origin) ? await download(origin, bounds) : await readWhole(origin, bounds);
  return { ...found, bytes: await unpacked(found.bytes, originName(origin), bounds) };
}

/** originName is what may be shown of an origin: licence keys stand in the query of an address. */
export function originName(origin: string): string {
  if (!isWebAddress(origin)) return origin;
  const { protocol, host, pathname } = new URL(origin);
  return `${protocol}//${host}${pathname}`;
}

async function readWhole(path: string, bounds: Bounds): Promise<Obtained> {
  try {
    const { size, mtimeMs } = await stat(path);
    if (size > bounds.max_size) throw tooBig(path, bounds);
    return { bytes: await readFile(path), changedAt: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new Error(`there is no file ${path}`, { cause: error });
    throw error;
  }
}

async function download(origin: string, bounds: Bounds): Promise<Obtained> {
  const signal = AbortSignal.timeout(bounds.timeout);
  const name = originName(origin);
  try {
    const answer = await follow(origin, signal);
    if (!answer.ok) throw new Error(`${name} answered ${answer.status} ${answer.statusText}`.trim());
    const changed = Date.parse(answer.headers.get("last-modified") ?? "");
    return { bytes: await bounded(answer, name, bounds), changedAt: Number.isNaN(changed) ? null : changed };
  } catch (error) {
    if (signal.aborted)
      throw new Error(`${name} took longer than ${formatDuration(bounds.timeout)} (geo.timeout)`, { cause: error });
    if (!(error instanceof TypeError)) throw error;
    const cause = error.cause as NodeJS.ErrnoException | undefined;
    throw new Error(`${name} cannot be fetched: ${cause?.code ?? cause?.message ?? error.message}`, { cause: error });
  }
}

/** follow goes where the answer points to, but never from https to an open line. */
async function follow(origin: string, signal: AbortSignal): Promise<Response> {
  let address = origin;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await fetch(address, { redirect: "manual", signal, headers: { "user-agent": "keywatch" } });
    const to = answer.headers.get("location");
    if (answer.status < 300 || answer.status >= 400 || to === null) return answer;
    await answer.body?.cancel();
    const next = new URL(to, address).href;
    if (!isSafeAddress(next) || (address.startsWith("https:") && next.startsWith("http:")))
      throw new Error(`${originName(origin)} sends on to ${originName(next)}, which is no https address`);
    address = next;
  }
  throw new Error(`${originName(origin)} sends on more than ${MAX_REDIRECTS} times`);
}

async function bounded(answer: Response, name: string, bounds: Bounds): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > bounds.max_size) throw tooBig(name, bounds);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const tooBig = (name: string, { max_size }: Bounds): Error =>
  new Error(`${name} has more than ${count(max_size)} bytes (geo.max_size)`);

async function unpacked(bytes: Buffer, name: string, bounds: Bounds): Promise<Buffer> {
  if (bytes.length === 0) throw new Error(`${name} is empty`);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return unarchived(bytes, name);
  try {
    return unarchived(await promisify(gunzip)(bytes, { maxOutputLength: bounds.max_size }), name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooBig(name, bounds);
    if (String((error as NodeJS.ErrnoException).code).startsWith("Z_"))
      throw new Error(`${name} is a gzip file that is damaged or cut off`, { cause: error });
    throw error;
  }
}

function unarchived(bytes: Buffer, name: string): Buffer {
  if (bytes.toString("latin1", 0, 2) === "PK" || bytes.toString("latin1", 257, 262) === "ustar")
    throw new Error(`${name} is an archive; unpack it and name the file that lies in it`);
  return bytes;
}
