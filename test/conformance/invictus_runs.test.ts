import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { keywatch } from "../support.ts";
import { sharedData } from "./shared_data.ts";

const data = sharedData("cloudtrail/invictus");
const labels = sharedData("cloudtrail/invictus.labels.json");

interface Line {
  kind: "finding" | "incident";
  severity: string;
  principal: string;
  event_uids: string[];
  event_count: number;
}

const LEVELS = ["informational", "low", "medium", "high", "critical"];

test.skipIf(data === null || labels === null)(
  "an attacked account: at low 16 of 28 runs in at most 101 events, at medium 12, at most 30 incidents, nothing of the benign",
  async () => {
    const { attacks, phase_by_event } = JSON.parse(readFileSync(labels!, "utf8")) as {
      attacks: { run: string; event_ids: string[] }[];
      phase_by_event: Record<string, string>;
    };
    const ran = await keywatch(["scan", data!, "--format", "ndjson"]);
    const all = ran.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const atLeast = (level: string): Line[] =>
      all.filter((l) => l.kind === "finding" && LEVELS.indexOf(l.severity) >= LEVELS.indexOf(level));
    const runs = (level: string): number => {
      const listed = new Set(atLeast(level).flatMap((f) => f.event_uids));
      return attacks.filter((a) => a.event_ids.some((id) => listed.has(id))).length;
    };
    const incidents = all.filter((l) => l.kind === "incident").length;
    const alerting = atLeast("low").reduce((n, f) => n + f.event_count, 0);
    process.stdout.write(
      `invictus: ${runs("low")} of ${attacks.length} runs at low, ${runs("medium")} at medium; ${alerting} events, ${incidents} incidents\n`,
    );
    expect([attacks.length, runs("low") >= 16, runs("medium") >= 12]).toEqual([28, true, true]);
    expect(alerting).toBeLessThanOrEqual(101);
    expect(incidents).toBeLessThanOrEqual(30);
    const benign = new Set(["benign-user", "aws-service"]);
    expect(
      atLeast("medium")
        .flatMap((f) => f.event_uids)
        .filter((id) => benign.has(phase_by_event[id] ?? "")),
    ).toEqual([]);
  },
  60_000,
);
