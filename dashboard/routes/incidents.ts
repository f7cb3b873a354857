import { incidentLine } from "../../schemas/wire.ts";
import { Refused } from "../backend.ts";
import type { Surface } from "../surface.ts";

export function incidentRoutes({ server, backend, allow }: Surface): void {
  server.get("/v1/status", async (request) => {
    allow(request, "read");
    return backend.status();
  });
  server.get<{ Querystring: { all?: string; limit?: string } }>("/v1/incidents", async (request) => {
    allow(request, "read");
    const limit = Math.min(1000, Math.max(1, Number(request.query.limit ?? 100) || 100));
    return { incidents: (await backend.incidents({ open: request.query.all !== "1", limit })).map(incidentLine) };
  });
  server.get<{ Params: { id: string } }>("/v1/incidents/:id", async (request) => {
    allow(request, "read");
    const found = await backend.incident(request.params.id);
    if (!found) throw new Refused(404, "There is no such incident.");
    return { ...incidentLine(found.incident), transitions: found.transitions.map(({ state: _, ...t }) => t) };
  });
}
