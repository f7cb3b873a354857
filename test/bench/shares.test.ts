import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { packageRoot } from "../../schemas/package_root.ts";
import { IDLE, PARSE, REST, shareSteps } from "./shares.ts";

const frame = (functionName: string, file = "") => ({
  functionName,
  scriptId: "0",
  url: file.startsWith("node:") || file === "" ? file : `${pathToFileURL(packageRoot).href}/${file}`,
  lineNumber: 0,
  columnNumber: 0,
});

test("time belongs to the step of the file, or to that of its caller; a line that parses is a step of its own", () => {
  const source = readFileSync(join(packageRoot, "ingest/normalizer.ts"), "utf8").split("\n");
  const parsing = 1 + source.findIndex((line) => line.includes("JSON.parse("));
  const nodes = [
    { id: 1, callFrame: frame("(root)"), children: [2, 3, 4, 8] },
    {
      id: 2,
      callFrame: frame("read", "ingest/normalizer.ts"),
      children: [5, 6, 7],
      positionTicks: [
        { line: 1, ticks: 1 },
        { line: parsing, ticks: 3 },
      ],
    },
    { id: 3, callFrame: frame("(idle)") },
    { id: 4, callFrame: frame("(program)") },
    { id: 5, callFrame: frame("slice") },
    { id: 6, callFrame: frame("inspect", "ingest/redact/inspect.ts"), children: [9] },
    { id: 7, callFrame: frame("isCidr", "schemas/network.ts") },
    { id: 8, callFrame: frame("event", "detect/judge.ts") },
    { id: 9, callFrame: frame("update", "node:internal/crypto/hash") },
  ];
  const samples = [2, 3, 4, 5, 6, 7, 8, 9];
  const timeDeltas = [4e6, 2e6, 3e6, 4e6, 5e6, 6e6, 7e6, 8e6];
  expect(shareSteps({ nodes, samples, timeDeltas, startTime: 0, endTime: 36e6 })).toEqual([
    ["redact", 13],
    ["providers: recognise and map", 11],
    ["detect", 7],
    [PARSE, 3],
    [REST, 3],
    [IDLE, 2],
  ]);
});
