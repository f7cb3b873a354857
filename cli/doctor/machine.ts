import { statfsSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { DAY_MS, formatDuration } from "../../schemas/duration.ts";
import { packageVersion } from "../../schemas/package_root.ts";
import { databases } from "../databases.ts";
import { type Line, ok, warn } from "./line.ts";

const GB = 1e9;
/** The engine, the address databases and a hundred thousand profiles. */
const WANTED_MEMORY = 1.5 * GB;
const LITTLE_DISK = 2 * GB;
/** Networks change hands: after half a year a tenth of the answers is wrong. */
const OLD_DATABASE_MS = 180 * DAY_MS;

/** machineLines looks at what needs neither config nor store. */
export function machineLines(now: number): Line[] {
  return [program(), memory(), ...databases().map((d) => databaseLine(d, now))];
}

function program(): Line {
  const says = `${packageVersion} on Node ${process.versions.node}`;
  return Number(process.versions.node.split(".")[0]) >= 22
    ? ok("keywatch", says)
    : warn("keywatch", says, "this Node is past its end of life; take Node 24");
}

function memory(): Line {
  const limit = process.constrainedMemory();
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  const used = process.memoryUsage.rss();
  const free = Math.min(freemem(), total - used);
  const says = `${(used / GB).toFixed(2)} GB in use, ${(free / GB).toFixed(1)} of ${(total / GB).toFixed(1)} GB free`;
  return used + free < WANTED_MEMORY
    ? warn("memory", says, "give it 1.5 GB: the embedded engine and the address databases need half of that")
    : ok("memory", says);
}

/** diskLine looks at the room for the embedded store. */
export function diskLine(path: string): Line {
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  const says = `${(free / GB).toFixed(1)} GB free for ${path}`;
  return free < LITTLE_DISK ? warn("disk", says, "make room, or shorten store.ttl") : ok("disk", says);
}

function databaseLine({ name, what, version, madeAt }: ReturnType<typeof databases>[number], now: number): Line {
  if (version === null || madeAt === null)
    return warn(what, `${name} is not installed: addresses have no place`, `npm install ${name}`);
  const says = `${name} ${version}, ${formatDuration(now - madeAt)} old`;
  return now - madeAt > OLD_DATABASE_MS ? warn(what, says, `npm update ${name}`) : ok(what, says);
}
