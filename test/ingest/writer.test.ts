import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWriter } from "../../ingest/writer.ts";
import type { ApiActivity } from "../../schemas/activity.ts";
import type { Store } from "../../schemas/store/store.ts";
import { openTestStore } from "../support.ts";

let n = 0;
const event = (over: Partial<ApiActivity> = {}): ApiActivity => ({
  event_uid: `w${++n}`,
  provider: "aws_cloudtrail",
  account: null,
  time: Date.UTC(2026, 5, 1) + n * 1000 + 7,
  // Retention counts from here: an old time would let a merge empty `raw`.
  ingested_at: Date.now(),
  seq: 0,
  key_uid: null,
  key_hint: null,
  key_type: "none",
  subject_uid: "s",
  session_uid: null,
  session_kind: "none",
  principal_uid: "p",
  principal: null,
  principal_type: "unknown",
  operation: "GetObject",
  service: null,
  verb_class: "read",
  outcome: "success",
  error_code: null,
  status_code: null,
  src_kind: "none",
  src_ip: null,
  src_net: null,
  asn: null,
  as_org: null,
  country: null,
  region_geo: null,
  city: null,
  lat: null,
  lon: null,
  hosting: null,
  vpc_endpoint: null,
  user_agent: null,
  user_agent_family: null,
  region: null,
  resources: [],
  environment: null,
  scopes: [],
  bytes_out: null,
  secrets: [],
  raw: "{}",
  position: "test#1",
  ...over,
});

let store: Store;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

const count = async (): Promise<number> => Number((await store.rows("SELECT count() AS n FROM events"))[0]!.n);

