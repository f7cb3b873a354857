import { DAY_MS } from "../../schemas/duration.ts";
import { timeOf } from "../../schemas/http_api.ts";
import { Refused } from "../backend.ts";
import { mount } from "../endpoint.ts";
import { exploreEndpoints as e } from "../endpoints.ts";
import { openApi } from "../openapi.ts";
import type { Surface } from "../surface.ts";

/** A picture of more than this is no picture of a moment, and reads a whole store. */
const MAX_SPAN_MS = 400 * DAY_MS;

/** exploreRoutes answer what a person looks around for: numbers, sources, keys, events, who did what. */
export function exploreRoutes(surface: Surface): void {
  const { backend, server } = surface;
  mount(surface, e.status, () => backend.status());
  mount(surface, e.stats, ({ query }) => {
    const to = timeOf(query.to, backend.now());
    const from = timeOf(query.from, to - 7 * DAY_MS);
    if (!(from < to) || to - from > MAX_SPAN_MS)
      throw new Refused(400, "`from` must lie before `to`, by at most 400 days.");
    return backend.stats(from, to);
  });
  mount(surface, e.sources, () => backend.sources());
  mount(surface, e.keys, async ({ query }) => ({ keys: await backend.keys(query) }));
  mount(surface, e.key, async ({ id }) => found(await backend.key(id), "key"));
  mount(surface, e.events, ({ query }) => {
    const to = timeOf(query.to, backend.now() + DAY_MS);
    if (timeOf(query.from, to - DAY_MS) >= to) throw new Refused(400, "`from` must lie before `to`.");
    return backend.events(query);
  });
  mount(surface, e.event, async ({ query }) =>
    found(await backend.event(query.principal_uid, timeOf(query.time, 0), query.event_uid), "event"),
  );
  mount(surface, e.audit, async ({ query }) => ({ entries: await backend.audit(query.limit) }));
  server.get("/v1/openapi.json", async (request) => {
    surface.allow(request, "read");
    return openApi();
  });
}

function found<T>(thing: T | null, word: string): T {
  if (thing === null) throw new Refused(404, `There is no such ${word}.`);
  return thing;
}
