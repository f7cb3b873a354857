import type { Agent, Credential, Declared, Kind, Rhythm, Source, Trip } from "./agent.ts";
import { DAY, HOUR } from "./calendar.ts";
import { type Job, jobs, tail } from "./operations.ts";
import { CAPITALS, type Draws, draws } from "./random.ts";

export const WINDOW_DAYS = 90;

/** How many keys of each kind one fleet holds: 186. */
const FLEET: Record<Kind, number> = {
  office_bot: 14,
  person: 16,
  traveller: 10,
  nightly_cron: 16,
  poller: 14,
  ci_runner: 12,
  read_report: 16,
  serverless_pool: 10,
  instance_service: 12,
  weekly_job: 8,
  monthly_job: 6,
  quarterly_job: 4,
  rotated_key: 12,
  dormant_key: 8,
  data_pipeline: 10,
  vendor_integration: 6,
  admin_automation: 4,
  posture_scanner: 2,
  new_key: 8,
  honeytoken: 2,
};

interface Office {
  zone: string;
  country: string;
  network: string;
  home: string;
  region: string;
}
const offices: readonly Office[] = [
  { zone: "Europe/Berlin", country: "DE", network: "office-berlin", home: "home-de", region: "eu-central-1" },
  { zone: "America/New_York", country: "US", network: "office-newyork", home: "home-us", region: "us-east-1" },
  { zone: "Asia/Kolkata", country: "IN", network: "office-bengaluru", home: "home-in", region: "ap-south-1" },
  { zone: "Asia/Tokyo", country: "JP", network: "office-tokyo", home: "home-jp", region: "ap-northeast-1" },
  { zone: "Australia/Sydney", country: "AU", network: "office-sydney", home: "home-au", region: "ap-southeast-2" },
];
const OFFICE_SHARES = [0, 0, 0, 0, 1, 1, 1, 2, 3, 4];

const AGENTS = [
  "Boto3/1.40.11 md/Botocore#1.40.11 ua/2.1 os/linux#6.8.0 lang/python#3.12.3",
  "aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.2",
  "aws-sdk-js/3.844.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#22.17.0",
  "aws-sdk-java/2.31.60 md/io#sync ua/2.1 os/Linux#6.1 lang/java#21.0.7",
];
const CLI = "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/macos#24.5.0 lang/python#3.13.4";

/** windowOf gives the first day of a seed's 90 days: odd seeds cross the autumn changes of the clocks, even ones those of spring. */
export const windowOf = (seed: number): number =>
  Date.UTC(2025, 7, 25) / DAY + (seed % 2 === 0 ? 140 : 0) + (Math.floor(seed / 2) % 5);

/** makeAgents declares who holds keys. Everything follows from the seed. */
export function makeAgents(seed: number): Agent[] {
  const first = windowOf(seed);
  return Object.entries(FLEET).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, i) => makeAgent(seed, first, kind as Kind, i)),
  );
}

function makeAgent(seed: number, first: number, kind: Kind, index: number): Agent {
  const r = draws(seed, "agent", kind, index);
  const office = offices[r.pick(OFFICE_SHARES)]!;
  const name = `${kind.replace("_", "-")}-${index}`;
  const base: Agent = {
    name,
    kind,
    account: r.chance(0.8) ? "111122223333" : "222233334444",
    zone: office.zone,
    country: office.country,
    region: office.region,
    human: false,
    credential: user(r, first),
    rhythm: { type: "never" },
    source: server(r),
    operations: operationsOf("office", r, 5),
    rare: { operations: r.sample(tail.reads, 3), share: 0.002 },
    errors: { notFound: 0.01 * r.next(), throttled: 0.004 * r.next(), denied: r.chance(0.12) ? 0.05 : 0.001 },
    objects: 40 + r.int(400),
    userAgent: r.pick(AGENTS),
    active: { from: first * DAY, until: (first + WINDOW_DAYS) * DAY },
    growth: r.between(0.9, 1.3),
    trips: [],
    inventory: declared(kind, office, r),
  };
  return { ...base, ...shape[kind](base, office, r, first) };
}

