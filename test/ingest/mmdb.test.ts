import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createEnricher } from "../../ingest/enrich/enrich.ts";
import { geoOf, networkOf, openMmdb } from "../../ingest/enrich/mmdb.ts";
import { tryMmdb } from "../../ingest/enrich/mmdb_trial.ts";
import { tempFolder } from "../support.ts";
import { type MmdbFile, mmdbFile } from "./mmdb_file.ts";

const madeAt = Date.UTC(2026, 9, 1);
const nested = {
  country: { iso_code: "IS" },
  city: { names: { de: "Reykjavik", en: "Reykjavík" } },
  subdivisions: [{ iso_code: "1" }],
  location: { latitude: 64.14, longitude: -21.9 },
};
const reykjavik = { country: "IS", region_geo: "1", city: "Reykjavík", lat: 64.14, lon: -21.9 };
const cities = (networks: MmdbFile["networks"], more: Partial<MmdbFile> = {}) =>
  mmdbFile({ type: "Example-City", madeAt, networks, ...more });
const owners = (networks: MmdbFile["networks"]) => mmdbFile({ type: "Example-ASN", madeAt, networks });

describe("a file of the MaxMind DB format", () => {
  test.each([
    ["nested", nested, reykjavik],
    [
      "flat",
      { country_code: "IS", city: "Reykjavík", latitude: "64.14", longitude: "-21.9" },
      { ...reykjavik, region_geo: null },
    ],
    [
      "a country only",
      { country: { iso_code: "IS" } },
      { country: "IS", region_geo: null, city: null, lat: null, lon: null },
    ],
    ["a code as text", { country: "IS" }, { country: "IS", region_geo: null, city: null, lat: null, lon: null }],
    ["a name as text", { country: "Iceland" }, { country: null, region_geo: null, city: null, lat: null, lon: null }],
  ])("gives a place: %s", (_, record, place) => {
    const mmdb = openMmdb(cities({ "8.8.8.0/24": record, "2a00:1450::/32": record }));
    expect(geoOf(mmdb.look("8.8.8.8"))).toEqual(place);
    expect(geoOf(mmdb.look("2a00:1450::1"))).toEqual(place);
    expect(geoOf(mmdb.look("8.8.9.8")).country).toBeNull();
    expect([mmdb.type, mmdb.madeAt]).toEqual(["Example-City", madeAt]);
  });

  test.each([
    ["MaxMind's names", { autonomous_system_number: 64500, autonomous_system_organization: "Example" }],
    ["flat", { asn: "AS64500", as_name: "Example" }],
  ])("gives a network owner: %s", (_, record) => {
    expect(networkOf(openMmdb(owners({ "8.8.8.0/24": record })).look("8.8.8.8"))).toEqual({
      asn: 64500,
      as_org: "Example",
    });
  });

  test("of IPv4 alone knows nothing of IPv6", () => {
    const mmdb = openMmdb(cities({ "0.0.0.0/1": nested }, { ipVersion: 4 }));
    expect(geoOf(mmdb.look("8.8.8.8"))).toEqual(reykjavik);
    expect(mmdb.look("2a00:1450::1")).toBeNull();
    expect(() => tryMmdb(mmdb, "city")).not.toThrow();
  });

  test("passes the trial with one small network, wherever it lies", () => {
    for (const network of ["8.8.8.8/32", "2a00:1450:4001::/64"])
      expect(() => tryMmdb(openMmdb(cities({ [network]: nested })), "city")).not.toThrow();
  });

  test("fails the trial as another kind", () => {
    expect(() => tryMmdb(openMmdb(cities({ "8.8.8.0/24": nested })), "asn")).toThrow(
      "the file is a Example-City, which does not tell network owners",
    );
  });

  test("cut off anywhere is refused", () => {
    const whole = cities({ "8.8.8.0/24": nested, "9.9.9.0/24": { country: { iso_code: "DE" } } });
    for (let length = 1; length < whole.length; length++)
      expect(() => tryMmdb(openMmdb(whole.subarray(0, length)), "city")).toThrow();
  });

  test("whose middle is missing is refused", () => {
    const whole = cities({ "8.8.8.0/24": nested });
    const end = whole.indexOf("MaxMind.com") - 3;
    expect(() => openMmdb(Buffer.concat([whole.subarray(0, 30), whole.subarray(end)]))).toThrow("missing");
  });
});

describe("the enrichment", () => {
  const put = (kind: "city" | "asn", bytes: Buffer, crc = crc32(bytes)) => {
    const folder = tempFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "file"), bytes);
    const at = new Date(madeAt).toISOString();
    const set = { kind, name: kind, file: "file", type: "x", from: "x", made_at: at, fetched_at: at, bytes: 1, crc };
    writeFileSync(join(folder, "index.json"), JSON.stringify([set]));
    return folder;
  };

  test("takes places from the loaded file, network owners from what ships", async () => {
    const enrich = await createEnricher({
      dataFolder: put("city", cities({ "0.0.0.0/1": nested, "192.0.0.0/3": nested })),
    });
    expect(enrich("8.8.8.8")).toMatchObject({ ...reykjavik, asn: 15169 });
    // Documentation ranges and private addresses have no place, whatever a file says.
    for (const address of ["203.0.113.7", "10.1.2.3", "198.51.100.7"])
      expect(enrich(address)).toMatchObject({ country: null, city: null });
  });

  test("takes network owners from the loaded file, and tells hosting by them", async () => {
    const rented = { autonomous_system_number: 24940, autonomous_system_organization: "Hetzner Online GmbH" };
    const enrich = await createEnricher({ dataFolder: put("asn", owners({ "8.8.8.0/24": rented })) });
    expect(enrich("8.8.8.8")).toMatchObject({ asn: 24940, hosting: true, country: "US" });
    expect(enrich("9.9.9.9")).toMatchObject({ asn: null, hosting: null });
  });

  test("falls back on what ships, and says so, when the loaded file was damaged", async () => {
    const whole = cities({ "8.8.8.0/24": nested });
    const faults: string[] = [];
    const folder = put("city", whole.subarray(0, 100), crc32(whole));
    const enrich = await createEnricher({ dataFolder: folder, onFault: (sentence) => faults.push(sentence) });
    expect(enrich("8.8.8.8").country).toBe("US");
    expect(faults).toEqual([expect.stringMatching(/^The city data cannot be used .* damaged after it was loaded\.$/)]);
    expect(readFileSync(join(folder, "file"))).toHaveLength(100);
  });
});
