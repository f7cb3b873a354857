import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSplitter, resync } from "../../ingest/sources/split.ts";

interface Cut {
  text: string;
  broken: string | null;
}

function cut(input: Buffer | string, chunkBytes = Number.POSITIVE_INFINITY, maxRecordBytes?: number): Cut[] {
  const bytes = Buffer.from(input);
  const cuts: Cut[] = [];
  const splitter = createSplitter(
    (data, start, end, broken) => cuts.push({ text: data.toString("utf8", start, end), broken }),
    maxRecordBytes,
  );
  for (let at = 0; at < bytes.length; at += chunkBytes) splitter.push(bytes.subarray(at, at + chunkBytes));
  splitter.end();
  return cuts;
}
const texts = (cuts: Cut[]) => cuts.map((c) => (c.broken === null ? c.text : `! ${c.text}`));

/** A record with everything that makes resynchronising hard: nested lists of objects, escapes, JSON in strings, empty values. */
const record = (i: number) => ({
  eventVersion: "1.08",
  userIdentity: {
    type: "AssumedRole",
    arn: `arn:${i}`,
    sessionContext: { sessionIssuer: {}, attributes: { mfa: "false" } },
  },
  eventTime: `2026-01-0${i + 1}T00:00:00Z`,
  errorCode: null,
  count: 123 + i,
  ratio: -1.5e3,
  requestParameters: { filter: 'a "quoted" {"x":[1,2]} \\ text', empty: "", items: [] },
  resources: [{ ARN: `a${i}`, type: "x" }, { ARN: "b" }, { ARN: "c", tags: [{ k: "a" }, { k: "b" }] }],
  readOnly: i % 2 === 0,
});
const N = 5;
const records = Array.from({ length: N }, (_, i) => record(i));
const lines = records.map((r) => JSON.stringify(r));
const originals = new Set(lines);

/** Layouts in which logs hold the same records. */
const layouts: Record<string, string> = {
  "envelope on one line": `{"Records":[${lines.join(",")}]}`,
  "pretty envelope": JSON.stringify({ Records: records }, null, 2),
  "envelope with its list last": `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${lines.join(",")}]}`,
  "envelope with more behind": `{"Records":[${lines.join(",")}],"next":"x","page":{"a":[{"b":1}]}}`,
  "page of an API": `{"object":"list","data":[${lines.join(",")}],"first_id":"a","last_id":"b","has_more":false}`,
  "page whose list is all": `{"Events":[${lines.join(",")}]}`,
  "pretty page": JSON.stringify({ success: true, errors: [], result: records, result_info: { cursor: "x" } }, null, 2),
  ndjson: `${lines.join("\n")}\n`,
  "ndjson with CRLF": lines.join("\r\n"),
  "ndjson with a comma on each line": lines.join(",\n"),
  concatenated: lines.join(""),
  "pretty documents": records.map((r) => JSON.stringify(r, null, 2)).join("\n"),
  array: `[${lines.join(",")}]`,
  "array, one record a line": `[\n${lines.join(",\n")}\n]\n`,
  "pretty array": JSON.stringify(records, null, 2),
};

