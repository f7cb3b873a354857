import type { Readable } from "node:stream";
import { Refused } from "../backend.ts";
import type { Surface } from "../surface.ts";

/** ingestRoute takes records of one provider; the answer comes when the rows are stored. */
export function ingestRoute({ server, http, backend, allow }: Surface): void {
  let inFlight = 0;
  server.post<{ Params: { provider: string } }>("/v1/ingest/:provider", async (request, reply) => {
    allow(request, "ingest");
    if (inFlight >= http.max_in_flight) {
      reply.header("retry-after", "1");
      throw new Refused(429, `${http.max_in_flight} pushes are under way; send this one again in a second.`);
    }
    const length = Number(request.headers["content-length"] ?? 0);
    if (length > http.max_body)
      throw new Refused(
        413,
        `The body has ${length} bytes; ${http.max_body} are allowed (http.max_body). Send it in parts.`,
      );
    inFlight++;
    try {
      const key = request.headers["idempotency-key"];
      const pushed = await backend.push(request.params.provider, (request.body as Readable | null) ?? request.raw, {
        idempotencyKey: typeof key === "string" ? key : null,
      });
      const unread = pushed.records > 0 && pushed.dead_letters === pushed.records;
      return await reply
        .code(unread ? 400 : 200)
        .send(unread ? { error: "No record could be read; they are kept as dead letters.", ...pushed } : pushed);
    } finally {
      inFlight--;
    }
  });
}
