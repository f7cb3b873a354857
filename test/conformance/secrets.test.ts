import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { cloudTrail } from "../records.ts";
import { keywatch, tempFolder } from "../support.ts";
import { sharedData } from "./shared_data.ts";

const file = sharedData("redaction/secrets.json.gz");

interface Secrets {
  secrets: { value: string; vendor: string; shaped: boolean }[];
  harmless: string[];
}

const data = file === null ? null : (JSON.parse(gunzipSync(readFileSync(file)).toString()) as Secrets);

/** A record with something in its parameters. */
const record = (requestParameters: object, over: object = {}) =>
  cloudTrail({
    eventSource: "ssm.amazonaws.com",
    eventName: "PutParameter",
    readOnly: false,
    requestParameters,
    ...over,
  });

function* filesBelow(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else if (statSync(path).isFile()) yield path;
  }
}

describe.skipIf(data === null)("no raw secret anywhere", () => {
  test("store, dead letters, answers and messages hold none of them", async () => {
    const { secrets } = data!;
    const folder = tempFolder();
    const records = secrets.flatMap(({ value, shaped }) => [
      record({ headers: { Authorization: `Bearer ${value}` } }),
      record({ url: `https://api.example.com/v1/things?access_token=${encodeURIComponent(value)}&page=2` }),
      record({ client_secret: value }),
      record({ payload: JSON.stringify({ service: { password: value } }) }),
      ...(shaped
        ? [
            record(
              {},
              {
                errorCode: "InvalidParameter",
                errorMessage: `The token ${value} is not valid for this account`,
              },
            ),
          ]
        : []),
    ]);
    writeFileSync(join(folder, "records.json"), JSON.stringify({ Records: records }));
    // Broken records become dead letters, which are kept as text.
    writeFileSync(
      join(folder, "broken.ndjson"),
      secrets.map(({ value }) => `{"eventVersion":"1.09","password":${JSON.stringify(value)},"broken"`).join("\n"),
    );
    const store = join(tempFolder(), "store");
    const said = [
      await keywatch(["--data", store, "ingest", folder]),
      await keywatch([
        "--data",
        store,
        "sql",
        "select raw, secrets, resources, user_agent, error_code from events final",
        "--format",
        "json",
      ]),
      await keywatch(["--data", store, "sql", "select document from findings final", "--format", "tsv"]),
      await keywatch(["--data", store, "dead-letters", "list", "--json", "--limit", "1000"]),
      await keywatch(["--data", store, "incidents", "list", "--json"]),
      await keywatch(["scan", folder, "--format", "ndjson"]),
    ];
    expect(said.map((s) => s.code)).toEqual(said.map(() => 0));
    expect(
      JSON.parse(
        (await keywatch(["--data", store, "sql", "select count() as n from events final", "--format", "json"])).stdout,
      ).n,
    ).toBe(records.length);
    expect(said[3]!.stdout.trim().split("\n").length).toBe(secrets.length);
    const places: [string, string][] = said.map((s, i) => [`answer ${i}`, s.stdout + s.stderr]);
    // Parts are compressed by the engine; what the columns hold was read above. Files of ours are plain.
    for (const path of filesBelow(store)) places.push([path, readFileSync(path, "latin1")]);
    const leaks = secrets.flatMap(({ value, vendor }) =>
      places
        .filter(([, text]) => text.includes(value) || text.includes(JSON.stringify(value).slice(1, -1)))
        .map(([where]) => `${vendor} in ${where}`),
    );
    expect(leaks).toEqual([]);
  }, 120_000);

  test("at least 95 % of harmless strings survive in ordinary fields", async () => {
    const folder = tempFolder();
    const { harmless } = data!;
    writeFileSync(
      join(folder, "records.json"),
      JSON.stringify({ Records: harmless.map((value) => record({ description: value })) }),
    );
    const ran = await keywatch(["normalize", folder]);
    const raws = ran.stdout
      .trim()
      .split("\n")
      .map((l) => JSON.parse((JSON.parse(l) as { raw: string }).raw) as { requestParameters: { description: string } });
    const kept = raws.filter((r, i) => r.requestParameters.description === harmless[i]).length;
    expect(kept / harmless.length).toBeGreaterThanOrEqual(0.95);
  });
});
