import type { Harness } from "../receivers.ts";

/** The console has no other side that could refuse: it only has to accept. */
export default [
  {
    name: "console",
    kind: "console",
    plays: [],
    async start() {
      return {
        config: { kind: "console", send_resolved: true },
        secrets: [],
        script: () => {},
        keys: () => [],
        received: () => [],
        stop: async () => {},
      };
    },
  },
] satisfies Harness[];
