import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Alerter, createAlerter } from "../../alert/alerter.ts";
import { MAX_SILENCE_MS, type SilenceCommand, silenceCommand } from "../../schemas/silence.ts";
import { configOf, DAY, fakeClock, HOUR, MINUTE, openStore, T0, wipe } from "./support.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
let clock = fakeClock();
beforeAll(async () => {
  opened = await openStore();
});
afterAll(() => opened.close());
beforeEach(async () => {
  await wipe(opened.store);
  clock = fakeClock();
});

const make = (): Promise<Alerter> => createAlerter({ store: opened.store, config: configOf({}), now: clock.now });
const add = (change: Partial<Extract<SilenceCommand, { kind: "silence_add" }>> = {}): SilenceCommand => ({
  ...{ kind: "silence_add", id: "cmd-1", actor: "ann", at: T0, matchers: ['owner="team-finance"'] },
  ...{ reason: "key rotation", starts_at: T0, ends_at: T0 + 2 * HOUR },
  ...change,
});
const expire = (uid: string): SilenceCommand => ({ kind: "silence_expire", id: "cmd-x", actor: "bob", at: T0, uid });

describe("a silence", () => {
  test("is listed with author, reason and end, also by the next process, until it ends", async () => {
    const made = await (await make()).silence(add());
    expect(made).toMatchObject({ author: "ann", reason: "key rotation", ends_at: T0 + 2 * HOUR, hits: 0 });
    const next = await make();
    expect(await next.silences()).toEqual([made]);
    clock.move(2 * HOUR);
    expect(await next.silences()).toEqual([]);
    expect(await next.silences({ all: true })).toEqual([made]);
  });

  test("is made once per command id, also for a new process", async () => {
    const first = await make();
    expect(await first.silence(add())).not.toBeNull();
    expect(await first.silence(add())).toBeNull();
    expect(await (await make()).silence(add({ reason: "another text" }))).toBeNull();
    expect(await first.silences()).toHaveLength(1);
    expect(await opened.store.rows("SELECT reason FROM silences FINAL")).toEqual([{ reason: "key rotation" }]);
  });

  test("is ended by label or beginning, once; who did it is kept", async () => {
    const alerter = await make();
    const { uid } = (await alerter.silence(add()))!;
    clock.move(MINUTE);
    expect(await alerter.silence(expire(`SIL-${uid.slice(0, 8)}`))).toMatchObject({
      ...{ uid, expired_at: T0 + MINUTE, expired_by: "bob" },
    });
    expect(await alerter.silence(expire(uid))).toBeNull();
    expect(await alerter.silences()).toEqual([]);
    expect(await (await make()).silences({ all: true })).toMatchObject([{ uid, expired_by: "bob" }]);
  });

  test.each<[string, Partial<Extract<SilenceCommand, { kind: "silence_add" }>>, RegExp]>([
    ["no reason", { reason: " \n" }, /needs a reason/],
    ["more than 90 days", { ends_at: T0 + MAX_SILENCE_MS + 1 }, /90 days at most/],
    ["a far start", { starts_at: T0 + 200 * DAY, ends_at: T0 + 201 * DAY }, /90 days at most/],
    ["an end in the past", { starts_at: T0 - HOUR, ends_at: T0 - 1 }, /must end after it begins/],
    ["an end before the start", { starts_at: T0 + HOUR, ends_at: T0 + HOUR }, /must end after it begins/],
    ["matchers that everything satisfies", { matchers: ['owner=~".*"', "tag!=x"] }, /at least one matcher/],
  ])("is refused with %s", async (_name, change, sentence) => {
    const alerter = await make();
    await expect(alerter.silence(add(change))).rejects.toThrow(sentence);
    expect(await alerter.silences({ all: true })).toEqual([]);
  });

  test("90 days to the millisecond are allowed", async () => {
    expect(await (await make()).silence(add({ ends_at: T0 + MAX_SILENCE_MS }))).not.toBeNull();
  });

  test("what is no matcher is refused at the door", () => {
    for (const matchers of [[], ["owner"], ['owner=~"("'], ["x".repeat(501)]])
      expect(silenceCommand.safeParse(add({ matchers })).success).toBe(false);
    expect(silenceCommand.safeParse(add()).success).toBe(true);
  });

  test("an unknown one is said so in a sentence", async () => {
    await expect((await make()).silence(expire("ffffffff"))).rejects.toThrow(/There is no silence ffffffff\./);
    await expect((await make()).silence(expire("' OR 1"))).rejects.toThrow(/There is no silence ' OR 1\./);
  });

  test("a store that refuses leaves nothing half done: doing it again makes it", async () => {
    let refuse = true;
    const { store } = opened;
    const flaky = Object.assign(Object.create(store) as typeof store, {
      insert: (table: string, rows: readonly object[]) =>
        refuse && table === "silences" ? Promise.reject(new Error("disk full")) : store.insert(table, rows),
      ask: store.ask.bind(store),
    });
    const alerter = await createAlerter({ store: flaky, config: configOf({}), now: clock.now });
    await expect(alerter.silence(add())).rejects.toThrow("disk full");
    refuse = false;
    expect(await alerter.silence(add())).not.toBeNull();
  });
});