type Shape = (base: Agent, office: Office, r: Draws, first: number) => Partial<Agent>;

const shape: Record<Kind, Shape> = {
  office_bot: (_b, o, r) => ({ rhythm: officeHours(r, r.between(14, 40), 0, 0), source: fixed(o.network, r, null) }),
  person: (_b, o, r) => person(o, r),
  traveller: (_b, o, r, first) => ({
    ...person(o, r),
    rhythm: officeHours(r, r.between(16, 30), r.between(0.15, 0.35), 0.25),
    trips: tripsOf(o, r, first),
  }),
  nightly_cron: (b, _o, r) => ({
    rhythm: cron(r, "daily", 20, 45),
    zone: r.chance(0.5) ? "UTC" : b.zone,
    operations: operationsOf("backup", r, 5),
  }),
  poller: (_b, _o, r) => ({
    rhythm: { type: "poll", every: r.pick([30, 60, 60, 120]), calls: 1 + r.int(2) },
    operations: operationsOf("poller", r, 4),
    inventory: null,
  }),
  ci_runner: (b, _o, r, first) => ({
    rhythm: { ...officeHours(r, r.between(35, 60), 0.1, 0.1), from: 8, to: 20 },
    source: { type: "ephemeral", networks: r.chance(0.5) ? ["runners"] : ["runners", "runners-eu"] },
    operations: operationsOf("ci", r, 7),
    credential: r.chance(0.5) ? b.credential : role(r, "federated", 1),
    active: { from: first * DAY, until: b.active.until },
  }),
  read_report: (_b, o, r) => ({
    rhythm: r.chance(0.6) ? cron(r, "weekdays", 14, 30, [6, 7, 8]) : officeHours(r, r.between(14, 28), 0, 0),
    source: r.chance(0.5) ? fixed(o.network, r, null) : server(r),
    operations: operationsOf("report", r, 5),
    rare: { operations: [], share: 0 },
  }),
  serverless_pool: (_b, _o, r) => ({
    rhythm: diurnal(r, r.between(90, 180)),
    source: {
      type: "pool",
      networks: r.pick([["cloud-eu"], ["cloud-us"], ["cloud-eu", "cloud-eu-2"]]),
      size: 10,
      churn: 0.15,
    },
    credential: role(r, "function", 1),
    operations: operationsOf("serverless", r, 4),
    userAgent: "Boto3/1.40.11 md/Botocore#1.40.11 os/linux exec-env/AWS_Lambda_python3.12",
  }),
  instance_service: (_b, _o, r) => ({
    rhythm: diurnal(r, r.between(60, 110)),
    source: r.chance(0.6)
      ? {
          type: "private",
          prefix: `10.${r.int(200)}.${r.int(200)}`,
          size: 6,
          endpoint: r.chance(0.7) ? `vpce-${r.text("0123456789abcdef", 17)}` : null,
        }
      : { type: "fixed", network: "cloud-eu", hosts: [r.int(60_000), r.int(60_000)], home: null },
    credential: role(r, "instance", 2 + r.int(3)),
    operations: operationsOf("instance", r, 5),
  }),
  weekly_job: (_b, _o, r) => ({
    rhythm: cron(r, { weekday: r.int(6) }, 60, 50),
    operations: operationsOf("report", r, 5),
  }),
  monthly_job: (b, _o, r, first) => ({
    rhythm: cron(r, { monthDay: 1 + r.int(27) }, 60, 60),
    active: { from: (first - 300) * DAY, until: b.active.until },
  }),
  quarterly_job: (b, _o, r, first) => ({
    rhythm: cron(r, { quarterDay: 1 + r.int(20) }, 60, 60),
    active: { from: (first - 370) * DAY, until: b.active.until },
  }),
  rotated_key: (_b, o, r, first) => ({
    ...(r.chance(0.5)
      ? { rhythm: officeHours(r, r.between(15, 30), 0, 0), source: fixed(o.network, r, null) }
      : { rhythm: cron(r, "daily", 16, 40) }),
    credential: rotating(r, first),
  }),
  dormant_key: (_b, _o, r, first) => ({
    rhythm: cron(r, "daily", 6, 40),
    active: { from: (first - 120) * DAY, until: (first - 5 + r.int(18)) * DAY },
  }),
  data_pipeline: (_b, _o, r) => ({
    rhythm: r.chance(0.5) ? cron(r, "daily", 110, 90, [1, 2, 3, 4, 13]) : diurnal(r, r.between(90, 140)),
    operations: operationsOf("pipeline", r, 6),
    growth: r.between(1.2, 2.4),
    objects: 2_000 + r.int(6_000),
  }),
  vendor_integration: (_b, _o, r) => ({
    rhythm: { type: "poll", every: r.pick([60, 120, 240]), calls: 3 + r.int(3) },
    source: { type: "pool", networks: [r.pick(["vendor-a", "vendor-b"])], size: 6, churn: 0.01 },
    credential: role(r, "assumed", 1),
    operations: operationsOf("vendor", r, 4),
  }),
  admin_automation: (_b, _o, r) => ({
    rhythm: officeHours(r, r.between(20, 35), 0.05, 0),
    source: { type: "ephemeral", networks: ["runners"] },
    operations: operationsOf("admin", r, 11),
    rare: {
      operations: [
        ...r.sample(tail.writes, 6),
        "iam:CreatePolicy",
        "iam:DeleteRole",
        "s3:PutBucketPolicy",
        "kms:CreateGrant",
      ],
      share: 0.03,
    },
    userAgent: "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 aws-sdk-go-v2/1.36.3",
  }),
  posture_scanner: (_b, _o, r) => ({
    rhythm: cron(r, { weekday: r.int(5) }, 160, 60),
    operations: operationsOf("scanner", r, 18),
    errors: { notFound: 0.05, throttled: 0.02, denied: 0.08 },
  }),
  new_key: (b, o, r, first) => {
    const from = (first + 12 + r.int(45)) * DAY;
    const common = { active: { from, until: b.active.until } };
    if (r.chance(0.4)) return { ...person(o, r), ...common };
    return r.chance(0.5)
      ? { ...common, rhythm: officeHours(r, r.between(15, 30), 0, 0), source: fixed(o.network, r, null) }
      : { ...common, rhythm: cron(r, "daily", 15, 40) };
  },
  honeytoken: () => ({}),
};

