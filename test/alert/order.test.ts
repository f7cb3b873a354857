import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInhibitor } from "../../alert/inhibit.ts";
import { compileRoute, routesOf } from "../../alert/route.ts";
import { inhibitRule } from "../../schemas/config_routing.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { parseMatcher } from "../../schemas/matcher.ts";
import { severities } from "../../schemas/severity.ts";
import { configOf, finding, openStore, T0, wipe } from "./support.ts";
import { createWorld } from "./world.ts";

let opened: Awaited<ReturnType<typeof openStore>>;
let world: Awaited<ReturnType<typeof createWorld>>;
beforeAll(async () => {
  opened = await openStore();
  world = await createWorld(opened.store);
});
afterAll(async () => {
  await world.stop();
  await opened.close();
});

const oneFinding = fc.record({
  subject: fc.integer({ min: 0, max: 3 }),
  minute: fc.integer({ min: 0, max: 300 }),
  detection: fc.constantFrom("new_source", "off_hours", "honeytoken_used"),
  // An informational one counts only where an incident is there already; all others wait for each other.
  severity: fc.constantFrom(...severities.filter((s) => s !== "informational")),
});
const read = (f: { subject: number; minute: number; detection: string; severity: Finding["severity"] }): Finding =>
  finding({
    ...{ subject_uid: `s${f.subject}`, key_uid: `s${f.subject}`, key_name: `bot-${f.subject}`, detection: f.detection },
    ...{ severity: f.severity, first_seen: T0 - f.minute * 60_000, dimension: `d${f.minute}` },
  });

/** What was finally said of each key, without the numbers that depend on how often something was decided. */
async function finallySaid(batches: readonly Finding[][]): Promise<Map<string, unknown>> {
  await wipe(opened.store);
  await world.start({
    route: { receiver: "hook", group_wait: "30s", repeat_interval: "30d" },
    inhibit_rules: [{ source_matchers: ["severity=critical"], target_matchers: ["severity=medium"] }],
  });
  for (const batch of batches) await world.alerter.apply(batch);
  await world.pass(300_000, 30_000);
  return new Map(
    world.servers.hook.requests.map((r) => {
      const { incident } = (JSON.parse(r.body) as { data: { incident: Record<string, unknown> } }).data;
      const { key_name, severity, risk, finding_uids, reasons, status, first_seen, last_seen, event_count } = incident;
      return [String(key_name), { severity, risk, finding_uids, reasons, status, first_seen, last_seen, event_count }];
    }),
  );
}

test("the order in which findings come, and in what batches, does not matter to what is finally sent", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(oneFinding, {
        minLength: 1,
        maxLength: 10,
        selector: (f) => `${f.subject}/${f.minute}/${f.detection}`,
      }),
      fc.infiniteStream(fc.nat(1_000_000)),
      async (drawn, numbers) => {
        const findings = drawn.map(read);
        const expected = await finallySaid([findings]);
        const mixed = findings
          .map((f) => [numbers.next().value as number, f] as const)
          .sort(([a], [b]) => a - b)
          .map(([, f]) => f);
        const cut = (numbers.next().value as number) % (mixed.length + 1);
        expect(await finallySaid([mixed.slice(0, cut), mixed.slice(cut), mixed])).toEqual(expected);
      },
    ),
    { numRuns: 6, seed: 20261121, endOnFailure: true },
  );
}, 300_000);

const labels = fc.record({
  severity: fc.constantFrom("low", "high", "critical"),
  owner: fc.constantFrom("", "a", "b"),
  provider: fc.constantFrom("x", "y"),
});

test("an inhibitor says the same whatever the order in which incidents came and went", () => {
  const rules = [
    { source_matchers: ["severity=critical"], target_matchers: ["severity!=critical"], equal: ["owner"] },
    { source_matchers: ["provider=x"], target_matchers: ["severity=~high|critical"], equal: [] },
  ].map((r) => inhibitRule.parse(r));
  fc.assert(
    fc.property(fc.array(labels, { maxLength: 8 }), fc.array(fc.nat(7)), labels, (all, gone, asked) => {
      const forward = createInhibitor(rules);
      const backward = createInhibitor(rules);
      for (const [i, l] of all.entries()) forward.set(`${i}`, l);
      for (const i of gone) forward.delete(`${i}`);
      for (const [i, l] of [...all.entries()].reverse()) if (!gone.includes(i)) backward.set(`${i}`, l);
      const inhibits = (x: typeof forward) => x.inhibiting("asked", asked) !== null;
      expect(inhibits(forward)).toBe(inhibits(backward));
      // An incident never inhibits itself.
      const alone = createInhibitor(rules);
      alone.set("asked", asked);
      expect(alone.inhibiting("asked", asked)).toBeNull();
    }),
    { numRuns: 500 },
  );
});

test("every incident reaches a receiver, and one that a tree takes is matched by all above it", () => {
  const matcher = fc
    .constantFrom("severity=high", "severity!=low", "owner=a", 'owner=~"a|b"', "provider!~x")
    .map(String);
  const node: fc.Memo<object> = fc.memo((depth) =>
    fc.record({
      matchers: fc.array(matcher, { maxLength: 2 }),
      continue: fc.boolean(),
      receiver: fc.constantFrom("r1", "r2"),
      routes: depth <= 1 ? fc.constant([]) : fc.array(node(depth - 1), { maxLength: 3 }),
    }),
  );
  fc.assert(
    fc.property(fc.array(node(3), { maxLength: 4 }), labels, (routes, asked) => {
      const receivers = ["r1", "r2"].map((name) => ({ name, channels: [] }));
      const root = compileRoute(configOf({ receivers, route: { receiver: "r1", routes } }));
      const found = routesOf(root, asked);
      expect(found.length).toBeGreaterThan(0);
      for (const route of found) {
        const above = [...route.path.matchAll(/\[\d+\]/g)].map((m) => route.path.slice(0, m.index + m[0].length));
        for (const path of above) {
          let at = root;
          for (const [, i] of path.matchAll(/\[(\d+)\]/g)) at = at.routes[Number(i)]!;
          const { matchers } = at;
          expect(matchers.every((m) => holds(m, asked))).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** The matcher said another way, to compare with. */
function holds(m: ReturnType<typeof parseMatcher>, of: Record<string, string>): boolean {
  const value = of[m.label] ?? "";
  const hit = m.op.includes("~") ? new RegExp(`^(${m.value})$`).test(value) : value === m.value;
  return m.op.startsWith("!") !== hit;
}