describe("whole input", () => {
  test.each(Object.entries(layouts))("%s gives every record, and nothing broken", (_, layout) => {
    const cuts = cut(layout);
    expect(cuts.map((c) => JSON.stringify(JSON.parse(c.text)))).toEqual(lines);
    expect(cuts.every((c) => c.broken === null)).toBe(true);
  });

  test.each([
    ["nothing", "", []],
    ["white space", " \r\n\t\n", []],
    ["an empty envelope", '{"Records":[]}', []],
    ["an empty list of an envelope that names its kind", '{"kind":"EventList","items":[],"metadata":{}}', []],
    ["an empty array", "[ ]", []],
    ["blank lines", '{"a":1}\n\n\r\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ["a byte order mark", '\ufeff{"a":1}', ['{"a":1}']],
    ["byte order marks of joined files", '\ufeff{"a":1}\n\ufeff{"a":2}', ['{"a":1}', '{"a":2}']],
    ["a single object", '{"detail":{"a":[{"b":1}]}}', ['{"detail":{"a":[{"b":1}]}}']],
    ["`records` that is no array", '{"records":{"a":1}}', ['{"records":{"a":1}}']],
    ["`items` deeper inside", '{"r":{"items":[{"a":1}]}}', ['{"r":{"items":[{"a":1}]}}']],
    [
      "`items` of a record that names much",
      `{${"abcdefghi".split("").map((k) => `"${k}":1`)},"items":[{"a":1}]}`,
      null,
    ],
    [
      "CloudWatch's envelope",
      '{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[{"id":"1","message":"{\\"a\\":1}"}]}',
      ['{"id":"1","message":"{\\"a\\":1}"}'],
    ],
    [
      "several envelopes",
      '{"Records":[{"a":1}]}{"Records":[{"a":2}]}\n{"value":[{"a":3}]}',
      ['{"a":1}', '{"a":2}', '{"a":3}'],
    ],
    [
      "pages of APIs, one after another",
      '{"entries":[{"a":1}],"response_metadata":{"next_cursor":"x"}}\n{"meta":{"key":"events"},"events":[{"a":2},{"a":3}]}{"data":[{"a":4}]}',
      ['{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}'],
    ],
    ["empty pages", '{"object":"list","data":[],"has_more":false}\n{"meta":{},"events":[]}', []],
    ["a record with a list of events", '{"kind":"k","id":{"time":"x"},"etag":"e","events":[{"name":"a"}]}', null],
    ["a record with a list of events in front", '{"events":[{"name":"a"}],"id":{"time":"x"},"actor":{}}', null],
    ["a record with an empty list of events", '{"kind":"k","id":{"time":"x"},"events":[]}', null],
    ["a record with data that is a list", '{"time":"t","data":[{"a":1}],"path":"/"}', null],
    [
      "`data` that is no list, or a list of texts",
      '{"data":{"a":1}}\n{"data":["a"]}',
      ['{"data":{"a":1}}', '{"data":["a"]}'],
    ],
    [
      "records, arrays and envelopes mixed",
      '{"a":1}\n[{"a":2}]\n{"Records":[{"a":3}]}\n',
      ['{"a":1}', '{"a":2}', '{"a":3}'],
    ],
  ])("%s", (_, input, wanted) => {
    expect(texts(cut(input))).toEqual(wanted ?? [input]);
  });
});

describe("broken input", () => {
  test.each([
    ["plain text is one broken slice a line", 'hello\n{"a":1}\nworld 2\n', ["! hello", '{"a":1}', "! world 2"]],
    [
      "an object in a line of text is no record",
      'GET /?q={"a":1} HTTP/1.1\n{"b":1}',
      ['! GET /?q={"a":1} HTTP/1.1', '{"b":1}'],
    ],
    ["a truncated record is one broken slice", '{"Records":[{"a":1},{"b":"x', ['{"a":1}', '! {"b":"x']],
    ["a truncated line leaves the next one alone", '{"a":1}\n{"b":"x\n{"c":3}\n', ['{"a":1}', '! {"b":"x', '{"c":3}']],
    [
      "a truncated envelope leaves the next one alone",
      '{"Records":[{"a":1},{"b\n{"Records":[{"c":3}]}',
      ['{"a":1}', '! {"b', '{"c":3}'],
    ],
    ["a list that is never closed is told", '[{"a":1},', ['{"a":1}', "! "]],
    ["elements that are no objects", '[1,"x",{"a":1}]', ['! 1,"x"', '{"a":1}']],
    ["zero bytes between records", '{"a":1}\n\0\0\0{"a":2}\n', ['{"a":1}', "! \0\0\0", '{"a":2}']],
    ["a missing comma", '[{"a":1}{"a":2},{"a":3}]', ['{"a":1}', '{"a":2}', '{"a":3}']],
    [
      "a record closed too early is no record",
      '[{"u":{"n":12},"b":1},"c":2},{"a":1}]',
      ['! {"u":{"n":12},"b":1},"c":2}', '{"a":1}'],
    ],
  ])("%s", (_, input, wanted) => {
    expect(texts(cut(input))).toEqual(wanted);
  });

  test("nesting without end neither crashes nor hides the next record", () => {
    for (const bomb of ["[".repeat(1e6), '{"a":'.repeat(2e5), '[{"a":'.repeat(2e5)]) {
      const cuts = cut(`${bomb}\n{"ok":1}\n`, 65_536);
      expect(cuts.filter((c) => c.broken === null)).toEqual([{ text: '{"ok":1}', broken: null }]);
      expect(cuts[0]!.broken).toMatch(/nested deeper|not a JSON object/);
    }
  });

  test("hostile nesting costs linear time", () => {
    const started = performance.now();
    cut(`${'[{"a":[{"b":1},'.repeat(100_000)}X`, 65_536);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("a record over the limit is one broken slice that holds its beginning, and its neighbours survive", () => {
    const long = `{"long":"${"x".repeat(3_000_000)}"}`;
    for (const chunk of [10_000, 1_000_000, Number.POSITIVE_INFINITY]) {
      const cuts = cut(`{"Records":[{"a":1},${long},{"a":2}]}`, chunk, 2 ** 20);
      expect(cuts.map((c) => c.broken)).toEqual([null, "record over 1 MiB", null]);
      expect(cuts[1]!.text).toBe(long.slice(0, 65_536));
    }
  });

  test("memory does not grow with the input", () => {
    let count = 0;
    const splitter = createSplitter(() => count++);
    const chunk = Buffer.from(`${lines.join(",")},`.repeat(200));
    splitter.push(Buffer.from('{"Records":['));
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) splitter.push(chunk);
    expect(count).toBeGreaterThanOrEqual(200 * 200 * N - 1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 2 ** 20);
  });
});

test.each(Object.entries(layouts))("%s: every byte may be a chunk boundary", (_, layout) => {
  const whole = cut(layout);
  for (const bytes of [1, 2, 3, 7, 64]) expect(cut(layout, bytes)).toEqual(whole);
  const input = Buffer.from(layout);
  for (let at = 1; at < input.length; at += 3) {
    const cuts: Cut[] = [];
    const splitter = createSplitter((d, a, b, broken) => cuts.push({ text: d.toString("utf8", a, b), broken }));
    splitter.push(input.subarray(0, at));
    splitter.push(input.subarray(at));
    splitter.end();
    expect(cuts).toEqual(whole);
  }
});

/** score tells what came of the original records: whole ones, dead letters, and objects that were no record before. */
function score(cuts: Cut[]) {
  let whole = 0;
  let dead = 0;
  let other = 0;
  for (const { text, broken } of cuts) {
    if (broken !== null) dead++;
    else {
      try {
        if (originals.has(JSON.stringify(JSON.parse(text)))) whole++;
        else other++;
      } catch {
        dead++;
      }
    }
  }
  return { whole, dead, other };
}

const damage = fc.record({
  layout: fc.constantFrom(...Object.values(layouts)),
  place: fc.nat(),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(...[...'{}[],:"\\ 1\0'].map((c) => c.charCodeAt(0)))),
});

test("one damaged byte costs at most two records, leaves a trace, and is read alike in any chunks", () => {
  fc.assert(
    fc.property(damage, fc.constantFrom(1, 13, 500), ({ layout, place, byte }, chunk) => {
      const input = Buffer.from(layout);
      input[place % input.length] = byte;
      const cuts = cut(input);
      const { whole, dead, other } = score(cuts);
      expect(whole).toBeGreaterThanOrEqual(N - 2);
      if (whole < N) expect(dead + other).toBeGreaterThan(0);
      expect(cut(input, chunk)).toEqual(cuts);
    }),
    { numRuns: 3000, seed: 20_260_101 },
  );
});

test("a long page is told by what stands before its list, in little memory", () => {
  const count = 3_000;
  const body = Array.from({ length: count }, (_, i) => lines[i % N]).join(",");
  expect(body.length).toBeGreaterThan(2 ** 20);
  for (const [head, own] of [
    ['{"object":"list","data":[', count],
    ['{"id":"one record","data":[', 1],
  ] as const) {
    const input = `${head}${body}],"has_more":true}`;
    const whole = cut(input);
    expect(whole.length).toBe(own);
    expect(whole.every((c) => c.broken === null)).toBe(true);
    for (const bytes of [1_000, 65_536, 100_000]) expect(cut(input, bytes)).toEqual(whole);
  }
  let largest = 0;
  const splitter = createSplitter((data) => {
    largest = Math.max(largest, data.byteLength);
  });
  splitter.push(Buffer.from('{"data":['));
  for (let i = 0; i < 50; i++) splitter.push(Buffer.from(`${body},`));
  expect(largest).toBeLessThan(8 * 2 ** 20);
});

test("a truncated page gives the records before the cut", () => {
  const layout = layouts["page of an API"]!;
  for (const length of [layout.indexOf(lines[3]!) + 10, layout.indexOf(lines[4]!) - 1]) {
    const { whole, dead } = score(cut(layout.slice(0, length)));
    expect(whole).toBe(lines.filter((l) => layout.indexOf(l) + l.length <= length).length);
    expect(dead).toBe(1);
  }
});

test("a damaged record in a list leaves all others as they were", () => {
  const layout = layouts["envelope on one line"]!;
  const from = layout.indexOf(lines[2]!) + 1;
  const inside = fc.record({ place: fc.nat(lines[2]!.length - 3), byte: fc.nat(255) });
  fc.assert(
    fc.property(inside, ({ place, byte }) => {
      const input = Buffer.from(layout);
      input[from + place] = byte;
      const survived = new Set(cut(input).map((c) => c.text));
      for (const i of [0, 1, 3, 4]) expect(survived.has(lines[i]!)).toBe(true);
    }),
    { numRuns: 3000, seed: 20_260_102 },
  );
});

test("any bytes at all are split without a throw, every byte of JSON-like noise included", () => {
  const noise = fc.array(fc.constantFrom(...'{}[],:"\\ \na1', '{"a":1}', '{"Records":[', '{"data":[', "]}"), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(noise, fc.integer({ min: 1, max: 9 }), (parts, chunk) => {
      const input = parts.join("");
      expect(cut(input, chunk)).toEqual(cut(input));
    }),
    { numRuns: 3000, seed: 20_260_103 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      cut(Buffer.from(bytes));
    }),
  );
});

test("a truncated file gives the records before the cut and one broken slice", () => {
  const layout = layouts["envelope on one line"]!;
  for (let length = 12; length < layout.length - 2; length++) {
    const { whole, dead, other } = score(cut(layout.slice(0, length)));
    const complete = lines.filter((l, i) => layout.indexOf(l) + lines[i]!.length <= length).length;
    expect({ whole, dead, other }, `cut at ${length}`).toEqual({ whole: complete, dead: 1, other: 0 });
  }
});

describe("resync", () => {
  test("gives the parts that parse and the parts that do not", () => {
    expect(resync(Buffer.from('{"a":tru}\n{"b":1}')).map((s) => [s.bytes.toString(), s.broken])).toEqual([
      ['{"a":tru}', "broken JSON"],
      ['{"b":1}', null],
    ]);
  });
  test("never gives nothing, and tells no text of the record in the reason", () => {
    expect(resync(Buffer.from(" "))).toHaveLength(1);
    expect(resync(Buffer.from('{"password":hunter2}'))[0]!.broken).not.toContain("hunter2");
  });
});
