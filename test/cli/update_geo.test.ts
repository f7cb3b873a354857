import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type UpdateGeoOptions, updateGeo } from "../../cli/commands/update_geo.ts";
import { databaseLines } from "../../cli/doctor/databases.ts";
import { createEnricher } from "../../ingest/enrich/enrich.ts";
import type { ConfigText } from "../../schemas/config.ts";
import { DAY_MS } from "../../schemas/duration.ts";
import { mmdbFile } from "../ingest/mmdb_file.ts";
import { loadedFor, quietOut, tempFolder } from "../support.ts";

const now = Date.UTC(2026, 10, 20);
const cityFile = (country: string, madeAt = now - 3 * DAY_MS) =>
  mmdbFile({ type: "Example-City", madeAt, networks: { "8.8.8.0/24": { country: { iso_code: country } } } });
const ownerFile = mmdbFile({
  type: "Example-ASN",
  madeAt: now - 5 * DAY_MS,
  networks: { "8.8.8.0/24": { autonomous_system_number: 64500, autonomous_system_organization: "Example" } },
});

/** What the loopback server answers, by path. */
const answers: Record<string, RequestListener> = {
  "/city.mmdb": (_, res) => res.setHeader("last-modified", new Date(now).toUTCString()).end(cityFile("IS")),
  "/city.mmdb.gz": (_, res) => res.end(gzipSync(cityFile("IS"))),
  "/moved": (_, res) => res.writeHead(302, { location: "/city.mmdb" }).end(),
  "/open-line": (_, res) => res.writeHead(301, { location: "http://198.51.100.7/city.mmdb?key=s3cret" }).end(),
  "/round": (_, res) => res.writeHead(302, { location: "/round" }).end(),
  "/gone": (_, res) => res.writeHead(404).end("nothing here"),
  "/refused": (_, res) => res.writeHead(401).end(),
  "/cut": (_, res) => void res.writeHead(200, { "content-length": 9_999 }).end(cityFile("IS").subarray(0, 90)),
  "/never": () => undefined,
  "/endless": (_, res) =>
    void setImmediate(function more() {
      if (!res.destroyed) res.write(Buffer.alloc(65_536), () => setImmediate(more));
    }),
  "/page": (_, res) => res.end("<html>Please log in</html>"),
  "/empty": (_, res) => res.end(),
  "/owners": (_, res) => res.end(ownerFile),
};
let server: Server;
let base = "";
let closed = "";
beforeAll(async () => {
  server = createServer((req, res) => answers[new URL(req.url!, "http://x").pathname]!(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  closed = `http://127.0.0.1:${(other.address() as AddressInfo).port}/x`;
  await new Promise((resolve) => other.close(resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function update(data: string, options: UpdateGeoOptions, text: ConfigText = {}) {
  const out = quietOut();
  const { code } = await updateGeo(loadedFor(data, text), options, out, now);
  return { code, lines: out.lines, notes: out.notes };
}
const countryOf = async (data: string) => (await createEnricher({ dataFolder: join(data, "geo") }))("8.8.8.8").country;
const file = (folder: string, name: string, bytes: Buffer | string) => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

describe("update-geo takes", () => {
  test.each([
    ["a file", (data: string) => file(data, "c.mmdb", cityFile("IS"))],
    ["a file in gzip", (data: string) => file(data, "c.mmdb.gz", gzipSync(cityFile("IS")))],
    ["an address", () => `${base}/city.mmdb`],
    ["an address with a file in gzip", () => `${base}/city.mmdb.gz`],
    ["an address that has moved", () => `${base}/moved`],
  ])("%s, and the next look-up reads it", async (_, origin) => {
    const data = tempFolder();
    const { code, lines, notes } = await update(data, { city: origin(data) });
    expect([code, notes]).toEqual([0, []]);
    expect(lines).toEqual([
      expect.stringMatching(/^city: Example-City of 2026-11-17 \(3 d old\), [\d,]+ bytes, from /),
    ]);
    expect(await countryOf(data)).toBe("IS");
  });

  test("what the config names, and leaves no file of the data before", async () => {
    const data = tempFolder();
    const config = { geo: { city: `${base}/city.mmdb?license_key=s3cret`, asn: `${base}/owners` } };
    for (let i = 0; i < 3; i++) expect((await update(data, {}, config)).code).toBe(0);
    expect(readdirSync(join(data, "geo"))).toHaveLength(3);
    const enrich = await createEnricher({ dataFolder: join(data, "geo") });
    expect(enrich("8.8.8.8")).toMatchObject({ country: "IS", asn: 64500, as_org: "Example" });
    // A licence key stands in the address, and nowhere else.
    expect(readFileSync(join(data, "geo/index.json"), "utf8")).not.toContain("s3cret");
  });
});

describe("update-geo leaves the old data in force, says why and exits 1:", () => {
  const whole = cityFile("DE");
  test.each<[string, RegExp, (data: string) => string, object?]>([
    ["a file that is not there", /there is no file .*nowhere\.mmdb/, (data) => join(data, "nowhere.mmdb")],
    ["a file that is cut off", /missing/, (data) => file(data, "c", whole.subarray(0, whole.length - 9))],
    ["a file of another format", /no file of the MaxMind DB format/, (data) => file(data, "c", "country,IS\n")],
    ["an empty file", /is empty/, (data) => file(data, "c", "")],
    [
      "a file that knows no countries",
      /Example-ASN, which does not tell countries/,
      (data) => file(data, "c", ownerFile),
    ],
    [
      "gzip that is cut off",
      /gzip file that is damaged or cut off/,
      (data) => file(data, "c", gzipSync(whole).subarray(0, 60)),
    ],
    ["an archive", /is an archive; unpack it/, (data) => file(data, "c.zip", `PK\u0003\u0004${"x".repeat(600)}`)],
    [
      "a file that is too big",
      /more than 100 bytes \(geo\.max_size\)/,
      (data) => file(data, "c", whole),
      { max_size: 100 },
    ],
    [
      "gzip that grows too big",
      /more than 400 bytes/,
      (data) => file(data, "c", gzipSync(Buffer.alloc(9_999))),
      { max_size: 400 },
    ],
    ["an answer without end", /more than 100,000 bytes/, () => `${base}/endless`, { max_size: 100_000 }],
    ["an answer that never comes", /took longer than 1 s \(geo\.timeout\)/, () => `${base}/never`, { timeout: "1s" }],
    ["404", /127\.0\.0\.1:\d+\/gone answered 404 Not Found/, () => `${base}/gone`],
    ["401", /answered 401/, () => `${base}/refused?license_key=s3cret`],
    ["an answer that breaks off", /cannot be fetched/, () => `${base}/cut`],
    ["a page in place of the file", /no file of the MaxMind DB format/, () => `${base}/page`],
    ["an empty answer", /is empty/, () => `${base}/empty`],
    [
      "a redirect to an open line",
      /open-line sends on to http:\/\/198\.51\.100\.7\/city\.mmdb, which is no https/,
      () => `${base}/open-line`,
    ],
    ["a redirect in a circle", /sends on more than 5 times/, () => `${base}/round`],
    ["a port where nobody listens", /cannot be fetched: ECONNREFUSED/, () => closed],
    ["a line that is not encrypted right", /cannot be fetched: /, () => `${base.replace("http:", "https:")}/city.mmdb`],
  ])("%s", async (_, sentence, origin, bounds) => {
    const data = tempFolder();
    expect((await update(data, { city: file(data, "good.mmdb", cityFile("IS")) })).code).toBe(0);
    const before = readdirSync(join(data, "geo"));
    const { code, lines, notes } = await update(data, { city: origin(data) }, { geo: { ...bounds } });
    expect([code, lines]).toEqual([1, []]);
    expect(notes).toEqual([expect.stringMatching(sentence)]);
    expect(notes[0]).toMatch(/\. What was in force before stays in force\.$/);
    expect(notes[0]).not.toContain("s3cret");
    expect(readdirSync(join(data, "geo"))).toEqual(before);
    expect(await countryOf(data)).toBe("IS");
  });

  test("the other sets of the same run are taken", async () => {
    const data = tempFolder();
    const { code, lines, notes } = await update(data, { city: `${base}/gone`, asn: `${base}/owners` });
    expect([code, lines.length, notes.length]).toEqual([1, 1, 1]);
  });

  test("a folder that cannot be written", async () => {
    const data = file(tempFolder(), "data", "a file, not a folder");
    const { code, notes } = await update(data, { city: `${base}/city.mmdb` });
    expect([code, notes]).toEqual([1, [expect.stringContaining("ENOTDIR")]]);
  });
});

test("without an origin, or with one that is not encrypted, it is wrong usage", async () => {
  const data = tempFolder();
  await expect(update(data, {})).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining("`geo` in the config"),
  });
  await expect(update(data, { city: "http://198.51.100.7/c.mmdb?key=s3cret" })).rejects.toMatchObject({
    exitCode: 2,
    message: "http://198.51.100.7/c.mmdb is no https address.",
  });
  await expect(update(data, { ranges: ["aws"] })).rejects.toMatchObject({ exitCode: 2 });
  expect(existsSync(join(data, "geo"))).toBe(false);
});

describe("doctor", () => {
  const lines = (data: string, text: ConfigText = {}, at = now) => databaseLines(at, loadedFor(data, text).config);

  test("names what ships, and what was loaded with its origin and age", async () => {
    const data = tempFolder();
    expect(lines(data).map(({ check, says }) => [check, says])).toEqual([
      ["country database", expect.stringMatching(/^geoip-lite \d\S+, .* old, as it ships$/)],
      ["network owner database", expect.stringMatching(/^@ip-location-db\/asn \d\S+, .* old, as it ships$/)],
    ]);
    await update(data, { city: `${base}/city.mmdb?license_key=s3cret` });
    expect(lines(data).find((l) => l.check === "country database")).toEqual({
      state: "ok",
      check: "country database",
      says: `Example-City 2026-11-17, 3 d old, from ${base}/city.mmdb`,
      mend: null,
    });
  });

  test("warns of data older than geo.max_age", async () => {
    const data = tempFolder();
    await update(data, { city: file(data, "old.mmdb", cityFile("IS", now - 181 * DAY_MS)) });
    const line = (text: ConfigText = {}) => lines(data, text).find((l) => l.check === "country database");
    expect(line()).toMatchObject({ state: "warn", mend: expect.stringContaining("update-geo") });
    expect(line({ geo: { max_age: "200d" } })).toMatchObject({ state: "ok" });
  });

  test("fails on loaded data that were damaged since", async () => {
    const data = tempFolder();
    await update(data, { city: `${base}/city.mmdb` });
    const [name] = readdirSync(join(data, "geo")).filter((n) => n.startsWith("city"));
    writeFileSync(join(data, "geo", name!), "x");
    expect(lines(data).find((l) => l.check === "country database")).toMatchObject({
      state: "fail",
      says: expect.stringContaining("damaged after it was loaded"),
    });
  });
});
