import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { updateGeo } from "../../cli/commands/update_geo.ts";
import { readRanges } from "../../cli/geo/ranges.ts";
import { withPublishedSets } from "../../cli/geo/sets.ts";
import { loadConfig } from "../../cli/load_config.ts";
import { createReload } from "../../cli/reload.ts";
import { NetworkSet } from "../../schemas/network.ts";
import { loadedFor, openTestApp, quietOut, tempFolder } from "../support.ts";

const aws = (...more: string[]) =>
  JSON.stringify({
    syncToken: "1",
    createDate: "2026-11-02-10-11-12",
    prefixes: ["203.0.113.0/25", ...more].flatMap((ip_prefix) =>
      ["AMAZON", "EC2"].map((service) => ({ ip_prefix, region: "eu-central-1", service, network_border_group: "x" })),
    ),
    ipv6_prefixes: [{ ipv6_prefix: "2001:db8::/40", region: "us-east-1", service: "S3" }],
  });
const google = {
  creationTime: "2026-11-02T03:04:05.678",
  prefixes: [
    { ipv4Prefix: "203.0.113.0/24", service: "Google Cloud", scope: "europe-west3" },
    { ipv6Prefix: "2001:db8::/44", service: "Google Cloud", scope: "us-east1" },
  ],
};
const azure = {
  changeNumber: 1,
  cloud: "Public",
  values: [
    { name: "AzureCloud.westeurope", properties: { addressPrefixes: ["203.0.113.0/24", "2001:db8::/48"] } },
    { name: "Storage", properties: { addressPrefixes: ["198.51.100.0/24"] } },
  ],
};
const github = {
  verifiable_password_authentication: false,
  ssh_keys: ["ssh-ed25519 AAAA"],
  hooks: ["203.0.113.0/24"],
  actions: ["198.51.100.0/24", "2001:db8::/48"],
  domains: { website: ["*.example.com"] },
};

describe("readRanges", () => {
  test.each<[string, string, string, number | null, [string, string[]][]]>([
    [
      "AWS ip-ranges",
      aws(),
      "AWS ip-ranges",
      Date.UTC(2026, 10, 2, 10, 11, 12),
      [
        ["203.0.113.0/25", ["amazon", "ec2", "eu-central-1"]],
        ["2001:db8::/40", ["s3", "us-east-1"]],
      ],
    ],
    [
      "Google cloud.json",
      JSON.stringify(google),
      "Google cloud.json",
      Date.UTC(2026, 10, 2, 3, 4, 5, 678),
      [
        ["203.0.113.0/24", ["europe-west3"]],
        ["2001:db8::/44", ["us-east1"]],
      ],
    ],
    [
      "Azure ServiceTags",
      JSON.stringify(azure),
      "Azure ServiceTags",
      null,
      [
        ["203.0.113.0/24", ["azurecloud", "azurecloud.westeurope", "westeurope"]],
        ["2001:db8::/48", ["azurecloud", "azurecloud.westeurope", "westeurope"]],
        ["198.51.100.0/24", ["storage"]],
      ],
    ],
    [
      "GitHub meta",
      JSON.stringify(github),
      "GitHub meta",
      null,
      [
        ["203.0.113.0/24", ["hooks"]],
        ["198.51.100.0/24", ["actions"]],
        ["2001:db8::/48", ["actions"]],
      ],
    ],
    [
      "Cloudflare's answer",
      JSON.stringify({ result: { ipv4_cidrs: ["203.0.113.0/24"], ipv6_cidrs: ["2001:db8::/32"], etag: "x" } }),
      "Cloudflare ips",
      null,
      [
        ["203.0.113.0/24", []],
        ["2001:db8::/32", []],
      ],
    ],
    [
      "a list with remarks",
      "# ours\n203.0.113.0/24\r\n\n2001:db8::1 # one\n",
      "list",
      null,
      [
        ["203.0.113.0/24", []],
        ["2001:db8::1", []],
      ],
    ],
  ])("%s", (_, text, type, madeAt, networks) => {
    expect(readRanges(text)).toEqual({ type, madeAt, networks: new Map(networks) });
  });

  test.each([
    ["JSON that is cut off", aws().slice(0, -20), "no JSON, or its end is missing"],
    ["JSON of something else", JSON.stringify({ message: "API rate limit exceeded" }), "none of the known formats"],
    ["a wrong network among them", aws("203.0.113.0/99"), "none of the known formats"],
    ["a page", "<html>\n", "line 1 is no network"],
    ["a wrong line", "203.0.113.0/24\nexample.com\n", "line 2 is no network"],
    ["nothing", "# none\n", "holds no network"],
    ["every address", "203.0.113.0/24\n0.0.0.0/0\n", "0.0.0.0/0, which is every address there is"],
  ])("refuses %s", (_, text, sentence) => {
    expect(() => readRanges(text)).toThrow(sentence);
  });
});

