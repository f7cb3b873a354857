import { defineConfig } from "vitest/config";

/** The tests that need a real broker; one file at a time, because each starts a broker and several processes. */
export default defineConfig({
  test: {
    include: ["test/kafka/*.test.ts"],
    reporters: ["default", "./test/skipped.ts"],
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
