import { type Dirent, promises as fs } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

/** FileList holds what the paths stand for, sorted and each once, and the paths that stand for nothing (or cannot be read). */
export interface FileList {
  files: string[];
  missing: string[];
  /** Files of folders whose names are not those of logs. */
  others: number;
}

/** Also rotated ones (`audit.log.1`, `audit.log-20260101`) and names with a word before .gz (`x.json.cloudtrail.gz`). */
const logName = /\.(json|jsonl|ndjson|log|txt)([.-]\d[\d-]*)?((\.[\w-]+)?\.gz)?$/i;

/**
 * listFiles turns files, folders (with all below them) and glob patterns (`*`, `**`, `?`, `[ab]`, `{a,b}`) into files. A file named outright is taken
 * whatever its name; from folders only .json, .jsonl, .ndjson, .log, .txt and the same with .gz. Hidden files, sockets and devices are
 * left out of folders and patterns. `-` (standard input) is passed through.
 */
export async function listFiles(paths: readonly string[]): Promise<FileList> {
  const files = new Map<string, string>();
  const missing: string[] = [];
  let others = 0;
  for (const path of paths) {
    const found = path === "-" ? only(["-"]) : await expand(path);
    if (found.files.length === 0) missing.push(path);
    others += found.others;
    for (const file of found.files) {
      const name = file === "-" ? "-" : resolve(file);
      if (!files.has(name)) files.set(name, file);
    }
  }
  return { files: [...files.values()].sort(), missing, others };
}

type Found = Omit<FileList, "missing">;
const only = (files: string[]): Found => ({ files, others: 0 });

async function expand(path: string): Promise<Found> {
  const stat = await fs.stat(path).catch(() => null);
  if (stat?.isDirectory()) return walk(path, (file) => logName.test(file));
  // A pipe named outright (process substitution of a shell) is read like a file.
  if (stat) return only(stat.isFile() || stat.isFIFO() ? [path] : []);
  if (!/[*?[{]/.test(path)) return only([]);
  const pattern = globToRegExp(path.split(sep).join("/"));
  // Whoever writes a pattern says what is meant.
  return only((await walk(globBase(path), (file) => pattern.test(file.split(sep).join("/")))).files);
}

/** globBase is the folder in front of the first wildcard. */
function globBase(pattern: string): string {
  const before = pattern.slice(0, pattern.search(/[*?[{]/));
  return before.endsWith("/") || before.endsWith(sep) ? before : before === "" ? "." : dirname(`${before}x`);
}

async function walk(folder: string, wanted: (file: string) => boolean): Promise<Found> {
  const found = only([]);
  const open = [folder];
  // Links are followed; a folder is entered once, so that a circle of links ends.
  const seen = new Set<string>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const real = await fs.realpath(next).catch(() => null);
    if (real === null || seen.has(real)) continue;
    seen.add(real);
    for (const entry of await fs.readdir(next, { withFileTypes: true }).catch((): Dirent[] => [])) {
      if (entry.name.startsWith(".")) continue;
      const path = next === "." && folder === "." ? entry.name : join(next, entry.name);
      const kind = entry.isSymbolicLink() ? await fs.stat(path).catch(() => null) : entry;
      if (kind?.isDirectory()) open.push(path);
      else if (kind?.isFile() && wanted(path)) found.files.push(path);
      else if (kind?.isFile()) found.others++;
    }
  }
  return found;
}

/** globToRegExp turns a pattern into an expression for the whole path; `*` and `?` stay inside one folder. */
function globToRegExp(pattern: string): RegExp {
  const text = pattern.replace(/^(\.\/)+/, "");
  let out = "";
  let braces = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (text.startsWith("**/", i)) {
      out += "(?:.*/)?";
      i += 2;
    } else if (text.startsWith("**", i)) {
      out += ".*";
      i++;
    } else if (c === "*") out += "[^/]*";
    else if (c === "?") out += "[^/]";
    else if (c === "[" && text.indexOf("]", i + 2) > 0) {
      const close = text.indexOf("]", i + 2);
      const set = text
        .slice(i + 1, close)
        .replace(/^[!^]/, "^")
        .replaceAll("\\", "\\\\")
        .replaceAll("[", "\\[");
      out += `[${set}]`;
      i = close;
    } else if (c === "{" && text.indexOf("}", i) > 0) {
      out += "(?:";
      braces++;
    } else if (c === "}" && braces > 0) {
      out += ")";
      braces--;
    } else if (c === "," && braces > 0) out += "|";
    else out += c.replace(/[.+^$()|\\/[\]{}]/, "\\$&");
  }
  return new RegExp(`^(?:\\./)?${out}${")".repeat(braces)}$`);
}
