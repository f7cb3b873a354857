import type { Reporter, TestModule, Vitest } from "vitest/node";

/** Ends a run with the names of the tests that were skipped: they say what is missing, and vitest's own report only counts them. */
export default class Skipped implements Reporter {
  #chosen = false;

  /** Who asks for tests by name leaves the others out on purpose. */
  onInit(vitest: Vitest): void {
    this.#chosen = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#chosen) return;
    for (const module of modules) {
      for (const test of module.children.allTests("skipped"))
        process.stdout.write(`Skipped: ${module.relativeModuleId} > ${test.fullName}\n`);
    }
  }
}
