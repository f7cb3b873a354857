import { defineConfig } from "vitest/config";

/** What is too long for every change: `npm run test:heavy`. Its last results are in docs/operations.md and docs/bench.md. */
export default defineConfig({
  test: {
    include: ["test/**/*.heavy.ts"],
    reporters: ["default", "./test/skipped.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
  },
});