function person(o: Office, r: Draws): Partial<Agent> {
  return {
    human: true,
    rhythm: officeHours(r, r.between(14, 32), r.between(0.03, 0.2), r.pick([0, 0.03, 0.1])),
    source: fixed(o.network, r, o.home),
    operations: operationsOf("person", r, 9),
    rare: { operations: [...r.sample(tail.reads, 14), ...r.sample(tail.writes, 6)], share: 0.06 },
    errors: { notFound: 0.02, throttled: 0.002, denied: 0.01 },
    userAgent: CLI,
  };
}

/** The first keep their order, so that every kind of job has its own habit; some are left out. */
function operationsOf(job: Job, r: Draws, count: number): string[] {
  const all = jobs[job];
  return all.filter((_, i) => i < 2 || r.chance(0.85)).slice(0, count);
}

const officeHours = (r: Draws, perDay: number, evenings: number, weekends: number): Rhythm => ({
  type: "office",
  perDay,
  from: r.between(7.5, 9.5),
  to: r.between(16.5, 18.5),
  evenings,
  weekends,
});

function cron(
  r: Draws,
  on: Extract<Rhythm, { type: "cron" }>["on"],
  calls: number,
  jitter: number,
  hours?: number[],
): Rhythm {
  const hour = hours ? r.pick(hours) : r.int(24);
  const twice = on === "daily" && r.chance(0.3);
  const minutes = [hour * 60 + r.pick([0, 0, 15, 30])];
  if (twice) minutes.push((minutes[0]! + 720) % 1440);
  return {
    type: "cron",
    minutes,
    calls: Math.max(2, Math.round((calls * r.between(0.7, 1.4)) / minutes.length)),
    jitter,
    on,
  };
}

