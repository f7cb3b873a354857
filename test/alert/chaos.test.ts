import { expect, test } from "vitest";
import { nodeBinary, playChaos } from "./chaos.ts";

const why = nodeBinary === null ? " (skipped: needs Node 24, which runs TypeScript)" : "";

test.skipIf(nodeBinary === null)(
  `kill -9 at any moment while receivers fail: every transition told, none seen twice${why}`,
  async () => {
    const played = await playChaos({ rounds: 5, incidents: 12, seed: 7, lifeMs: 500 });
    expect(played).toMatchObject({ transitions: 48, killed: 5 });
  },
  600_000,
);
