import { expect, test } from "vitest";
import { createReadings } from "../../cli/readings.ts";
import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { HOUR_MS } from "../../schemas/duration.ts";
import { cloudTrail } from "../records.ts";
import { openTestApp, tempFolder } from "../support.ts";

test("the lag of a provider is the age of its newest event, also when the clock has moved its time on", async () => {
  const app = await openTestApp(tempFolder());
  try {
    const yielded = emptyYield();
    const normalizer = createNormalizer(app.parts, { provider: "aws_cloudtrail", position: "test", now: app.now });
    const eventTime = new Date(Date.now() - 3 * HOUR_MS).toISOString().replace(/\.\d+Z$/, "Z");
    normalizer.read(Buffer.from(JSON.stringify(cloudTrail({ eventTime }))), null, yielded);
    await app.take(yielded);
    await app.detector.tick();
    const { providerLag, judging, outbox } = await createReadings(app)();
    expect(providerLag.map((p) => [p.provider, Math.round((p.seconds * 1000) / HOUR_MS)])).toEqual([
      ["aws_cloudtrail", 3],
    ]);
    expect([judging?.profiles, outbox]).toEqual([1, { size: 0, oldestSeconds: 0 }]);
    // Whoever neither judges nor sends knows nothing of either.
    const apart = await createReadings(app, { judging: () => null, queue: () => null })();
    expect([apart.judging, apart.outbox]).toEqual([null, null]);
  } finally {
    await app.close();
  }
});