describe("an inventory that names published ranges", () => {
  const inventory = (...allowed_networks: string[]) => ({
    keys: [{ name: "ci", provider: "aws_cloudtrail", id: "AKIAEXAMPLEKEYABCDE2", allowed_networks }],
  });
  const load = async (data: string, text: string) => {
    writeFileSync(join(data, "aws.json"), text);
    const { code } = await updateGeo(
      loadedFor(data),
      { ranges: [`aws=${join(data, "aws.json")}`] },
      quietOut(),
      Date.UTC(2026, 10, 20),
    );
    expect(code).toBe(0);
  };

  test.each([
    ["aws", ["2001:db8::/40", "203.0.113.0/25"]],
    ["aws:eu-central-1", ["203.0.113.0/25"]],
    ["aws:eu-central-1:EC2", ["203.0.113.0/25"]],
    ["aws:us-east-1:ec2", undefined],
    ["gcp", undefined],
  ])("%s", async (name, networks) => {
    const data = tempFolder();
    await load(data, aws());
    const filled = withPublishedSets(inventory(name), join(data, "geo")) as { network_sets: Record<string, string[]> };
    expect(filled.network_sets[name]).toEqual(networks);
  });

  test("a set of the inventory goes before a published one", async () => {
    const data = tempFolder();
    await load(data, aws());
    const own = { ...inventory("aws"), network_sets: { aws: ["198.51.100.0/24"] } };
    expect(withPublishedSets(own, join(data, "geo"))).toEqual(own);
  });

  test("is a fault of the config until they are loaded", async () => {
    const folder = tempFolder();
    const data = join(folder, "data");
    mkdirSync(data);
    writeFileSync(join(folder, "keys.json"), JSON.stringify(inventory("aws:eu-central-1")));
    writeFileSync(join(folder, "keywatch.yaml"), JSON.stringify({ store: { path: "data" }, inventory: "keys.json" }));
    expect(() => loadConfig(join(folder, "keywatch.yaml"))).toThrow(
      /no network set named "aws:eu-central-1".*update-geo/,
    );
    await load(data, aws());
    expect(loadConfig(join(folder, "keywatch.yaml")).config.inventory).toBe(join(folder, "keys.json"));
  });

  test("is judged by the ranges of its time, and a reload takes new ones", async () => {
    const data = tempFolder();
    await load(data, aws());
    const file = join(data, "keys.json");
    writeFileSync(file, JSON.stringify(inventory("aws:eu-central-1")));
    const text = { inventory: file };
    const app = await openTestApp(data, text);
    try {
      const versions = async () =>
        (await app.store.rows("SELECT document FROM inventory_versions FINAL ORDER BY effective_at")).map((row) => {
          const { network_sets } = JSON.parse(String(row.document)) as { network_sets: Record<string, string[]> };
          return new NetworkSet(network_sets["aws:eu-central-1"]!).has("198.51.100.7");
        });
      expect(await versions()).toEqual([false]);
      await load(data, aws("198.51.100.0/24"));
      const reload = createReload(app, () => loadedFor(data, text));
      expect((await reload()).applied).toEqual(["address data", "inventory"]);
      expect(await versions()).toEqual([false, true]);
      expect((await reload()).applied).toEqual([]);
    } finally {
      await app.close();
    }
  });
});
