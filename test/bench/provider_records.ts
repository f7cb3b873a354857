import { goldenRecords } from "../golden_events.ts";
import { type Draws, draws, HEX } from "../quality/random.ts";

/** What an event of the budget weighs. */
export const EVENT_BYTES = 1_500;

/**
 * providerRecords makes records of a provider out of its golden ones, 1,500 bytes on average: no two are alike (ids, addresses, times and the
 * filling are drawn anew), for what repeats is cheaper than logs are. What fills a small record up are parts such as logs have: ids, names,
 * paths, numbers, flags, lists and a sentence.
 */
export function providerRecords(id: string, count: number): Buffer[] {
  const texts = goldenRecords(id).map((record) => JSON.stringify(record));
  const d = draws("bench", id);
  const mean = texts.reduce((sum, t) => sum + t.length, 0) / texts.length;
  return Array.from({ length: count }, (_, i) => {
    const text = varied(texts[i % texts.length]!, d);
    // Long samples stay what they are; the others make up for them, so that the mean is right.
    return Buffer.from(filled(text, EVENT_BYTES + text.length - mean, d));
  });
}

/** varied draws what differs between two events of one kind. */
const varied = (text: string, d: Draws): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, () => d.uuid())
    .replace(/\b(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}\b/g, (_, net: string) => `${net}.${d.int(250)}`)
    .replace(/\b(20\d\d-\d\d-\d\dT)\d\d:\d\d:\d\d/g, (_, day: string) => day + clock(d));

const two = (n: number): string => String(n).padStart(2, "0");
const clock = (d: Draws): string => `${two(d.int(24))}:${two(d.int(60))}:${two(d.int(60))}`;
const TEAMS = ["payments", "search", "platform", "data", "mobile"];
const WORDS = "the request was answered by another replica after one retry because its shard moved".split(" ");

/** What may be added, in turn. */
const PARTS: ((d: Draws) => unknown)[] = [
  (d) => ({ traceId: d.text(HEX, 32), spanId: d.text(HEX, 16), sampled: d.chance(0.1) }),
  (d) => ({
    method: d.pick(["GET", "POST"]),
    path: `/v1/projects/${d.pick(TEAMS)}/items/${d.int(1e6)}`,
    bytes: d.int(1e5),
  }),
  (d) => ({
    id: d.uuid(),
    name: `${d.pick(TEAMS)}-worker-${d.int(40)}`,
    zone: `eu-central-1${d.pick(["a", "b", "c"])}`,
  }),
  (d) => ({
    arn: `arn:aws:s3:::${d.pick(TEAMS)}-logs/2026/03/${two(1 + d.int(28))}/part-${d.int(1e4)}.gz`,
    size: d.int(1e7),
  }),
  (d) => [d.pick(TEAMS), `build-${d.int(5_000)}`, d.chance(0.5), d.int(600) / 10],
  (d) => d.sample(WORDS, 10).join(" "),
  (d) => ({
    cluster: "blue",
    node: `ip-10-0-${d.int(250)}-${d.int(250)}`,
    version: `1.${d.int(30)}.${d.int(9)}`,
    tookMs: d.int(900),
  }),
];

function filled(text: string, bytes: number, d: Draws): string {
  let out = text.slice(0, -1);
  for (let n = 0; out.length + 1 < bytes; n++) {
    const part = `,"extra_${n}":${JSON.stringify(PARTS[n % PARTS.length]!(d))}`;
    // The last part is taken where it brings the sum nearer.
    if (out.length + part.length / 2 > bytes) break;
    out += part;
  }
  return `${out}}`;
}
