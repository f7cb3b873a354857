import { expect } from "vitest";
import { incidentsOf } from "../../alert/incident.ts";
import { MINUTE_MS } from "../../schemas/duration.ts";
import { ABROAD, at, call, daily, HOTEL, keyOf, office } from "./play.ts";
import { listed, one, playAll, quiet, range, type Scenario } from "./scenario.ts";

const scenarios: Scenario[] = [
  {
    n: 9,
    says: "a key that the log says was deleted: a write 3 s later is high, a read 2 s later informational, a success 1 h later critical",
    records: () => {
      const t = at(1, 12);
      return [
        ...office(2, { user: "leaver" }),
        ...office(2, { user: "mover" }),
        ...["leaver", "mover"].map((user) =>
          call(t, "iam:DeleteAccessKey", { user: "admin", request: { userName: user, accessKeyId: keyOf(user) } }),
        ),
        call(t + 2_000, "s3:GetObject", { user: "leaver" }),
        call(t + 3_000, "s3:PutObject", { user: "mover" }),
      ].filter((r) => Date.parse(r.eventTime) <= t + 3_000);
    },
    expect(played) {
      expect(played.told("leaver")).toEqual(["key_used_after_revocation informational"]);
      expect(played.told("mover")).toEqual(["key_used_after_revocation high"]);
    },
  },
  {
    n: 9,
    says: "and a success 1 h later is critical",
    records: () => [
      call(at(1, 12), "iam:DeleteAccessKey", {
        user: "admin",
        request: { userName: "reporter", accessKeyId: keyOf("reporter") },
      }),
      call(at(1, 13), "s3:GetObject"),
    ],
    expect: one("critical", "key_used_after_revocation"),
  },
  {
    n: 10,
    says: "a read-only key whose first event is a PutObject needs no learning",
    records: () => [call(at(0, 9), "s3:PutObject")],
    inventory: { keys: [listed("reporter", { access: "read" })] },
    expect: one("high", "write_on_read_only_key"),
  },
  {
    n: 11,
    says: "a production key seen in an account of staging is told at once",
    records: () => [call(at(0, 9), "s3:GetObject"), call(at(0, 9, 5), "s3:GetObject", { account: "444455556666" })],
    inventory: {
      environments: { production: { accounts: ["111122223333"] }, staging: { accounts: ["444455556666"] } },
      keys: [listed("reporter", { environment: "production" })],
    },
    expect: one("high", "environment_mismatch"),
  },
  {
    n: 12,
    says: "503 on all keys is one incident of the provider, informational, and gives none of a single key",
    records: () =>
      range(20).flatMap((k) => {
        const user = `worker-${String.fromCharCode(97 + k)}`;
        return [
          ...daily(20, 10, { user }),
          ...range(40).map((i) => call(at(20, 10, i), "s3:GetObject", { user, error: "ServiceUnavailable" })),
        ];
      }),
    expect(played) {
      quiet(played);
      expect(played.told().filter((t) => !t.startsWith("off_hours"))).toEqual(["provider_degraded informational"]);
      const all = incidentsOf(played.findings, { minSeverity: "informational" });
      expect(all.map((i) => [i.severity, i.members.length, i.detections])).toEqual([
        ["informational", 20, ["provider_degraded"]],
      ]);
    },
  },
  {
    n: 13,
    says: "12 of 12 calls refused is a finding",
    records: () => range(12).map((i) => call(at(0, 9, i), "s3:GetObject", { error: "InvalidClientTokenId" })),
    expect: one("medium", "failure_spike"),
  },
  {
    n: 13,
    says: "2 of 3 is none",
    records: () =>
      range(3).map((i) => call(at(0, 9, i), "s3:GetObject", i < 2 ? { error: "InvalidClientTokenId" } : {})),
    expect: (played) => expect(played.told()).toEqual([]),
  },
  {
    n: 16,
    says: "after 28 flat days a ramp of 20 % a day is told by day 7",
    records: () =>
      range(35).flatMap((d) => {
        const calls = Math.round(24 * 1.2 ** Math.max(0, d - 27));
        return range(calls).map((i) => call(at(d, 8) + i * 6 * MINUTE_MS, "s3:GetObject"));
      }),
    expect(played) {
      const told = played.findings.filter((f) => f.detection === "call_volume_spike");
      expect(told.length).toBeGreaterThan(0);
      expect(told.map((f) => f.first_seen).sort()[0]).toBeLessThan(at(35));
    },
  },
  {
    n: 17,
    says: "an attack while the key is learned is told by what it does, marked as learning",
    records: () => [
      ...office(2),
      ...["s3:ListBuckets", "iam:CreateAccessKey"].map((o, i) => call(at(2, 9, i), o, { from: ABROAD })),
    ],
    expect(played) {
      expect(played.told()).toEqual(["new_operation medium"]);
      expect(played.findings.every((f) => f.learning)).toBe(true);
    },
  },
  {
    n: 24,
    says: "a person who travels, in the daytime, with the usual operations, is low at most",
    records: () => [
      ...office(40, { agent: "aws-cli/2.27.50" }),
      ...office(3, { agent: "aws-cli/2.27.50", from: HOTEL }, 42),
    ],
    expect(played) {
      quiet(played);
      expect(played.told()).toContain("new_source low");
    },
  },
];

playAll(scenarios);
