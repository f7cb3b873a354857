import { beforeEach, describe, expect, test } from "vitest";
import { createPaces, type Paces } from "../../cli/roles/pace.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../schemas/duration.ts";

const SETTLE = 10_000;
let now: number;
let paces: Paces;
const fresh = (provider: string) => ({ provider, time: now - MINUTE_MS });
const old = (provider: string) => ({ provider, time: now - 40 * DAY_MS });

/** Goes on for some seconds, with a message each second. */
function busy(seconds: number, ...events: (() => { provider: string; time: number })[]): void {
  for (let s = 0; s < seconds; s++) {
    now += 1_000;
    paces.read(
      events.map((make) => make()),
      now,
    );
  }
}

beforeEach(() => {
  now = Date.UTC(2026, 5, 1);
  paces = createPaces({ now: () => now, settle: SETTLE, latenessOf: () => 15 * MINUTE_MS, maxAge: 7 * DAY_MS });
});

describe("time of a provider beside its events", () => {
  test("stands still until nothing came for the time of settling, then goes by the clock", () => {
    busy(1, () => fresh("a"));
    paces.idle(SETTLE - 1);
    expect(paces.of("a")).toBe("waits");
    paces.idle(SETTLE);
    expect(paces.of("a")).toBe("clock");
    expect(paces.of("never heard")).toBe("waits");
  });

  test("of a past that is read in, its end is told once, and again after more of it", () => {
    for (let round = 0; round < 2; round++) {
      busy(1, () => old("a"));
      expect(paces.of("a")).toBe("waits");
      paces.idle(SETTLE);
      expect(paces.of("a")).toBe("ended");
      paces.ended();
      expect(paces.of("a")).toBe("waits");
    }
  });

  test("goes by the clock though other providers keep the partition busy", () => {
    busy(
      1,
      () => fresh("a"),
      () => fresh("b"),
    );
    busy(9, () => fresh("b"));
    expect(paces.of("a")).toBe("waits");
    busy(1, () => fresh("b"));
    expect([paces.of("a"), paces.of("b")]).toEqual(["clock", "waits"]);
  });

  test("stands still while messages of hours ago are read: more of it may be among those that wait", () => {
    busy(
      1,
      () => fresh("a"),
      () => fresh("b"),
    );
    const wrote = now;
    now += 3 * HOUR_MS;
    for (let s = 0; s < 60; s++) paces.read([{ provider: "b", time: wrote }], wrote + s * 1_000);
    expect(paces.of("a")).toBe("waits");
    paces.idle(0);
    expect(paces.of("a")).toBe("clock");
  });

  test("after a change of owner begins with the first message, not with what an earlier owner heard", () => {
    paces.expect("a", MINUTE_MS);
    busy(5, () => fresh("b"));
    expect(paces.of("a")).toBe("waits");
    busy(6, () => fresh("b"));
    expect(paces.of("a")).toBe("clock");
  });

  test("a producer whose clock goes back stops nothing", () => {
    busy(1, () => fresh("a"));
    paces.read([fresh("a")], now - HOUR_MS);
    paces.idle(SETTLE);
    expect(paces.of("a")).toBe("clock");
  });
});

describe("the past", () => {
  test("is read when no old event came for the time of settling, though new ones do", () => {
    busy(1, () => old("a"));
    busy(9, () => fresh("a"));
    expect(paces.pastIsRead()).toBe(false);
    busy(1, () => fresh("a"));
    expect(paces.pastIsRead()).toBe(true);
    busy(1, () => old("b"));
    expect(paces.pastIsRead()).toBe(false);
  });

  test("is read where nothing comes at all", () => {
    paces.idle(SETTLE - 1);
    expect(paces.pastIsRead()).toBe(false);
    paces.idle(SETTLE);
    expect(paces.pastIsRead()).toBe(true);
  });
});
