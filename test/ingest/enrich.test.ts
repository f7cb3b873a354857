import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { classify, formatIPv6 } from "../../ingest/enrich/address.ts";
import { loadAsn } from "../../ingest/enrich/asn.ts";
import { createEnricher, type Enrich } from "../../ingest/enrich/enrich.ts";
import { isHosting } from "../../ingest/enrich/hosting.ts";
import { userAgentFamily } from "../../ingest/enrich/user_agent.ts";
import { parseIPv6 } from "../../schemas/network.ts";

let folder = "";
let enrich: Enrich;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "keywatch-enrich-"));
  enrich = await createEnricher({
    cacheDirectory: folder,
    overrides: [
      {
        cidr: "203.0.113.0/24",
        country: "DE",
        city: "Berlin",
        lat: 52.5,
        lon: 13.4,
        asn: 64500,
        as_org: "Example Office",
      },
      { cidr: "203.0.113.128/25", country: "US", asn: 64501, as_org: "Example Rented", hosting: true },
      { cidr: "2001:db8:1::/48", country: "FR" },
    ],
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("classify", () => {
  test.each([
    ["198.51.100.7", "ip", "198.51.100.7", "198.51.100.0/24"],
    [" 198.51.100.7:443 ", "ip", "198.51.100.7", "198.51.100.0/24"],
    ["198.51.100.7/32", "ip", "198.51.100.7", "198.51.100.0/24"],
    ["198.51.100.7, 10.0.0.1", "ip", "198.51.100.7", "198.51.100.0/24"],
    ["203.0.113.9, 198.51.100.7, 10.0.0.1", "ip", "198.51.100.7", "198.51.100.0/24"],
    ["10.1.2.4, 10.1.2.3, -", "private", "10.1.2.3", "10.1.2.0/24"],
    ["-, unknown", "none", null, null],
    ["255.255.255.254", "invalid", "255.255.255.254", null],
    ["2001:DB8:0:0:1:0:0:1", "ip", "2001:db8::1:0:0:1", "2001:db8::/48"],
    ["[2001:db8::1]:443", "ip", "2001:db8::1", "2001:db8::/48"],
    ["[2001:db8::1]", "ip", "2001:db8::1", "2001:db8::/48"],
    ["::ffff:198.51.100.7", "ip", "198.51.100.7", "198.51.100.0/24"],
    ["64:ff9b::198.51.100.7", "ip", "198.51.100.7", "198.51.100.0/24"],
    ["10.1.2.3", "private", "10.1.2.3", "10.1.2.0/24"],
    ["172.31.255.1", "private", "172.31.255.1", "172.31.255.0/24"],
    ["172.32.0.1", "ip", "172.32.0.1", "172.32.0.0/24"],
    ["100.64.0.1", "private", "100.64.0.1", "100.64.0.0/24"],
    ["100.128.0.1", "ip", "100.128.0.1", "100.128.0.0/24"],
    ["127.0.0.1", "private", "127.0.0.1", "127.0.0.0/24"],
    ["169.254.169.254", "private", "169.254.169.254", "169.254.169.0/24"],
    ["::1", "private", "::1", "::/48"],
    ["fd00:1:2:3::4", "private", "fd00:1:2:3::4", "fd00:1:2::/48"],
    ["fe80::1%eth0", "private", "fe80::1", "fe80::/48"],
    ["0.0.0.0", "invalid", "0.0.0.0", null],
    ["::", "invalid", "::", null],
    ["224.0.0.1", "invalid", "224.0.0.1", null],
    ["240.0.0.1", "invalid", "240.0.0.1", null],
    ["ff02::1", "invalid", "ff02::1", null],
    ["253.252.51.07", "invalid", "253.252.51.07", null],
    ["1.2.3", "invalid", "1.2.3", null],
    ["300.1.1.1", "invalid", "300.1.1.1", null],
    ["not an address", "invalid", "not an address", null],
    ["AWS Internal", "internal", "AWS Internal", null],
    ["gce-internal-ip", "internal", "gce-internal-ip", null],
    ["private", "internal", "private", null],
    ["ip-10-0-0-1.eu-central-1.compute.internal", "internal", "ip-10-0-0-1.eu-central-1.compute.internal", null],
    ["cloudtrail.amazonaws.com", "service", "cloudtrail.amazonaws.com", null],
    ["CloudFormation.AmazonAWS.com", "service", "cloudformation.amazonaws.com", null],
    ["build-host-7", "service", "build-host-7", null],
    ["", "none", null, null],
    ["-", "none", null, null],
    ["unknown", "none", null, null],
    ["...", "none", null, null],
    [null, "none", null, null],
  ])("%s is %s", (source, src_kind, src_ip, src_net) => {
    expect(classify(source)).toEqual({ src_kind, src_ip, src_net });
  });

  test("writes every IPv6 address so that it reads back as itself, and twice the same", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 }), (groups) => {
        const text = formatIPv6(groups);
        expect(parseIPv6(text)).toEqual(groups);
        expect(text).toBe(new URL(`http://[${text}]`).hostname.slice(1, -1));
      }),
    );
  });

  test("takes any text, and keeps no long one", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        expect((classify(text).src_ip ?? "").length).toBeLessThanOrEqual(253);
      }),
    );
    expect(classify("x".repeat(1e6)).src_ip).toHaveLength(253);
  });
});

