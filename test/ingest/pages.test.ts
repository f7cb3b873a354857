import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { ingestParts } from "../../cli/parts.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import type { JsonObject } from "../../ingest/provider.ts";
import { readFileRecords } from "../../ingest/sources/file.ts";
import { config } from "../../schemas/config.ts";
import { cloudTrail } from "../records.ts";

const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });

async function read(value: unknown, provider = "auto") {
  const into = emptyYield();
  const normalizer = createNormalizer(parts, { provider, position: "test", now: () => Date.UTC(2026, 2, 3) });
  const text = typeof value === "string" ? value : JSON.stringify(value);
  for await (const batch of readFileRecords(Readable.from([Buffer.from(text)])))
    for (let i = 0; i < batch.count; i++)
      normalizer.read(batch.data.subarray(batch.starts[i], batch.ends[i]), batch.broken[i] ?? null, into);
  return into;
}

/** Our golden records of a provider that become events. */
function golden(id: string): JsonObject[] {
  const folder = join(import.meta.dirname, "../golden", id);
  return readdirSync(folder)
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as { record: JsonObject; outcome: string })
    .filter(({ outcome }) => outcome === "ok")
    .map(({ record }) => record);
}

const shapes: [string, (records: JsonObject[]) => object][] = [
  ["openai_audit", (data) => ({ object: "list", data, first_id: "a", last_id: "b", has_more: false })],
  ["stripe", (data) => ({ object: "list", url: "/v1/events", has_more: true, data })],
  ["anthropic_activity", (data) => ({ data, has_more: false, first_id: null, last_id: null })],
  ["slack_audit", (entries) => ({ entries, response_metadata: { next_cursor: "" } })],
  ["twilio_monitor", (events) => ({ meta: { page: 0, page_size: 50, key: "events", next_page_url: null }, events })],
  [
    "cloudflare_audit",
    (result) => ({ success: true, errors: [], messages: [], result, result_info: { page: 1, count: 1 } }),
  ],
  ["google_workspace", (items) => ({ kind: "admin#reports#activities", etag: "e", items, nextPageToken: "n" })],
  ["azure_activity", (value) => ({ value, nextLink: "https://example.com/next" })],
  ["gcp_audit", (entries) => ({ entries, nextPageToken: "n" })],
];

test.each(shapes)("a saved answer of %s is read record by record, as auto and by its name", async (id, page) => {
  const records = golden(id);
  const lines = records.map((record) => JSON.stringify(record)).join("\n");
  for (const provider of ["auto", id]) {
    const wanted = await read(lines, provider);
    expect(wanted.events.length).toBeGreaterThan(0);
    for (const text of [JSON.stringify(page(records)), JSON.stringify(page(records), null, 2)]) {
      const got = await read(text, provider);
      expect(got.letters).toEqual([]);
      expect(got.events.map(({ raw: _, event_uid: __, ...event }) => event)).toEqual(
        wanted.events.map(({ raw: _, event_uid: __, ...event }) => event),
      );
      expect(got.records).toBe(records.length);
    }
  }
});

test("records with lists under the names of pages stay one record each", async () => {
  for (const record of golden("google_workspace")) {
    const turned = Object.fromEntries(Object.entries(record).reverse());
    for (const value of [record, turned]) {
      const { records, letters } = await read(value);
      expect({ records, letters }).toEqual({ records: 1, letters: [] });
    }
  }
});

test("an event of lookup-events is the one of the trail's file, with its id", async () => {
  const events = [cloudTrail({ eventTime: "2026-03-02T10:00:00Z" }), cloudTrail({ eventTime: "2026-03-02T10:00:01Z" })];
  const wanted = await read({ Records: events });
  const answer = {
    Events: events.map((event) => ({
      EventId: event.eventID,
      EventName: event.eventName,
      ReadOnly: "true",
      AccessKeyId: "AKIAIOSFODNN7EXAMPLE",
      EventTime: "2026-03-02T11:00:00+01:00",
      EventSource: event.eventSource,
      Username: "app",
      Resources: [],
      CloudTrailEvent: JSON.stringify(event),
    })),
    NextToken: "n",
  };
  for (const provider of ["auto", "aws_cloudtrail"]) {
    const got = await read(JSON.stringify(answer, null, 4), provider);
    expect(got.letters).toEqual([]);
    expect(got.events).toEqual(wanted.events);
    expect((await read(answer.Events[0], provider)).events).toEqual([wanted.events[0]]);
  }
});