describe("writer", () => {
  test("every column comes back as it went in, whatever stands in the texts", async () => {
    const writer = await createWriter(store);
    const nasty = "tab\t newline\n quote' back\\slash nul\0 umlaut ü emoji 😀 ";
    const full = event({
      event_uid: `odd ${nasty}`,
      account: nasty,
      key_uid: "aws_cloudtrail:ab",
      key_hint: "AKIA…MPLE",
      principal: nasty.repeat(20),
      status_code: -403,
      src_kind: "ip",
      src_ip: "2001:db8::1",
      asn: 4_294_967_295,
      lat: -33.5,
      lon: 151.25,
      hosting: false,
      resources: [nasty, "", "b"],
      environment: "",
      region: null,
      bytes_out: 2 ** 40,
      secrets: ["stripe@a.b"],
      raw: JSON.stringify({ text: nasty, long: "x".repeat(200_000) }),
    });
    await writer.add([event(), full, event({ hosting: true })]);
    await writer.flush();
    const [row] = await store.rows(
      "SELECT *, toUnixTimestamp64Milli(time) AS time_ms, toUnixTimestamp64Milli(ingested_at) AS ingested_ms FROM events WHERE startsWith(event_uid, 'odd')",
    );
    const { time_ms, ingested_ms, time: _, ingested_at: __, ...rest } = row!;
    expect({ ...rest, time: time_ms, ingested_at: ingested_ms }).toEqual(full);
    expect((await store.rows("SELECT count() AS n FROM events WHERE hosting = true"))[0]!.n).toBe(1);
  });

  test.each([300, 70_000])("%i different texts of a column that usually repeats come back", async (n) => {
    const writer = await createWriter(store);
    const events = Array.from({ length: n }, (_, i) =>
      event({ event_uid: `many ${n} ${i}`, user_agent: i % 7 === 0 ? null : `agent ${i}` }),
    );
    await writer.add(events);
    await writer.flush();
    const [row] = await store.rows(
      `SELECT count() AS n, countIf(user_agent IS NULL) AS nulls,
        countIf(user_agent = concat('agent ', splitByChar(' ', event_uid)[3])) AS right FROM events WHERE startsWith(event_uid, 'many ${n} ')`,
    );
    expect(row).toEqual({ n, nulls: Math.ceil(n / 7), right: n - Math.ceil(n / 7) });
  });

  test("twins meet in one batch, across batches, while the first waits, and after a restart", async () => {
    const before = await count();
    const writer = await createWriter(store);
    const one = event();
    const [first, second] = [await writer.add([one, { ...one }]), await writer.add([{ ...one }])];
    expect([first.duplicates, second.duplicates]).toEqual([1, 1]);
    await writer.flush();
    expect((await writer.add([{ ...one }])).duplicates).toBe(1);
    const again = await createWriter(store);
    expect((await again.add([{ ...one }, { ...one, time: one.time + 1 }])).duplicates).toBe(1);
    await again.flush();
    expect(await count()).toBe(before + 2);
  });

  test("a record without a time, sent again at another moment, is absorbed: in one batch, while it waits, stored, after a restart", async () => {
    const before = await count();
    const at = (ms: number, over: Partial<ApiActivity> = {}) =>
      event({ event_uid: "timeless", time: ms, ingested_at: ms, ...over });
    const now = Date.now();
    const writer = await createWriter(store);
    expect((await writer.add([at(now), at(now + 5)])).duplicates).toBe(1);
    expect((await writer.add([at(now + 60_000)])).duplicates).toBe(1);
    await writer.flush();
    expect((await writer.add([at(now + 120_000), at(now, { principal_uid: "somebody else" })])).duplicates).toBe(1);
    await writer.flush();
    const again = await createWriter(store);
    expect(
      (await again.add([at(now + 86_400_000), at(now + 36 * 86_400_000, { event_uid: "timeless 2" })])).duplicates,
    ).toBe(1);
    await again.flush();
    // After 35 days nobody sends it again.
    expect((await (await createWriter(store)).add([at(now + 40 * 86_400_000)])).duplicates).toBe(0);
    expect(await count()).toBe(before + 3);
  });

  test("an event that arrived in the millisecond of its own time is the same one when it is sent again later", async () => {
    const writer = await createWriter(store);
    const now = Date.now();
    const one = event({ time: now, ingested_at: now });
    await writer.add([one]);
    expect((await writer.add([{ ...one, ingested_at: now + 400 }])).duplicates).toBe(1);
    await writer.flush();
    expect((await writer.add([{ ...one, ingested_at: now + 800 }])).duplicates).toBe(1);
    expect((await (await createWriter(store)).add([{ ...one, ingested_at: now + 900 }])).duplicates).toBe(1);
  });

  test("numbers rise over restarts and are never given twice", async () => {
    const writer = await createWriter(store);
    const { events } = await writer.add(Array.from({ length: 2000 }, () => event()));
    await writer.flush();
    const again = await createWriter(store);
    const next = await again.add([event()]);
    expect(next.events[0]!.seq).toBeGreaterThan(events.at(-1)!.seq);
    expect(new Set(events.map((e) => e.seq)).size).toBe(2000);
    await again.flush();
  });

  test("rows that could not be stored are not acknowledged to anybody, and can be sent again", async () => {
    let broken = true;
    const failing: Store = Object.create(store, {
      insertBlock: {
        value: (...args: Parameters<Store["insertBlock"]>) =>
          broken ? Promise.reject(new Error("disk full")) : store.insertBlock(...args),
      },
    });
    for (const name of ["ask", "rows"] as const)
      Object.defineProperty(failing, name, { value: (store[name] as (...a: never[]) => unknown).bind(store) });
    const before = await count();
    const writer = await createWriter(failing);
    const mine = event();
    const added = await writer.add([mine]);
    const twin = await writer.add([{ ...mine }]);
    const flushed = writer.flush();
    await expect(flushed).rejects.toThrow("disk full");
    await expect(added.stored).rejects.toThrow("disk full");
    await expect(twin.stored).rejects.toThrow("disk full");
    broken = false;
    const resent = await writer.add([mine]);
    await writer.flush();
    await resent.stored;
    expect(await count()).toBe(before + 1);
  });

  test("events that the store could not be asked about are not taken for known when they come again", async () => {
    const first = await createWriter(store);
    const early = event();
    await first.add([early]);
    await first.flush();
    const before = await count();
    // After a restart, of an hour that holds rows: the store has to be asked.
    const writer = await createWriter(store);
    const mine = Array.from({ length: 5_000 }, () => event({ time: early.time }));
    await store.command("RENAME TABLE events TO events_away");
    await expect(writer.add(mine)).rejects.toThrow();
    await store.command("RENAME TABLE events_away TO events");
    const again = await writer.add([...mine, ...mine.slice(0, 7)]);
    await writer.flush();
    await again.stored;
    expect([again.events.length, again.duplicates, await count()]).toEqual([5_000, 7, before + 5_000]);
  });

  test("texts keep to their rows while the memory of written blocks serves the next ones, and while two are under way", async () => {
    const writer = await createWriter(store);
    const raws = new Map<string, string>();
    const some = (block: number): ApiActivity[] =>
      Array.from({ length: 40 }, (_, i) => {
        // Texts of 100 KB fill pieces, one of 2 MB has a piece of its own.
        const made = event({
          raw: `{"block":${block},"text":"${`${block}.${i} `.repeat(i === 7 ? 400_000 : 20_000)}"}`,
        });
        raws.set(made.event_uid, made.raw);
        return made;
      });
    let storing = Promise.resolve();
    for (let block = 0; block < 4; block++) {
      await writer.add(some(block));
      await storing;
      storing = writer.flush();
    }
    await storing;
    const rows = await store.rows("SELECT event_uid, raw FROM events WHERE startsWith(raw, '{\"block\"')");
    expect(rows.length).toBe(160);
    for (const { event_uid, raw } of rows) expect(raw === raws.get(String(event_uid)), String(event_uid)).toBe(true);
  });
});
