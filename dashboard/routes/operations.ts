import type { Surface } from "../surface.ts";

/** operationsRoutes are what machines ask: alive, ready, metrics. */
export function operationsRoutes({ server, backend, allow }: Surface): void {
  server.get("/healthz", async () => ({ ok: true }));
  server.get("/readyz", async (_request, reply) => {
    const faults = await backend.faults();
    return reply.code(faults.length === 0 ? 200 : 503).send({ ready: faults.length === 0, faults });
  });
  server.get("/metrics", async (request, reply) => {
    allow(request, "read");
    const { text, contentType } = await backend.metrics();
    return reply.type(contentType).send(text);
  });
}
