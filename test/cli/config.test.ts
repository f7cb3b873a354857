import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keywatch, tempFolder } from "../support.ts";

describe("a wrong config", () => {
  test("names every fault with its path and exits 2", async () => {
    const folder = tempFolder();
    writeFileSync(
      join(folder, "keys.yaml"),
      "keys:\n  - { name: a, provider: aws_cloudtrail, id: x, acces: read, allowed_networks: [203.0.113.0/33] }\n",
    );
    writeFileSync(
      join(folder, "keywatch.yaml"),
      `stores: {}
inventory: keys.yaml
detect: { own_networks: [10.0.0.0/40] }
route: { receiver: nobody, group_wiat: 30s }
receivers:
  - name: team
    channels: [{ kind: slack, bot_token: "\${NO_SUCH_TOKEN}", channel: "#keys" }, { kind: email, smtp_url: "file:missing.txt", from: a@example.com, to: [b@example.com] }]
`,
    );
    const ran = await keywatch(["--config", join(folder, "keywatch.yaml"), "check"]);
    expect(ran.code).toBe(2);
    for (const fault of [
      'unknown key "stores", did you mean "store"?',
      'detect.own_networks[0]: "10.0.0.0/40" is no CIDR',
      'route: unknown key "group_wiat", did you mean "group_wait"?',
      'route.receiver: no receiver named "nobody"',
      "receivers[0].channels[0].bot_token: the environment has no NO_SUCH_TOKEN",
      "receivers[0].channels[1].smtp_url: the secret file missing.txt cannot be read",
      'unknown key "acces", did you mean "access"?',
    ]) {
      expect(ran.stderr).toContain(fault);
    }
    // Of a value that is not there nothing else can be said.
    expect(ran.stderr.match(/channels\[1\].smtp_url/g)).toHaveLength(1);
  });

  test("names providers and detections that there are not: misspelt, they would switch something off without a word", async () => {
    const folder = tempFolder();
    writeFileSync(
      join(folder, "keys.yaml"),
      "keys: [{ name: a, provider: aws_cloudtrial, id: x }, { name: b, provider: billing, id: y }]\n",
    );
    const write = (text: string) => writeFileSync(join(folder, "keywatch.yaml"), text);
    const check = () => keywatch(["--config", join(folder, "keywatch.yaml"), "check"]);
    write(`inventory: keys.yaml
generic: { billing: { fields: { time: at, operation: what } } }
sources: [{ kind: folder, path: ., provider: aws_cloudtral }, { kind: folder, path: ., provider: billing }]
detect: { detections: { new_sorce: { enabled: false }, source_silent: { enabled: false } }, lateness: { oktas: 5m } }
`);
    const ran = await check();
    expect([ran.code, ran.stderr.split("\n").slice(1, -1)]).toEqual([
      2,
      [
        '  sources[0].provider: there is no provider "aws_cloudtral", did you mean "aws_cloudtrail"?',
        '  detect.lateness.oktas: there is no provider "oktas"',
        '  detect.detections.new_sorce: there is no detection "new_sorce", did you mean "new_source"?',
        expect.stringMatching(
          /inventory .*keys\[0\].provider: there is no provider "aws_cloudtrial", did you mean "aws_cloudtrail"\?/,
        ),
      ],
    ]);
  });

  test("an inventory's faults come with it", async () => {
    const folder = tempFolder();
    writeFileSync(
      join(folder, "keys.yaml"),
      "keys:\n  - { name: a, provider: aws_cloudtrail, id: x, acces: read, allowed_networks: [203.0.113.0/33] }\n",
    );
    writeFileSync(join(folder, "keywatch.yaml"), "inventory: keys.yaml\n");
    const ran = await keywatch(["--config", join(folder, "keywatch.yaml"), "check"]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('unknown key "acces", did you mean "access"?');
    expect(ran.stderr).toContain("allowed_networks");
  });

  test.each([
    [["scan"], "missing required argument"],
    [["scan", "/no/such/folder"], "Nothing to read"],
    [["scan", ".", "--provider", "nobody"], 'no provider "nobody"'],
    [["incidents", "resolve", "INC-12345678"], "--verdict"],
    [["nonsense"], "unknown command"],
    ...[
      ["keys", "list"],
      ["audit", "list"],
      ["incidents", "list"],
      ["findings", "list"],
      ["deliveries", "list"],
      ["dead-letters", "list"],
    ].flatMap((command): [string[], string][] => [
      [[...command, "--limit", "-5"], "a whole number from 1 to 100000"],
      [[...command, "--limit", "abc"], "a whole number from 1 to 100000"],
    ]),
    [["keys", "draft", "--days", "abc"], "a whole number from 1 to 3650"],
    [["keys", "draft", "--min-events", "1.5"], "a whole number from 1 to"],
    [["keys", "revoke-preview", "x", "--days", "0"], "a whole number from 1 to 3650"],
    [["topics", "create", "--partitions", "1e9"], "a whole number from 1 to 1000"],
    [["topics", "create", "--replication", ""], "a whole number from 1 to 1000"],
    [["demo", "--seed", "x"], "a whole number from 0 to"],
    [["demo", "--for", "abc"], "write it like 30s, 5m, 24h or 90d"],
    [["serve", "--listen", "8686"], "write it like 127.0.0.1:8686"],
    [["demo", "--listen", "127.0.0.1:70000"], "write it like 127.0.0.1:8686"],
    [["serve", "--listen", "0.0.0.0:8686"], "can be reached from outside, so tokens are needed"],
  ])("%j exits 2 with a sentence", async (args, sentence) => {
    const ran = await keywatch(args, { env: { KEYWATCH_DATA: join(tempFolder(), "d") } });
    expect(ran.stderr).toContain(sentence);
    expect(ran.code).toBe(2);
    expect(ran.stderr).not.toContain("    at ");
  });
});

test("a store that is down at start is a clear sentence", async () => {
  const folder = tempFolder();
  writeFileSync(join(folder, "keywatch.yaml"), "store: { url: 'http://127.0.0.1:9' }\n");
  const ran = await keywatch(["--config", join(folder, "keywatch.yaml"), "serve"]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/ClickHouse at http:\/\/127.0.0.1:9 did not answer.*Check store.url/);
});

test("a port in use is a clear sentence, and the process ends", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const ran = await keywatch(["--data", join(tempFolder(), "d"), "serve", "--listen", `127.0.0.1:${port}`]);
  other.close();
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("is in use by another program")]);
}, 30_000);

test("the demo looks at its port before it learns", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const ran = await keywatch(["demo", "--listen", `127.0.0.1:${port}`]);
  other.close();
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("is in use by another program")]);
  expect(ran.stderr).not.toContain("Learned");
}, 30_000);

test("every command shows an example", async () => {
  for (const args of [
    ["scan"],
    ["ingest"],
    ["serve"],
    ["demo"],
    ["normalize"],
    ["redact"],
    ["fingerprint"],
    ["keys", "list"],
    ["keys", "draft"],
    ["incidents", "list"],
    ["findings", "show"],
    ["sql"],
    ["dead-letters", "replay"],
    ["check"],
    ["migrate"],
    ["doctor"],
    ["update-geo"],
  ]) {
    const ran = await keywatch([...args, "--help"]);
    expect(ran.code, args.join(" ")).toBe(0);
    expect(ran.stdout, args.join(" ")).toContain("Example:");
  }
});
