import { MINUTE } from "./calendar.ts";
import type { CompromiseKind } from "./compromises_loud.ts";
import type { Step, Victim } from "./victim.ts";

/** daily plays a few calls at moments at which the victim itself works, on some working days in a row. */
function daily(
  v: Victim,
  days: number,
  perDay: number,
  make: (n: number) => Pick<Step, "operation" | "change">,
): Step[] {
  const steps: Step[] = [];
  for (let n = 0; n < days; n++) {
    const calls = v.working(n);
    for (let i = 0; i < perDay; i++) {
      const near = calls.length === 0 ? v.busy(n) : v.r.pick(calls).time;
      steps.push({ time: near + v.r.between(-2, 4) * MINUTE, ...make(steps.length) });
    }
  }
  return steps;
}

const LOCAL: Record<string, string> = {
  DE: "thief-de",
  US: "thief-us",
  IN: "thief-in",
  JP: "thief-jp",
  AU: "thief-au",
};

/** Slow ones: few calls a day, most of them from the victim's own address and in its hours. */
export const slow: readonly CompromiseKind[] = [
  {
    id: "slow_reads",
    loud: false,
    story: "ten days long the key reads about three times as many objects as usual, own network, own hours",
    victims: ["office_bot", "read_report", "person"],
    play: (v) => daily(v, 10, 60, (n) => ({ operation: "s3:GetObject", change: { object: 50_000 + n } })),
  },
  {
    id: "slow_recon",
    loud: false,
    story: "two or three listing calls a day that the key never made, own network, own hours",
    victims: ["office_bot", "nightly_cron", "read_report", "rotated_key", "poller"],
    play(v) {
      const found = v.strange(18);
      return daily(v, 7, 3, (n) => ({ operation: found[n % found.length]! }));
    },
  },
  {
    id: "slow_denied",
    loud: false,
    story: "a dozen different calls a day are tried and denied, spread over the day",
    victims: ["office_bot", "poller", "ci_runner", "instance_service"],
    play(v) {
      const found = v.strange(20);
      return daily(v, 3, 12, (n) => ({ operation: found[n % found.length]!, change: { error: "denied" } }));
    },
  },
  {
    id: "same_country",
    loud: false,
    story: "four calls a day from another network of the same city, own operations, own hours",
    victims: ["office_bot", "person", "rotated_key"],
    play(v) {
      const address = v.thief([LOCAL[v.agent.country]!]);
      return daily(v, 8, 4, () => ({ operation: v.usual(), change: { address } }));
    },
  },
  {
    id: "same_hoster",
    loud: false,
    story: "five calls a day from another machine of the same hosting company, own operations, own hours",
    victims: ["nightly_cron", "data_pipeline", "poller"],
    play(v) {
      const address = v.thief(["cloud-eu"]);
      return daily(v, 8, 5, () => ({ operation: v.usual(), change: { address } }));
    },
  },
  {
    id: "ramp",
    loud: false,
    story: "calls rise by 20 % a day, own operations, own network, own hours",
    victims: ["office_bot", "nightly_cron", "poller", "read_report"],
    play(v) {
      const steps: Step[] = [];
      for (let n = 0; n < 12; n++) {
        const calls = v.working(n);
        for (let i = Math.round(calls.length * (1.2 ** (n + 1) - 1)); i > 0 && calls.length > 0; i--)
          steps.push({
            time: v.r.pick(calls).time + v.r.between(0, 3) * MINUTE,
            operation: v.usual(),
            change: { object: v.r.int(v.agent.objects) },
          });
      }
      return steps;
    },
  },
  {
    id: "secret_a_day",
    loud: false,
    story: "one secret a day is read, own network, own hours",
    victims: ["office_bot", "nightly_cron", "person", "read_report", "ci_runner"],
    play: (v) =>
      daily(v, 8, 1, (n) => ({
        operation: "secretsmanager:GetSecretValue",
        change: { request: { secretId: `app/other/${n}` } },
      })),
  },
  {
    id: "single_persistence",
    loud: false,
    story: "one single call makes a second key for a user, own network, own hours",
    victims: ["office_bot", "person", "nightly_cron", "ci_runner", "data_pipeline"],
    play: (v) =>
      daily(v, 1, 1, () => ({
        operation: "iam:CreateAccessKey",
        change: { request: { userName: "backup-operator" } },
      })),
  },
  {
    id: "night_drip",
    loud: false,
    story: "two calls a night, own operations, own network",
    victims: ["office_bot", "person", "read_report"],
    play: (v) =>
      Array.from({ length: 8 }, (_, n) =>
        [1, 2].map(() => ({ time: v.night(n, 1.5, 4.5), operation: v.usualRead() })),
      ).flat(),
  },
  {
    id: "region_drift",
    loud: false,
    story: "three calls a day in a region that the key never used, own network, own hours",
    victims: ["office_bot", "poller", "data_pipeline", "nightly_cron"],
    play: (v) => daily(v, 8, 3, () => ({ operation: v.usual(), change: { region: "sa-east-1" } })),
  },
  {
    id: "runner_drift",
    loud: false,
    story: "the key of a build job is used from another hosting company, own operations, own hours",
    victims: ["ci_runner"],
    play(v) {
      const address = v.thief(["thief-amsterdam", "thief-warsaw"]);
      return daily(v, 8, 5, () => ({ operation: v.usual(), change: { address } }));
    },
  },
  {
    id: "role_hop",
    loud: false,
    story: "the key takes on another role every day, own network, own hours",
    victims: ["office_bot", "nightly_cron", "data_pipeline", "rotated_key"],
    play: (v) =>
      daily(v, 6, 2, (n) => ({
        operation: "sts:AssumeRole",
        change: { request: { roleArn: `arn:aws:iam::111122223333:role/role-${n}` } },
      })),
  },
  {
    id: "strange_program",
    loud: false,
    story: "another program uses the key through the victim's machine, own operations, own hours",
    victims: ["office_bot", "nightly_cron", "data_pipeline", "read_report"],
    play: (v) => daily(v, 8, 5, () => ({ operation: v.usual(), change: { userAgent: "python-requests/2.32.3" } })),
  },
  {
    id: "quiet_abroad",
    loud: false,
    story: "four reading calls a day with a traveller's key from a country it never was in, own hours",
    victims: ["traveller", "person"],
    play(v) {
      const address = v.thief(["thief-warsaw", "thief-lagos", "thief-saopaulo"]);
      return daily(v, 5, 4, () => ({ operation: v.usualRead(), change: { address } }));
    },
  },
];