const diurnal = (r: Draws, perDay: number): Rhythm => ({
  type: "diurnal",
  perDay,
  peak: r.between(11, 20),
  depth: r.between(0.4, 0.9),
  weekends: r.between(0.4, 1.1),
  spread: r.between(0.15, 0.45),
});

const fixed = (network: string, r: Draws, home: string | null): Source => ({
  type: "fixed",
  network,
  hosts: Array.from({ length: 1 + r.int(2) }, () => r.int(240)),
  home: home === null ? null : { network: home, x: r.int(256), h: r.int(60_000) },
});

const server = (r: Draws): Source => ({
  type: "fixed",
  network: r.chance(0.6) ? "datacentre" : "cloud-eu",
  hosts: [r.int(60_000)],
  home: null,
});

const keyId = (r: Draws) => `AKIA${r.text(CAPITALS, 16)}`;
const user = (r: Draws, first: number): Credential => ({
  type: "user",
  principalId: `AIDA${r.text(CAPITALS, 17)}`,
  keys: [{ id: keyId(r), from: (first - 400) * DAY, until: (first + 400) * DAY, revokedAt: null }],
});
const role = (r: Draws, session: "function" | "instance" | "assumed" | "federated", sessions: number): Credential => ({
  type: "role",
  principalId: `AROA${r.text(CAPITALS, 17)}`,
  session,
  sessions,
});

/** A key that is replaced once; the old one is deleted after an overlap. */
function rotating(r: Draws, first: number): Credential {
  const at = (first + 25 + r.int(30)) * DAY + r.between(8, 16) * HOUR;
  const overlap = r.between(0.5, 2) * DAY;
  return {
    type: "user",
    principalId: `AIDA${r.text(CAPITALS, 17)}`,
    keys: [
      { id: keyId(r), from: (first - 400) * DAY, until: at, revokedAt: at + overlap },
      { id: keyId(r), from: at, until: (first + 400) * DAY, revokedAt: null },
    ],
  };
}

function tripsOf(o: Office, r: Draws, first: number): Trip[] {
  const places = [
    ["Europe/London", "hotel-london"],
    ["Europe/Lisbon", "hotel-lisbon"],
    ["Asia/Singapore", "hotel-singapore"],
    ["America/New_York", "hotel-newyork"],
  ].filter(([zone]) => zone !== o.zone) as [string, string][];
  return Array.from({ length: 1 + r.int(3) }, (_, i) => {
    const fromDay = first + 8 + i * 26 + r.int(18);
    const [zone, network] = r.pick(places);
    return { fromDay, toDay: fromDay + 2 + r.int(5), zone, network, x: r.int(16) };
  });
}

const TEAMS = ["team-platform", "team-finance", "team-data", "team-web", "team-security"];

/** About 60 % of the keys stand in the inventory, most with an owner only. */
function declared(kind: Kind, office: Office, r: Draws): Declared | null {
  const owner = r.pick(TEAMS);
  if (kind === "honeytoken") return { owner, access: null, networks: null, hours: null, honeytoken: true };
  const listed = r.chance(0.6);
  const hours = kind === "office_bot" && r.chance(0.15) && office.zone === "Europe/Berlin";
  const narrow = ["office_bot", "read_report"].includes(kind) && r.chance(0.15);
  const readOnly = kind === "read_report" && r.chance(0.8);
  if (!listed && !readOnly) return null;
  return {
    owner,
    access: readOnly ? "read" : r.chance(0.3) && kind !== "poller" ? "write" : null,
    networks: narrow
      ? ["192.0.2.0/24", "203.0.113.0/24", "198.51.100.0/24", "2001:db8:100::/40", "2001:db8:a000::/36"]
      : null,
    hours: hours ? { days: "mon-fri", from: "06:00", to: "21:00" } : null,
    honeytoken: false,
  };
}
