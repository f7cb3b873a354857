import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These need a broker and minutes: `npm run test:kafka`; test/kafka.test.ts says so where they are left out.
    exclude: ["**/node_modules/**", "test/kafka/**"],
    // chDB binds one data directory per process, so each file gets a process of its own.
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./test/skipped.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine may take seconds over what a quiet one does at once; what never comes still fails.
    expect: { poll: { timeout: 15_000 } },
  },
});
