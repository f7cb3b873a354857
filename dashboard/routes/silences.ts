import { HOUR_MS } from "../../schemas/duration.ts";
import { mount } from "../endpoint.ts";
import { silenceEndpoints as e } from "../endpoints.ts";
import type { Surface } from "../surface.ts";

export function silenceRoutes(surface: Surface): void {
  const { backend } = surface;
  mount(surface, e.list, async ({ query }) => ({ silences: await backend.silences(query.all === "1") }));
  mount(surface, e.add, async ({ body, actor }) => {
    const { matchers, reason, hours } = body;
    return backend.silence({ actor, matchers, reason, lastsMs: hours * HOUR_MS });
  });
  mount(surface, e.expire, async ({ id, actor }) => {
    return { changed: await backend.expire(id, actor) };
  });
}
