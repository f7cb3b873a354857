import { describe, test } from "vitest";

describe("keywatch over Kafka", () => {
  test.skip("is tested against a real broker by `npm run test:kafka` (needs Java; the first run fetches the broker by Maven)", () =>
    undefined);
});
