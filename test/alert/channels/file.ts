import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Harness } from "../receivers.ts";

/** A file has no other side that could refuse or be asked. */
export default [
  {
    name: "file",
    kind: "file",
    plays: [],
    async start() {
      const folder = mkdtempSync(join(tmpdir(), "keywatch-file-"));
      return {
        config: { kind: "file", path: join(folder, "incidents.ndjson"), format: "ocsf", send_resolved: true },
        secrets: [],
        script: () => {},
        keys: () => [],
        received: () => [readFileSync(join(folder, "incidents.ndjson"), "utf8")],
        stop: async () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  },
] satisfies Harness[];
