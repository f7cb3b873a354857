import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { createNormalizer, emptyYield } from "../ingest/normalizer.ts";
import { type ApiReading, readApi } from "../ingest/sources/api.ts";
import type { ApiSource } from "../schemas/config_api.ts";
import { iso } from "../schemas/duration.ts";
import { cursorOf } from "../schemas/queries/cursors.ts";
import type { App } from "./app.ts";
import { latenessOf } from "./parts.ts";
import { type Poller, repeatPoller } from "./repeat.ts";

type Io = Pick<ApiReading, "fetch" | "sleep">;
const real: Io = { fetch, sleep: (ms, signal) => wait(ms, undefined, { signal }) };

/**
 * createPoller asks a provider's API for what came since the last look. Each look goes back by the provider's lateness as well, for records
 * arrive out of order; what was stored already is absorbed by its id. The cursor moves when all pages of a look are stored.
 */
export function createPoller(app: App, source: ApiSource, io: Io = real): Poller {
  const place = [source.provider, source.url ?? "", source.organization ?? "", source.account ?? ""].join("\0");
  const id = `api:${source.provider}:${createHash("sha256").update(place).digest("hex").slice(0, 16)}`;
  const lateness = latenessOf(app.config, app.parts)(source.provider);
  const stopping = new AbortController();
  const reading: ApiReading = {
    ...io,
    now: app.now,
    signal: stopping.signal,
    onLimit: (ms) => app.log.warn({ source: id, ms }, "A provider asks to be asked less often; waiting."),
  };

  async function look(): Promise<void> {
    const to = app.now();
    const [known] = await app.store.ask(cursorOf, { name: `cursor ${id}` });
    const from = known === undefined ? to - source.since : Number(known.value) - lateness;
    const normalizer = createNormalizer(app.parts, { provider: source.provider, position: id, now: app.now });
    for await (const records of readApi(source, { from, to }, reading)) {
      const yielded = emptyYield();
      for (const record of records) normalizer.read(Buffer.from(JSON.stringify(record)), null, yielded);
      await app.take(yielded, { source: "api", bytes: null });
    }
    await app.store.insert("meta", [{ name: `cursor ${id}`, value: String(to), updated_at: iso(app.now()) }]);
  }

  return {
    look,
    stop: async () => stopping.abort(),
  };
}

/** pollApi looks at every interval until `stop` is called. */
export function pollApi(app: App, source: ApiSource): { stop(): Promise<void> } {
  return repeatPoller(createPoller(app, source), source.interval, (error) =>
    app.log.error({ provider: source.provider, error: String(error) }, "Asking an API failed; it is asked again."),
  );
}
