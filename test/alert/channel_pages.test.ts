import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { receiver } from "../../schemas/config_routing.ts";
import { packageRoot } from "../../schemas/package_root.ts";

/** What stands in the environment of whoever follows a page. */
const environment: Record<string, string> = {
  SLACK_BOT_TOKEN: "xoxb-example-example-example",
  SLACK_SIGNING_SECRET: "0123456789abcdef0123456789abcdef",
  SMTP_URL: "smtps://keywatch:secret@mail.example.com:465",
  KEYWATCH_WEBHOOK_SECRET: `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`,
  PAGERDUTY_ROUTING_KEY: "0123456789abcdef0123456789abcdef",
  OPSGENIE_API_KEY: "00000000-0000-0000-0000-000000000000",
  TEAMS_WEBHOOK_URL: "https://teams.example.com/workflows/1",
};

const pages = readdirSync(join(packageRoot, "alert", "channels"))
  .map((name) => name.replace(/\.ts$/, ""))
  .filter((kind) => kind !== "console");

describe.each(pages)("the page of %s", (kind) => {
  const text = readFileSync(join(packageRoot, "docs", "channels", `${kind}.md`), "utf8");

  test("says how to make the credential, the least that it needs, and how to test it", () => {
    for (const head of ["## Create the credential", "## Least privilege", "## Test", "## What to know"])
      expect(text).toContain(`\n${head}\n`);
    expect(readFileSync(join(packageRoot, "docs", "channels.md"), "utf8")).toContain(`(channels/${kind}.md)`);
  });

  test("shows a config that is one", () => {
    const [, block = ""] = /```yaml\n(.*?)```/s.exec(text) ?? [];
    const filled = block
      .replace(/\$\{(\w+)\}/g, (_, name: string) => environment[name] ?? `no ${name}`)
      .replace(/"file:[^"]+"/g, '"-----BEGIN CERTIFICATE-----"');
    const { receivers } = parse(filled) as { receivers: unknown[] };
    const [one] = receivers.map((r) => receiver.parse(r));
    expect(one!.channels.map((c) => c.kind)).toEqual([kind]);
  });
});
