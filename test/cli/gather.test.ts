import { describe, expect, test, vi } from "vitest";
import { gathered } from "../../cli/gather.ts";

describe("gathered", () => {
  test("who comes alone is served at once, whatever was before", () => {
    const work = vi.fn();
    const ask = gathered(work, 60_000);
    for (let i = 1; i <= 3; i++) {
      ask(true);
      expect(work).toHaveBeenCalledTimes(i);
    }
  });

  test("of many the first is served at once, the others together when the time is over", async () => {
    const began: number[] = [];
    const start = performance.now();
    const ask = gathered(() => began.push(performance.now() - start), 100);
    for (let i = 0; i < 20; i++) ask(false);
    expect(began).toHaveLength(1);
    await vi.waitFor(() => expect(began).toHaveLength(2), { timeout: 5_000 });
    expect(began[1]! - began[0]!).toBeGreaterThanOrEqual(98);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(began).toHaveLength(2);
  });

  test("a call at once does for those who wait", async () => {
    const work = vi.fn();
    const ask = gathered(work, 50);
    ask(false);
    ask(false);
    ask(true);
    expect(work).toHaveBeenCalledTimes(2);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(work).toHaveBeenCalledTimes(2);
  });
});