describe("createEnricher", () => {
  test("places public addresses: country, network, hosting", () => {
    expect(enrich("3.225.16.109")).toMatchObject({
      country: "US",
      asn: 14618,
      hosting: true,
      src_net: "3.225.16.0/24",
    });
    expect(enrich("2001:4860:4860::8888")).toMatchObject({ asn: 15169, hosting: true });
    expect(enrich("80.187.0.1")).toMatchObject({ country: "DE", asn: 3320, hosting: false });
  });

  test("guesses no place for private, internal, documentation and invalid sources", () => {
    for (const source of ["192.168.10.20", "AWS Internal", "198.51.100.7", "2001:db8::1", "253.252.51.07", null]) {
      expect(enrich(source)).toMatchObject({
        asn: null,
        as_org: null,
        country: null,
        city: null,
        lat: null,
        hosting: null,
      });
    }
  });

  test("gives overridden networks their place, the narrowest first", () => {
    expect(enrich("203.0.113.5")).toMatchObject({
      country: "DE",
      city: "Berlin",
      lat: 52.5,
      asn: 64500,
      hosting: false,
    });
    expect(enrich("203.0.113.200")).toMatchObject({
      country: "US",
      city: null,
      as_org: "Example Rented",
      hosting: true,
    });
    expect(enrich("2001:db8:1::9")).toMatchObject({ country: "FR", asn: null, hosting: null });
  });

  test("gives one frozen object for one text, also after many others", () => {
    const first = enrich("198.51.100.9");
    expect(Object.isFrozen(first)).toBe(true);
    for (let i = 0; i < 100_000; i++) enrich(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    expect(enrich("198.51.100.9")).toBe(first);
  });

  test("refuses an override that is no network", async () => {
    await expect(createEnricher({ cacheDirectory: folder, overrides: [{ cidr: "203.0.113.0/99" }] })).rejects.toThrow(
      "no CIDR",
    );
  });
});

describe("loadAsn", () => {
  const addresses = [
    "1.1.1.1",
    "8.8.8.8",
    "80.187.0.1",
    "2001:4860:4860::8888",
    "2a01:4f8::1",
    "0.0.0.1",
    "255.255.255.255",
    "::",
  ];

  test("answers alike from the CSV and from its cache, which loads in less than 150 ms", async () => {
    const fresh = mkdtempSync(join(folder, "asn-"));
    const parsed = await loadAsn(fresh);
    const started = performance.now();
    const cached = await loadAsn(fresh);
    expect(performance.now() - started).toBeLessThan(150);
    for (const address of addresses) expect(cached(address)).toEqual(parsed(address));
    expect(cached("1.1.1.1")).toEqual({ asn: 13335, as_org: "Cloudflare, Inc." });
    expect(cached("0.0.0.1")).toBeNull();
    expect(cached("no address")).toBeNull();
  });

  test("makes a damaged or cut cache anew and leaves no other file behind", async () => {
    const fresh = mkdtempSync(join(folder, "asn-"));
    const file = join(fresh, "asn.bin");
    await loadAsn(fresh);
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1]! ^= 1;
    for (const bytes of [flipped, whole.subarray(0, 1000), Buffer.alloc(0)]) {
      writeFileSync(file, bytes);
      expect((await loadAsn(fresh))("8.8.8.8")).toMatchObject({ asn: 15169 });
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
    expect(readdirSync(fresh)).toEqual(["asn.bin"]);
  });

  test("works where the cache cannot be written", async () => {
    const blocked = join(folder, "blocked");
    writeFileSync(blocked, "");
    expect((await loadAsn(join(blocked, "below")))("8.8.8.8")).toMatchObject({ asn: 15169 });
  });
});

test.each([
  [16509, "Amazon.com, Inc.", true],
  [64500, "Nice Hosting GmbH", true],
  [64500, "Cloudy Valley Telephone", false],
  [3320, "Deutsche Telekom AG", false],
  [64500, null, false],
  [null, null, null],
])("AS%s %s is hosting: %s", (asn, name, wanted) => {
  expect(isHosting(asn, name)).toBe(wanted);
});

describe("userAgentFamily", () => {
  test.each([
    ["aws-cli/2.15.0 Python/3.11.6 Linux/5.15 botocore/2.4.5", "aws-cli"],
    ["Boto3/1.26.0 Python/3.9 Botocore/1.29", "Boto3"],
    ["[Boto3/1.26.0 Python/3.9]", "Boto3"],
    ["aws-sdk-go/1.44.100 (go1.19; linux; amd64)", "aws-sdk-go"],
    ["aws-sdk-go-v2/1.3.2 os/linux lang/go#1.20", "aws-sdk-go-v2"],
    ["APN/1.0 HashiCorp/1.0 Terraform/1.5.0 (+https://www.terraform.io)", "Terraform"],
    ["curl/8.4.0", "curl"],
    ["python-requests/2.31.0", "python-requests"],
    ["console.amazonaws.com", "console.amazonaws.com"],
    ["AWS Internal", "AWS Internal"],
    ["aws-internal/3 aws-sdk-java/1.12", "AWS Internal"],
    ["cloudformation.amazonaws.com", "cloudformation.amazonaws.com"],
    [
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
      "browser:chrome",
    ],
    ["Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0", "browser:edge"],
    ["Mozilla/5.0 (Macintosh; rv:121.0) Gecko/20100101 Firefox/121.0", "browser:firefox"],
    ["kubectl/v1.28.2 (linux/amd64) kubernetes/89a4ea3", "kubectl"],
    ["Some Tool 1.2.3", "Some Tool"],
    ["", null],
    ["-", null],
    [null, null],
  ])("%s is %s", (text, family) => {
    expect(userAgentFamily(text)).toBe(family);
  });

  test("is short and quick for hostile text, and the same for every version", () => {
    const started = performance.now();
    for (const text of ["a".repeat(1e6), "(".repeat(1e6), " 1.".repeat(3e5), "a.".repeat(5e5), "[".repeat(1e6)])
      expect((userAgentFamily(text) ?? "").length).toBeLessThanOrEqual(64);
    expect(performance.now() - started).toBeLessThan(500);
    fc.assert(
      fc.property(fc.nat(99), fc.nat(99), (a, b) => {
        expect(userAgentFamily(`my-tool/${a}.${b}`)).toBe("my-tool");
      }),
    );
  });
});
