import { describe, expect, test } from "vitest";
import { createExposition, family } from "../../dashboard/metrics.ts";
import type { BatchFacts, Readings } from "../../schemas/metrics.ts";

const batch = (over: Partial<BatchFacts> = {}): BatchFacts => ({
  source: "http",
  provider: "aws_cloudtrail",
  stored: 3,
  duplicates: 1,
  dropped: new Map([["heartbeat", 2]]),
  deadLetters: ["broken JSON"],
  bytes: 1000,
  seconds: 0.02,
  ...over,
});

const readings: Readings = {
  incidents: [{ status: "open", severity: "high", count: 2 }],
  deadLetters: 4,
  judging: { aboveCheckpoint: 10, deferred: 5, profiles: 6 },
  outbox: { size: 1, oldestSeconds: 7 },
  providerLag: [{ provider: "aws_cloudtrail", seconds: 9 }],
  databases: [{ database: "geoip-lite", seconds: 100 }],
};

/** Lines of our own metrics that have a value. */
const valuesOf = (text: string, name: RegExp): string[] =>
  text.split("\n").filter((line) => line.startsWith("keywatch_") && name.test(line.split(/[{ ]/)[0]!));

describe("metrics", () => {
  test("count batches, outcomes by reason, findings, deliveries and store calls", async () => {
    const metrics = createExposition();
    metrics.batch(batch());
    metrics.judged({ events: 3, seconds: 0.1 });
    const finding = { uid: "f1", detection: "new_source", severity: "high" } as const;
    metrics.findings([finding]);
    metrics.findings([finding]);
    metrics.delivery({ channel: "slack", outcome: "failed", reason: "auth", seconds: 0.2 });
    metrics.storeCall({ call: "insert", ok: false, seconds: 0.3 });
    metrics.lags([{ source: "kafka", partition: "0", records: 12 }]);
    metrics.read(async () => readings);
    const text = await metrics.text();
    for (const line of [
      'keywatch_events_total{source="http",provider="aws_cloudtrail"} 3',
      'keywatch_bytes_total{source="http",provider="aws_cloudtrail"} 1000',
      'keywatch_records_total{outcome="stored",reason=""} 3',
      'keywatch_records_total{outcome="drop",reason="duplicate"} 1',
      'keywatch_records_total{outcome="drop",reason="heartbeat"} 2',
      'keywatch_records_total{outcome="dead_letter",reason="broken JSON"} 1',
      'keywatch_batch_seconds_count{source="http"} 1',
      "keywatch_judged_events_total 3",
      // The same finding that grew is one.
      'keywatch_findings_total{detection="new_source",severity="high"} 1',
      'keywatch_deliveries_total{channel="slack",outcome="failed",reason="auth"} 1',
      'keywatch_store_failures_total{call="insert"} 1',
      'keywatch_source_lag_records{source="kafka",partition="0"} 12',
      'keywatch_incidents{status="open",severity="high"} 2',
      "keywatch_dead_letters_open 4",
      "keywatch_events_above_checkpoint 10",
      "keywatch_deferred_events 5",
      "keywatch_profiles 6",
      "keywatch_outbox_oldest_seconds 7",
      'keywatch_provider_lag_seconds{provider="aws_cloudtrail"} 9',
      'keywatch_address_database_age_seconds{database="geoip-lite"} 100',
      "keywatch_readings_up 1",
      "process_resident_memory_bytes",
    ])
      expect(text).toContain(line);
  });

  test("a store that does not answer takes the values away instead of showing old ones", async () => {
    const metrics = createExposition();
    metrics.read(async () => readings);
    await metrics.text();
    metrics.read(async () => {
      throw new Error("down");
    });
    const text = await metrics.text();
    expect(text).toContain("keywatch_readings_up 0");
    expect(valuesOf(text, /incidents|dead_letters|events_above|deferred|profiles|outbox|provider_lag/)).toEqual([]);
  });

  test("what another process knows is left out, and is no zero", async () => {
    const metrics = createExposition();
    metrics.read(async () => ({ ...readings, judging: null, outbox: null }));
    const apart = await metrics.text();
    expect(valuesOf(apart, /events_above|deferred|profiles|outbox/)).toEqual([]);
    expect(apart).toContain("keywatch_dead_letters_open 4");
    metrics.read(async () => readings);
    expect(valuesOf(await metrics.text(), /profiles|outbox/)).toHaveLength(3);
    metrics.read(async () => ({ ...readings, judging: null, outbox: null }));
    expect(valuesOf(await metrics.text(), /profiles|outbox/)).toEqual([]);
  });

  test("nothing that stands now is shown before anybody gives it", async () => {
    const text = await createExposition().text();
    expect(valuesOf(text, /dead_letters|events_above|deferred|profiles|outbox|readings_up/)).toEqual([]);
  });

  test("lag is that of the partitions which this process has now, each under its own number", async () => {
    const metrics = createExposition();
    const lagsOf = async () => valuesOf(await metrics.text(), /source_lag/);
    metrics.lags(Array.from({ length: 60 }, (_, i) => ({ source: "t", partition: String(i), records: i })));
    const all = await lagsOf();
    expect([all.length, all.at(-1)]).toEqual([60, 'keywatch_source_lag_records{source="t",partition="59"} 59']);
    metrics.lags([{ source: "t", partition: "7", records: 1 }]);
    expect(await lagsOf()).toEqual(['keywatch_source_lag_records{source="t",partition="7"} 1']);
    metrics.lags([]);
    expect(await lagsOf()).toEqual([]);
  });

  test("labels stay few, whatever records hold", async () => {
    const metrics = createExposition();
    for (let i = 0; i < 500; i++) {
      const letters = "abcdefghijklmnopqrstuvwxyz";
      const word = `${letters[i % 26]}${letters[Math.floor(i / 26) % 26]}`;
      metrics.batch(
        batch({ provider: `p${i}`, dropped: new Map([[`reason ${word}`, 1]]), deadLetters: [`cause ${word}`] }),
      );
    }
    const text = await metrics.text();
    expect(text.split("\n").length).toBeLessThan(600);
    expect(text).toContain('reason="other"');
  });

  test.each([
    ["event time 1234 is not between 2000 and 2100", "event time"],
    ["aws_cloudtrail could not read it: near hunter2", "aws_cloudtrail could not read it"],
    ["203.0.113.9 is odd", "other"],
  ])("the reason %j is counted as %j: numbers and texts of records are no labels", (reason, label) => {
    expect(family(reason)).toBe(label);
  });
});
