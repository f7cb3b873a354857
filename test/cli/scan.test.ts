import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ScanOptions, scan } from "../../cli/commands/scan.ts";
import { cloudTrail } from "../records.ts";
import { keywatch, loadedFor, quietOut, tempFolder } from "../support.ts";

async function scanned(files: Record<string, string>, change: Partial<ScanOptions> = {}) {
  const folder = tempFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const out = quietOut();
  const usual = { inventory: null, format: "table", minSeverity: "informational", failOn: null } as const;
  const code = await scan(
    loadedFor(join(folder, ".data")),
    { paths: [folder], provider: "auto", ...usual, ...change },
    out,
    Date.now,
  );
  return { code, said: [...out.lines, ...out.notes].join("\n"), lines: out.lines };
}
const call = JSON.stringify(cloudTrail());

test("a folder's files of other names are counted, with what is read", async () => {
  const { code, said } = await scanned({ "a.json": call, "b.csv": "a,b", "c.xml": "<a/>" });
  expect(code).toBe(0);
  expect(said).toContain(
    "2 files of other names were passed over; of folders .json, .jsonl, .ndjson, .log and .txt are read, each also .gz. A file that is named is read whatever its name.",
  );
  expect((await scanned({ "a.json": call })).said).not.toContain("passed over");
});

test("a folder with other names only says so, and ingest tells the same", async () => {
  await expect(scanned({ "b.csv": "a,b" })).rejects.toThrow(
    /Nothing to read in .* \(1 file of another name\)\. Give files/,
  );
  const folder = tempFolder();
  mkdirSync(join(folder, "logs"));
  writeFileSync(join(folder, "logs", "a.json"), call);
  writeFileSync(join(folder, "logs", "b.csv"), "a,b");
  const ran = await keywatch(["--data", join(folder, "data"), "ingest", join(folder, "logs")]);
  expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining("1 file of another name was passed over")]);
});

test.each(["table", "ndjson", "ocsf"] as const)(
  "an input of which nothing could be read is a failure with the reasons by count (%s)",
  async (format) => {
    const { code, said, lines } = await scanned(
      { "a.ndjson": '{"some":"thing"}\n{"other":1}\nnot json\n' },
      { format },
    );
    expect([code, said]).toEqual([1, expect.stringContaining("Nothing could be read")]);
    expect(said).toMatch(/2 records could not be read: no provider knows this shape/);
    expect(said).toMatch(/1 records could not be read: not JSON/);
    expect(said).not.toContain("Nothing was odd");
    if (format !== "table") expect(lines).toEqual([]);
  },
);

test("a quiet log is no failure, and one readable call is enough", async () => {
  const quiet = await scanned({ "a.json": '{"Records":[]}' });
  expect([quiet.code, quiet.said]).toEqual([0, expect.stringContaining("There was no call to judge.")]);
  const one = await scanned({ "a.ndjson": `${call}\nnot json\n` });
  expect([one.code, one.said]).toEqual([0, expect.stringContaining("Nothing was odd")]);
});
