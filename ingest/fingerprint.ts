import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRecent, type Recent } from "./recent.ts";

/** Fingerprinter turns a key id into its key_uid, `<provider>:<32 hex digits>`; the id cannot be had back without the pepper. */
export type Fingerprinter = (provider: string, keyId: string) => string;

const MIN_PEPPER_BYTES = 16;
/** Places of the table of known keys of one provider: 262,144, so that 100,000 keys seldom push each other out. */
const KEY_BITS = 18;

/** createFingerprinter keys HMAC-SHA256 with the pepper; keys repeat and a HMAC costs 1.6 us, so the last ones are remembered. */
export function createFingerprinter(pepper: Buffer): Fingerprinter {
  const key = createSecretKey(pepper);
  const byProvider = new Map<string, Recent<string>>();
  return (provider, keyId) => {
    let known = byProvider.get(provider);
    if (!known) {
      known = createRecent(KEY_BITS);
      byProvider.set(provider, known);
    }
    const hit = known.get(keyId);
    if (hit !== undefined) return hit;
    const uid = `${provider}:${createHmac("sha256", key).update(`${provider}\0${keyId}`).digest("hex").slice(0, 32)}`;
    known.set(keyId, uid);
    return uid;
  };
}

/**
 * keyHint shows enough of a key to recognise it (`AKIA…3F7Q`, `sk_live_…3F7Q`) and never more than half of it.
 * Of a resource path (`…/keys/0a1b…`) only the last part is the key. What is a hint already stays as it is.
 */
export function keyHint(keyId: string): string {
  if (keyId.includes("…")) return keyId.length <= 13 ? keyId : `…${keyId.slice(-4)}`;
  const key = keyId.slice(keyId.lastIndexOf("/") + 1);
  const shown = Math.min(4, Math.floor(key.length / 4));
  if (shown === 0) return "…";
  const tail = key.slice(-shown);
  const head = key.slice(0, 8);
  const prefix = head.slice(0, Math.max(head.lastIndexOf("_"), head.lastIndexOf("-")) + 1);
  const named = prefix.length > 2 && (prefix.length + shown) * 2 <= key.length;
  return `${named ? prefix : key.slice(0, shown)}…${tail}`;
}

/** rawHint is keyHint inside records, with three dots: an ASCII record stays ASCII, which is stored twice as fast. */
export const rawHint = (keyId: string): string => keyHint(keyId).replace("…", "...");

/**
 * loadPepper reads KEYWATCH_PEPPER or the file `pepper` of the directory, which is made at the first start.
 * Both hold the same form (hex digits, else the bytes of the text), so the file's content may be given to another
 * machine's environment. It throws when the pepper is short or when others could read the file.
 */
export function loadPepper(options: { directory: string; env: Record<string, string | undefined> }): Buffer {
  const given = options.env.KEYWATCH_PEPPER;
  if (given !== undefined && given !== "") return decode(given, "KEYWATCH_PEPPER");
  const file = join(options.directory, "pepper");
  try {
    return readPepper(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  makePepper(options.directory, file);
  return readPepper(file);
}

/** throwAwayPepper serves runs that store nothing: their fingerprints compare with no others. */
export const throwAwayPepper = (): Buffer => randomBytes(32);

/** pepperCheck gives the value kept in the store, by which a process with another pepper is refused. It tells nothing of the pepper. */
export const pepperCheck = (pepper: Buffer): string =>
  createHmac("sha256", pepper).update("keywatch pepper check v1").digest("hex").slice(0, 32);

function readPepper(file: string): Buffer {
  const others = statSync(file).mode & 0o077;
  if (others !== 0 && process.platform !== "win32")
    throw new Error(`${file} holds the pepper and others may read it. Run: chmod 600 ${file}`);
  return decode(readFileSync(file, "utf8"), file);
}

function decode(text: string, from: string): Buffer {
  const trimmed = text.trim();
  const hex = trimmed.length % 2 === 0 && /^[0-9a-fA-F]{32,}$/.test(trimmed);
  const pepper = Buffer.from(trimmed, hex ? "hex" : "utf8");
  if (pepper.length < MIN_PEPPER_BYTES) {
    throw new Error(
      `The pepper in ${from} has ${pepper.length} bytes and needs at least ${MIN_PEPPER_BYTES}. Make one with: openssl rand -hex 32`,
    );
  }
  return pepper;
}

/** makePepper writes a whole file aside and links it in place: of two processes starting at once the first wins and both read one pepper. */
function makePepper(directory: string, file: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const aside = `${file}.${randomBytes(8).toString("hex")}`;
  writeFileSync(aside, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx", flush: true });
  try {
    chmodSync(aside, 0o600);
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new Error(`The pepper could not be made in ${directory}; set KEYWATCH_PEPPER instead`, { cause: error });
    }
  } finally {
    rmSync(aside, { force: true });
  }
}
