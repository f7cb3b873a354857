import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimLedger, openLedger } from "../../detect/ledger.ts";
import { checkpointOf } from "../../schemas/queries/ingest.ts";
import type { Store } from "../../schemas/store/store.ts";
import { openTestStore } from "../support.ts";

let store: Store;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

let clock = Date.UTC(2026, 5, 1);
const now = () => ++clock;
const claim = (log: string, assignment: number) =>
  claimLedger(store, { log, assignment, owner: `o${assignment}` }, now);
const state = async (ledger: Awaited<ReturnType<typeof claim>>, subject: string) =>
  (await ledger.profiles([subject]))[0]?.state ?? null;

describe("the ledger of a log", () => {
  test("the next owner begins where the checkpoint stands, and sees the profiles as they were then", async () => {
    const first = await claim("a/0", 1);
    expect([first.detectedTo(), await state(first, "s")]).toEqual([0, null]);
    await first.save([{ subject_uid: "s", state: "one" }], 10);
    await first.save([{ subject_uid: "s", state: "two" }], 20);
    const second = await claim("a/0", 2);
    expect([second.detectedTo(), await state(second, "s")]).toEqual([20, "two"]);
    expect([await first.stillMine(), await second.stillMine()]).toEqual([false, true]);
  });

  test("an owner who is late changes neither profiles nor checkpoint, whenever it writes", async () => {
    const zombie = await claim("b/0", 5);
    await zombie.save([{ subject_uid: "s", state: "good" }], 100);
    const owner = await claim("b/0", 6);
    await zombie.save([{ subject_uid: "s", state: "late" }], 900);
    expect([owner.detectedTo(), await state(owner, "s")]).toEqual([100, "good"]);
    await owner.save([{ subject_uid: "t", state: "mine" }], 200);
    await zombie.save([{ subject_uid: "s", state: "later still" }], 950);
    expect([await state(owner, "s"), await state(owner, "t")]).toEqual(["good", "mine"]);
    const [row] = await store.ask(checkpointOf, { log: "b/0" });
    expect(row?.detected_to).toBe(200);
    const next = await claim("b/0", 7);
    await zombie.save([{ subject_uid: "t", state: "even now" }], 999);
    expect([next.detectedTo(), await state(next, "s"), await state(next, "t")]).toEqual([200, "good", "mine"]);
  });

  test("a group that counts from 1 again still outranks who was there before", async () => {
    const old = await claim("c/0", 50);
    await old.save([{ subject_uid: "s", state: "old" }], 7);
    const young = await claim("c/0", 1);
    await old.save([{ subject_uid: "s", state: "too late" }], 8);
    await young.save([], 9);
    expect([young.detectedTo(), await state(young, "s")]).toEqual([9, "old"]);
    expect(await young.stillMine()).toBe(true);
  });

  test("names the subjects whose newest state has an open day, and none that only a late owner wrote", async () => {
    const open = '{"days":{"$map":[[20605,{}]]}}';
    const shut = '{"days":{"$map":[]}}';
    const zombie = await claim("o/0", 1);
    await zombie.save(
      [
        { subject_uid: "stays", state: open },
        { subject_uid: "closed", state: open },
        { subject_uid: "opened", state: shut },
        { subject_uid: "~engine", state: open },
      ],
      1,
    );
    const owner = await claim("o/0", 2);
    await zombie.save([{ subject_uid: "late", state: open }], 2);
    await owner.save(
      [
        { subject_uid: "closed", state: shut },
        { subject_uid: "opened", state: open },
      ],
      3,
    );
    expect((await owner.openSubjects()).sort()).toEqual(["opened", "stays"]);
  });

  test("rows beside the profiles are one per log", async () => {
    const [x, y] = [await claim("d/0", 1), await claim("d/1", 1)];
    await x.save([{ subject_uid: "~engine", state: "x" }], 1);
    await y.save([{ subject_uid: "~engine", state: "y" }], 1);
    expect([await x.profiles(["~engine"]), await y.profiles(["~engine"])]).toEqual([
      [{ subject_uid: "~engine", state: "x" }],
      [{ subject_uid: "~engine", state: "y" }],
    ]);
  });

  test("an owner forgets what was replaced a day ago, and what nobody believes below it", async () => {
    const zombie = await claim("e/0", 1);
    await zombie.save([{ subject_uid: "s", state: "first" }], 1);
    const owner = await claim("e/0", 2);
    await zombie.save([{ subject_uid: "s", state: "late" }], 9);
    await owner.save([{ subject_uid: "s", state: "second" }], 2);
    await owner.save([{ subject_uid: "t", state: "only" }], 3);
    const rows = async () =>
      (await store.rows("SELECT state FROM profiles WHERE log = 'e/0' ORDER BY state")).map((r) => r.state);
    clock += 2 * 3_600_000;
    await owner.save([{ subject_uid: "s", state: "third" }], 4);
    expect(await rows()).toEqual(["first", "late", "only", "second", "third"]);
    clock += 86_400_000;
    await owner.save([{ subject_uid: "s", state: "fourth" }], 5);
    expect(await rows()).toEqual(["fourth", "only", "third"]);
    const next = await claim("e/0", 3);
    expect([await state(next, "s"), await state(next, "t"), next.detectedTo()]).toEqual(["fourth", "only", 5]);
  });

  test("one process keeps the newest state of each subject only", async () => {
    const ledger = await openLedger(store, now);
    for (let i = 1; i <= 365; i++)
      await ledger.save([{ subject_uid: i % 7 === 0 ? "seldom" : "often", state: `state ${i}` }], i);
    const rows = async () =>
      (await store.rows("SELECT subject_uid, state FROM profiles WHERE log = 'events' ORDER BY generation")).length;
    expect(await rows()).toBeLessThan(10);
    const again = await openLedger(store, now);
    expect(await rows()).toBe(2);
    expect([await state(again, "often"), await state(again, "seldom")]).toEqual(["state 365", "state 364"]);
    expect(again.detectedTo()).toBe(365);
  });
});
