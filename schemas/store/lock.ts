import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * holderOf gives the process that has an embedded store open, null where nobody has or the system cannot tell.
 * The engine writes its process id into `status` and keeps that file open; an id alone may be stale and used by another program.
 */
export function holderOf(store: string): number | null {
  try {
    const status = join(store, "status");
    const pid = Number(/PID: (\d+)/.exec(readFileSync(status, "utf8"))?.[1]);
    if (!pid || pid === process.pid) return null;
    const open = readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === status);
    return open ? pid : null;
  } catch {
    return null;
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
