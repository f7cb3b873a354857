import { Refused } from "../backend.ts";
import { incidentPage, overviewPage } from "../page/html.ts";
import type { Surface } from "../surface.ts";

export function pageRoutes({ server, backend, allow }: Surface): void {
  server.get("/", async (request, reply) => {
    allow(request, "read");
    const [status, incidents] = await Promise.all([backend.status(), backend.incidents({ open: false, limit: 200 })]);
    return reply.type("text/html; charset=utf-8").send(overviewPage(status, incidents));
  });
  server.get<{ Params: { id: string } }>("/incidents/:id", async (request, reply) => {
    allow(request, "read");
    const found = await backend.incident(request.params.id);
    if (!found) throw new Refused(404, "There is no such incident.");
    return reply.type("text/html; charset=utf-8").send(incidentPage(found.incident, found.transitions));
  });
}
