import fc from "fast-check";
import { expect, test } from "vitest";
import { fastPath, type SlotHistory, volumeModel, volumeVerdict } from "../../../detect/stats/seasonal_volume.ts";

function slotOf(values: readonly number[]): SlotHistory {
  return {
    n: values.length,
    sum: values.reduce((sum, x) => sum + x, 0),
    sumSq: values.reduce((sum, x) => sum + x * x, 0),
  };
}

const slotArb = fc.array(fc.nat(500), { maxLength: 30 }).map(slotOf);
const slotsArb = fc.array(slotArb, { minLength: 1, maxLength: 48 });

test("worked by hand: two slots, one busy, one idle", () => {
  const model = volumeModel([slotOf([10, 12, 8, 10]), slotOf([0, 0, 0, 0])]);
  const overall = 40.5 / 9;
  const busy = (40 + 2 * overall) / 6;
  const idle = (2 * overall) / 6;
  expect(model.mu(0)).toBeCloseTo(busy, 12);
  expect(model.mu(1)).toBeCloseTo(idle, 12);
  const squares = (408 - 80 * busy + 4 * busy ** 2) * (4 / 3) - 4 * busy + (4 * idle ** 2 * 4) / 3 - 4 * idle + 1;
  expect(model.phi).toBeCloseTo(Math.max(0.02, squares / (4 * busy ** 2 + 4 * idle ** 2 + 1)), 12);
});

test("tails are in [0, 1], fall with the count and widen with the fast path", () => {
  fc.assert(
    fc.property(slotsArb, fc.nat(), fc.nat(3_000), (slots, any, x) => {
      const model = volumeModel(slots);
      const slot = any % slots.length;
      const p = model.tail(slot, x);
      expect(p >= 0 && p <= 1).toBe(true);
      expect(model.tail(slot, x + 1)).toBeLessThanOrEqual(p * (1 + 1e-9) + 1e-12);
      expect(model.phi).toBeGreaterThanOrEqual(0.02);
      if (x > 5 * model.mu(slot) + 20) expect(model.tail(slot, x, 2)).toBeGreaterThanOrEqual(p * (1 - 1e-9));
    }),
  );
});

test("order of slots does not matter", () => {
  fc.assert(
    fc.property(slotsArb, fc.nat(2_000), (slots, x) => {
      const forward = volumeModel(slots);
      const backward = volumeModel([...slots].reverse());
      const last = slots.length - 1;
      expect(Math.abs(backward.tail(last, x) - forward.tail(0, x))).toBeLessThan(1e-9);
    }),
  );
});

test("a seldom seen slot is wider than one seen for months", () => {
  const known = volumeModel([slotOf(Array(60).fill(50))]);
  const young = volumeModel([slotOf(Array(2).fill(50))]);
  expect(young.tail(0, 120)).toBeGreaterThan(known.tail(0, 120));
});

test("verdicts: a burst fires, a small or a usual count does not", () => {
  const model = volumeModel([slotOf(Array.from({ length: 28 }, (_, i) => 8 + (i % 5))), slotOf(Array(28).fill(0))]);
  expect(volumeVerdict(model, 0, 12).verdict).toBe("normal");
  expect(volumeVerdict(model, 0, 28).verdict).toBe("normal");
  expect(volumeVerdict(model, 0, 80)).toMatchObject({ verdict: "finding", observed: 80 });
  expect(volumeVerdict(model, 1, 19).verdict).toBe("normal");
  expect(volumeVerdict(model, 1, 40).verdict).toBe("finding");
  expect(volumeVerdict(model, 1, 40, fastPath).verdict).toBe("normal");
});

test("a key without history is never unusual for a modest count", () => {
  expect(volumeVerdict(volumeModel([]), 0, 3).verdict).toBe("normal");
  expect(volumeModel([]).tail(0, 0)).toBe(1);
});

test("the cap is the 99.9 % quantile", () => {
  fc.assert(
    fc.property(slotsArb, (slots) => {
      const model = volumeModel(slots);
      const cap = model.cap(0);
      expect(model.tail(0, cap)).toBeGreaterThanOrEqual(1e-3);
      expect(model.tail(0, cap + 1)).toBeLessThan(1e-3);
    }),
  );
});
