import { statfsSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { packageVersion } from "../../schemas/package_root.ts";
import { type Line, ok, warn } from "./line.ts";

const GB = 1e9;
/** The engine, the address databases and a hundred thousand profiles. */
const WANTED_MEMORY = 1.5 * GB;
const LITTLE_DISK = 2 * GB;

/** machineLines looks at what needs neither config nor store. */
export function machineLines(): Line[] {
  return [program(), memory()];
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
