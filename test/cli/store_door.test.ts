import { expect, test } from "vitest";
import { createStoreDoor } from "../../cli/store_door.ts";
import { config } from "../../schemas/config.ts";
import { noMetrics } from "../../schemas/metrics.ts";
import { connectStore } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import { tempFolder } from "../support.ts";

test("while the store is held still no write gets in, reads do, and every write held is done afterwards", async () => {
  const calls: string[] = [];
  const settings = config.parse({ store: { path: tempFolder() } });
  const store = createStoreDoor(await connectStore(settings), {
    ...noMetrics,
    storeCall: ({ call, ok }) => void calls.push(`${call} ${ok}`),
  });
  await migrate(store, settings);
  const count = async () => Number((await store.rows("SELECT count() AS n FROM meta WHERE name LIKE 'row%'"))[0]!.n);
  const write = (i: number) =>
    store.insert("meta", [{ name: `row${i}`, value: "", updated_at: "2026-01-01T00:00:00Z" }]);
  const before = Array.from({ length: 20 }, (_, i) => write(i));
  let during: Promise<void>[] = [];
  const seen = await store.whileStill(async () => {
    const first = await count();
    during = Array.from({ length: 20 }, (_, i) => write(100 + i));
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [first, await count()];
  });
  expect(seen).toEqual([20, 20]);
  await Promise.all([...before, ...during]);
  expect(await count()).toBe(40);
  await expect(store.command("NONSENSE")).rejects.toThrow();
  expect(calls).toContain("command false");
  expect(calls.filter((c) => c === "insert true").length).toBeGreaterThanOrEqual(40);
  await store.close();
});
