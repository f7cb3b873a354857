import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { keysDraft, makeDraft } from "../../cli/commands/keys_draft.ts";
import type { Agent } from "../../cli/demo/agent.ts";
import { DEMO_HISTORY_DAYS, demoFleet } from "../../cli/demo/fleet.ts";
import { generateHistory, timedHistory } from "../../cli/demo/history.ts";
import type { DraftKey } from "../../cli/keys/draft.ts";
import { parsePrefix, prefixText } from "../../cli/keys/prefix.ts";
import { DAY_MS, HOUR_MS } from "../../schemas/duration.ts";
import { inventory } from "../../schemas/inventory.ts";
import { NetworkSet } from "../../schemas/network.ts";
import { offsetMs } from "../../schemas/zone.ts";
import { type Bench, openBench } from "./keys_store.ts";

// Autumn holds the end of summer time of Europe and America; August holds no change at all.
const spans = [
  { name: "across the end of summer time", seed: 42, end: "2026-11-15T11:23:45Z" },
  { name: "without any change of clocks", seed: 7, end: "2026-08-31T06:00:00Z" },
  { name: "across the begin of summer time", seed: 1234, end: "2026-05-20T17:45:00Z" },
];

describe.each(spans)("a draft of the demo fleet's history, $name", ({ seed, end }) => {
  const END = Date.parse(end);
  const from = END - DEMO_HISTORY_DAYS * DAY_MS;
  const fleet = demoFleet(seed, END);
  let bench: Bench;
  let keys: DraftKey[];
  let yaml: string;

  beforeAll(async () => {
    bench = await openBench(END);
    await bench.ingest(generateHistory({ fleet, seed, from, to: END }));
    ({ keys } = await makeDraft(bench.app, { days: DEMO_HISTORY_DAYS, minEvents: 20 }));
    yaml = (await bench.run(keysDraft)).lines.join("\n");
  }, 120_000);
  afterAll(() => bench.close());

  const of = (agent: Agent): DraftKey => {
    const key = keys.find((k) => k.name === agent.name);
    if (!key) throw new Error(`no draft for ${agent.name}; there are ${keys.map((k) => k.name).join(", ")}`);
    return key;
  };

  const activeDays = (agent: Agent): number =>
    new Set(
      [...timedHistory({ fleet: { ...fleet, agents: [agent] }, seed, from, to: END })].map(({ time }) =>
        Math.floor(time / DAY_MS),
      ),
    ).size;

  test("holds every key of the fleet and nothing else, each by fingerprint or principal, and parses", () => {
    expect(keys.map((k) => k.name).sort()).toEqual(fleet.agents.map((a) => a.name).sort());
    const parsed = inventory.parse(parse(yaml));
    expect(parsed.keys.map((k) => k.name)).toEqual(keys.map((k) => k.name));
    for (const agent of fleet.agents) {
      const key = parsed.keys.find((k) => k.name === agent.name)!;
      expect(key.id).toBeNull();
      if (agent.credential.kind === "user") {
        expect(key.fingerprint).toMatch(/^[0-9a-f]{32}$/);
        expect(yaml).not.toContain(agent.credential.keyId);
      } else expect(key.principal).toBe(`arn:aws:iam::${agent.account}:role/${agent.name}`);
    }
  });

  test.each(fleet.agents)("$name: access is the declared one", (agent) => {
    expect(of(agent).access.value, of(agent).access.why).toBe(agent.access);
  });

  test.each(fleet.agents)("$name: hours and zone are the declared ones", (agent) => {
    const { value, why } = of(agent).hours;
    if (agent.hours === null) {
      expect(value, why).toBeNull();
      return;
    }
    if (activeDays(agent) < 3) {
      // Two days alike are chance; the draft says so and proposes nothing.
      expect(value).toBeNull();
      expect(why).toMatch(/too few/);
      return;
    }
    expect(value, why).not.toBeNull();
    const minutes = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
    expect(Math.abs(minutes(value!.from) - minutes(agent.hours.from)), JSON.stringify(value)).toBeLessThanOrEqual(60);
    expect(Math.abs(minutes(value!.to) - minutes(agent.hours.to)), JSON.stringify(value)).toBeLessThanOrEqual(60);
    expect(value!.days).toBe(agent.hours.days);
    for (let time = from; time < END; time += HOUR_MS) {
      if (offsetMs(value!.timezone, time) !== offsetMs(agent.timezone, time))
        expect.fail(`${value!.timezone}, declared ${agent.timezone}: ${why}`);
    }
  });

  test.each(fleet.agents)("$name: networks hold all its sources and lie inside the declared ones", (agent) => {
    const drafted = of(agent).networks.value!;
    expect(drafted, of(agent).networks.why).not.toBeNull();
    const set = new NetworkSet(drafted);
    for (const { record } of timedHistory({ fleet: { ...fleet, agents: [agent] }, seed, from, to: END })) {
      const source = String(record.sourceIPAddress);
      if (source !== "ec2.amazonaws.com" && !set.has(source)) expect.fail(`${source} is not in ${drafted.join(", ")}`);
    }
    // A VPC endpoint is declared by its addresses; the draft gives the /24 around them.
    const endpoint = agent.source.kind === "fixed" ? (agent.source.endpoint?.addresses ?? []) : [];
    const declared = [...agent.networks, ...endpoint.map((a) => `${a}/24`)].map((c) => parsePrefix(c)!);
    for (const cidr of drafted) {
      const p = parsePrefix(cidr)!;
      const inside = declared.some(
        (d) =>
          d.family === p.family &&
          d.bits <= p.bits &&
          prefixText({ ...p, bits: d.bits, value: parsePrefix(`${cidr.split("/")[0]}/${d.bits}`)!.value }) ===
            prefixText(d),
      );
      expect(inside, `${cidr} of ${agent.name}`).toBe(true);
    }
  });

  test("says of the dormant and of the revoked key what it cannot know, and finds the one owner that stands in a name", () => {
    const silent = keys.filter((k) => k.silent !== null).map((k) => k.name);
    expect(silent).toContain("legacy-import");
    expect(keys.find((k) => k.name === "auditor")!.owner.value).toBe("audit@example.com");
    expect(keys.find((k) => k.name === "alice")!.owner.value).toBeNull();
  });

  test("every value of the YAML has a comment that says what it rests on", () => {
    for (const line of yaml
      .split("\n")
      .filter((l) => /^ {4}(access|allowed_networks|allowed_countries|hours): /.test(l))) {
      expect(line).toMatch(/ # .{10}/);
    }
  });
});
