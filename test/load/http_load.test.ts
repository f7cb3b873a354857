import { test } from "vitest";
import { serveUnderLoad } from "./serve_load.ts";

test("200 pushers at once, among slow, oversized and unknown clients: right answers, bounded memory, every accepted row stored once", async () => {
  await serveUnderLoad({ pushers: 200, records: 20, ms: 12_000 });
}, 120_000);
