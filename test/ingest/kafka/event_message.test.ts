import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ingestParts } from "../../../cli/parts.ts";
import {
  decodeEvents,
  encodeEvents,
  FULL_BYTES,
  lastSeqOf,
  MAX_ROWS,
  nextOffset,
  seqOf,
} from "../../../ingest/kafka/event_message.ts";
import { murmur2, partitionOf } from "../../../ingest/kafka/partition.ts";
import { batchesOf } from "../../../ingest/kafka/produce.ts";
import { emptyYield } from "../../../ingest/normalizer.ts";
import { readMessage } from "../../../ingest/sources/kafka.ts";
import { config } from "../../../schemas/config.ts";
import { normalized } from "../../normalized.ts";
import { cloudTrail } from "../../records.ts";

const parts = await ingestParts(config.parse({}), { pepper: Buffer.alloc(32, 1) });
const [event] = await normalized([cloudTrail()]);

describe("messages of keywatch.events", () => {
  test("every field comes back as it went in, with the number of its place", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ operation: fc.string({ unit: "binary" }), raw: fc.string({ unit: "grapheme" }), time: fc.nat() }),
          {
            minLength: 1,
            maxLength: 20,
          },
        ),
        fc.nat(1e9),
        (list, offset) => {
          const events = list.map((over) => ({ ...event!, ...over, operation: over.operation.toWellFormed() }));
          const [message] = encodeEvents(events);
          expect(decodeEvents(message!, offset)).toEqual(events.map((e, i) => ({ ...e, seq: seqOf(offset, i) })));
        },
      ),
      { numRuns: 200 },
    );
  });

  test("numbers rise over offsets, and a checkpoint names the next offset", () => {
    expect(seqOf(0, 0)).toBeGreaterThan(0);
    expect(seqOf(1, 0)).toBeGreaterThan(seqOf(0, MAX_ROWS - 1));
    expect([nextOffset(0), nextOffset(lastSeqOf(0)), nextOffset(lastSeqOf(41))]).toEqual([0, 1, 42]);
    expect(seqOf(2 ** 40, MAX_ROWS - 1)).toBeLessThan(Number.MAX_SAFE_INTEGER);
  });

  test("a message is full at its size; one larger event still goes", () => {
    const large = { ...event!, raw: `"${"x".repeat(FULL_BYTES)}"` };
    const many = Array.from({ length: 3 * MAX_ROWS }, () => ({ ...event!, raw: "{}" }));
    expect(encodeEvents([event!, large, event!]).length).toBe(3);
    const messages = encodeEvents(many);
    expect(messages.flatMap((m) => decodeEvents(m, 0)).length).toBe(many.length);
    for (const m of messages) expect(m.length).toBeLessThan(1.2 * FULL_BYTES);
  });

  test("columns that a later version added or left out do not matter", () => {
    const [message] = encodeEvents([event!]);
    const [line = "", raw = ""] = message!.toString().split("\n");
    const { columns, rows, raw: sizes } = JSON.parse(line);
    const other = {
      columns: ["new", ...columns.slice().reverse()],
      rows: [[1, ...rows[0].slice().reverse()]],
      raw: sizes,
    };
    expect(decodeEvents(Buffer.from(`${JSON.stringify(other)}\n${raw}`), 7)).toEqual([{ ...event!, seq: seqOf(7, 0) }]);
  });

  test.each([
    "",
    "nonsense",
    "null",
    "[]",
    '{"columns":[],"rows":[]}',
    '{"columns":["event_uid"],"rows":[["a"]],"raw":[2]}\n{}',
    '{"columns":["event_uid"],"rows":[[1,2]],"raw":[0]}\n',
    '{"columns":["event_uid"],"rows":[["a"]],"raw":[9]}\n{}',
    '{"columns":["event_uid"],"rows":[["a"]],"raw":[-1]}\n',
  ])("%j is refused with a sentence", (text) => {
    expect(() => decodeEvents(Buffer.from(text), 0)).toThrow();
  });
});

describe("who owns a principal", () => {
  test("the partition is the one that Kafka's own clients compute for the key", () => {
    // Of org.apache.kafka.common.utils.UtilsTest.
    expect([
      murmur2(Buffer.from("21")),
      murmur2(Buffer.from("foobar")),
      murmur2(Buffer.from("a-little-bit-long-string")),
    ]).toEqual([-973932308, -790332482, -985981536]);
    expect(partitionOf("arn:aws:iam::111122223333:user/app", 1)).toBe(0);
    const spread = new Set(Array.from({ length: 100 }, (_, i) => partitionOf(`user-${i}`, 3)));
    expect(spread).toEqual(new Set([0, 1, 2]));
  });
});

describe("requests to the brokers", () => {
  test("no batch of a partition outgrows what the broker takes, and order within a partition stays", () => {
    const value = Buffer.alloc(700_000);
    const messages = Array.from({ length: 30 }, (_, i) => ({ topic: "t", partition: i % 3, key: String(i), value }));
    const requests = batchesOf(messages);
    const seen = new Map<number, number[]>();
    for (const request of requests) {
      for (const { messages: list } of request) {
        for (const p of [0, 1, 2]) {
          const mine = list.filter((m) => m.partition === p);
          expect(mine.reduce((n, m) => n + (m.value as Buffer).length, 0)).toBeLessThanOrEqual(2 * 1024 * 1024);
          seen.set(p, [...(seen.get(p) ?? []), ...mine.map((m) => Number(m.key))]);
        }
      }
    }
    for (const [p, keys] of seen) expect(keys).toEqual(Array.from({ length: 10 }, (_, i) => 3 * i + p));
  });
});

describe("messages of a user's topic", () => {
  const source = { topic: "t", partition: 2, provider: "aws_cloudtrail", now: Date.now };
  const read = async (value: string | Buffer | null) => {
    const into = emptyYield();
    readMessage(parts, source, { offset: 7, value: value === null ? null : Buffer.from(value) }, into);
    return into;
  };

  test("one record, an envelope, lines and objects one after another give the same events as a file would", async () => {
    const records = [cloudTrail(), cloudTrail()];
    const [a, b] = records.map((r) => JSON.stringify(r));
    for (const text of [
      `{"Records":[${a},${b}]}`,
      `{"Records": [${a}, ${b}]}`,
      `${a}\n${b}\n`,
      `${a}${b}`,
      `[${a},${b}]`,
    ]) {
      const { events, letters } = await read(text);
      expect([events.map((e) => e.event_uid), letters], text.slice(0, 30)).toEqual([records.map((r) => r.eventID), []]);
    }
    const one = await read(a!);
    expect(one.events.map((e) => e.position)).toEqual(["kafka:t/2@7#1"]);
  });

  test("an empty message is a drop with a reason", async () => {
    expect((await read(null)).dropped).toEqual(new Map([["empty message", 1]]));
  });
});
