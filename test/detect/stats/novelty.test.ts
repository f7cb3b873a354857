import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type LevelHistory,
  ladder,
  type SourceLevel,
  sourceLevels,
  unseenMass,
} from "../../../detect/stats/novelty.ts";

const seen = (level: SourceLevel, n = 100, n1 = 0): LevelHistory => ({ level, isNew: false, n, n1 });
const fresh = (level: SourceLevel, n = 100, n1 = 0): LevelHistory => ({ level, isNew: true, n, n1 });

test.each<[string, LevelHistory[], unknown]>([
  ["nothing is new", [seen("ip"), seen("net"), seen("asn"), seen("country")], null],
  ["no levels at all", [], null],
  [
    "a new address of a fixed key",
    [fresh("ip"), seen("net"), seen("asn"), seen("country")],
    { level: "ip", verdict: "finding" },
  ],
  [
    "a new country outranks its ASN",
    [fresh("ip"), fresh("net"), fresh("asn"), fresh("country")],
    { level: "country", verdict: "finding" },
  ],
  [
    "a new ASN in the known country",
    [fresh("ip"), fresh("net"), fresh("asn"), seen("country")],
    { level: "asn", verdict: "finding" },
  ],
  [
    "a new address daily, a new ASN never",
    [fresh("ip", 90, 90), fresh("net", 90, 60), fresh("asn", 90, 0), seen("country")],
    { level: "asn", verdict: "finding" },
  ],
  [
    "a new address daily, the ASN known",
    [fresh("ip", 90, 90), fresh("net", 90, 60), seen("asn")],
    { uninformative: expect.stringContaining("net changes too often") },
  ],
  [
    "sometimes a new ASN: risk",
    [fresh("ip", 99, 99), fresh("net", 99, 99), fresh("asn", 99, 9), seen("country")],
    { level: "asn", verdict: "risk" },
  ],
  [
    "a finding below outranks a risk above",
    [fresh("asn", 100, 0), fresh("country", 99, 9)],
    { level: "asn", verdict: "finding" },
  ],
  [
    "a subject of two weeks",
    [fresh("ip", 14), fresh("net", 14)],
    { uninformative: "14 of 20 observations at level net" },
  ],
  [
    "a subject without past",
    [fresh("ip", 0), fresh("country", 0)],
    { uninformative: "0 of 20 observations at level country" },
  ],
  [
    "the known net got another ASN and country on paper",
    [fresh("ip"), seen("net"), fresh("asn"), fresh("country")],
    { level: "ip", verdict: "finding" },
  ],
  [
    "the ASN is not known to us",
    [fresh("ip"), fresh("net"), fresh("country")],
    { level: "country", verdict: "finding" },
  ],
  [
    "exactly at the bounds: 20 observations, mass 1/21",
    [fresh("ip", 20, 0)],
    { level: "ip", verdict: "finding", n: 20 },
  ],
])("%s", (_name, levels, expected) => {
  const verdict = ladder(levels);
  if (expected === null) expect(verdict).toBeNull();
  else expect(verdict).toMatchObject(expected as object);
});

test("the unseen mass is in (0, 1] and rises with values seen once", () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(), (n, any) => {
      const n1 = any % (n + 1);
      const mass = unseenMass(n1, n);
      expect(mass > 0 && mass <= 1).toBe(true);
      if (n1 < n) expect(unseenMass(n1 + 1, n)).toBeGreaterThan(mass);
    }),
  );
});

test("order of levels does not matter, and what is reported is new", () => {
  const level = fc.record({ isNew: fc.boolean(), n: fc.nat(200), n1: fc.nat(20) });
  fc.assert(
    fc.property(fc.tuple(level, level, level, level), (histories) => {
      const levels = histories.map((h, i) => ({ ...h, level: sourceLevels[i]! }));
      const verdict = ladder(levels);
      expect(ladder([...levels].reverse())).toEqual(verdict);
      if (verdict && "level" in verdict) {
        expect(levels.find((l) => l.level === verdict.level)?.isNew).toBe(true);
        expect(verdict.unseen).toBeLessThanOrEqual(verdict.verdict === "finding" ? 0.05 : 0.15);
      }
    }),
  );
});
