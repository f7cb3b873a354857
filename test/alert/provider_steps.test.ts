import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { knownProviders, providerSteps } from "../../alert/provider_steps.ts";
import { builtIn } from "../../ingest/registry.ts";
import type { Incident } from "../../schemas/incident.ts";
import { HOSTILE, messageOf, storyOf } from "./support.ts";

const incident = (change: Partial<Incident>): Incident => ({ ...storyOf(["opened"]).incident, ...change });
/** Formats of anybody's log: nobody knows where such a key was issued. */
const ANYWHERE = ["ecs", "generic", "ocsf"];

test("every provider says how a key of its own is stopped", () => {
  const ids = builtIn.map((p) => p.id);
  expect(readdirSync(new URL("../../ingest/providers/", import.meta.url)).length).toBeGreaterThan(ids.length);
  expect(ids.filter((id) => !ANYWHERE.includes(id) && !knownProviders().includes(id))).toEqual([]);
  expect(knownProviders().filter((id) => !ids.includes(id))).toEqual([]);
});

test.each([...knownProviders(), ...ANYWHERE])(
  "%s: short enough to stay whole in every channel, with the key's hint",
  (provider) => {
    const steps = providerSteps(incident({ provider, key_hint: "AKIA…MPLE" }));
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(step.length, step).toBeLessThanOrEqual(260);
  },
);

test.each<[string, Partial<Incident>, string]>([
  [
    "a user's key",
    { principal_uid: "arn:aws:iam::111122223333:user/team/billing", key_hint: "AKIA…3F7Q" },
    "aws iam update-access-key --user-name billing --access-key-id <access key id that ends in 3F7Q> --status Inactive",
  ],
  [
    "a role's session",
    { principal_uid: "arn:aws:iam::111122223333:role/app/web-role", key_hint: "ASIA…QP7P" },
    "aws iam attach-role-policy --role-name web-role --policy-arn arn:aws:iam::aws:policy/AWSDenyAll",
  ],
  [
    "an assumed role",
    { principal_uid: "arn:aws:sts::111122223333:assumed-role/web-role/i-0abc", key_hint: "ASIA…QP7P" },
    "--role-name web-role ",
  ],
])("AWS, %s", (_name, change, command) => {
  expect(providerSteps(incident(change)).join("\n")).toContain(command);
});

test.each(knownProviders())("%s: what a log says never becomes part of a command", (provider) => {
  const evils = ["$(curl evil)", "a; rm -rf /", "`id`", "--force", "x\ny", "' || true '", "tool --all", HOSTILE];
  for (const evil of evils) {
    const steps = providerSteps(
      incident({
        provider,
        principal: evil,
        principal_uid: `arn:aws:iam::1:user/${evil}`,
        account: evil,
        key_hint: `AKIA…${evil}`,
      }),
    );
    for (const step of steps) expect(step).not.toContain(evil);
  }
});

test("the steps of the provider follow those of the detection, for people and for machines", () => {
  const message = messageOf();
  expect(message.steps[0]).toContain("Ask team-finance");
  expect(message.steps.at(-2)).toMatch(/^Disable the key: aws iam update-access-key --user-name billing /);
  expect(message.incident.runbook).toEqual(message.steps);
});

test("a message says at one glance what, which key and owner, from where, since when and why", () => {
  const { title, facts, why } = messageOf();
  expect(title).toBe(
    "billing-report-bot: Key used from a place it never used before, from 203.0.113.9 (Example Net, DE)",
  );
  expect(Object.fromEntries(facts)).toMatchObject({
    Key: "billing-report-bot (AKIA…MPLE)",
    Owner: "team-finance",
    From: "203.0.113.9 (Example Net, DE)",
    Since: "2026-03-01 03:12:09 UTC",
  });
  expect(why[0]).toContain("was never seen in 92 days of history");
});
