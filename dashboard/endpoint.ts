import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { Refused } from "./backend.ts";
import type { Surface } from "./surface.ts";

/** Endpoint is one operation of the API: what it is for, who may, what it takes and gives. OpenAPI is made from these. */
export interface Endpoint<Q extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType> {
  method: "GET" | "POST" | "DELETE";
  /** As OpenAPI writes it: /v1/incidents/{id}. */
  path: string;
  tag: string;
  summary: string;
  /** `none`: for everybody who may speak to this server at all. */
  role: "read" | "admin" | "none";
  query?: Q;
  body?: B;
  answer: z.ZodType;
}

export const defineEndpoint = <Q extends z.ZodType, B extends z.ZodType>(e: Endpoint<Q, B>): Endpoint<Q, B> => e;

export interface Asked<Q extends z.ZodType, B extends z.ZodType> {
  id: string;
  query: z.output<Q>;
  body: z.output<B>;
  /** Name of who asks. */
  actor: string;
  request: FastifyRequest;
  reply: FastifyReply;
}

const MAX_BODY = 64 * 1024;

/** mount puts an endpoint on the server: first who asks, then what is asked; what does not fit is told with its path. */
export function mount<Q extends z.ZodType, B extends z.ZodType>(
  { server, guard }: Surface,
  endpoint: Endpoint<Q, B>,
  answer: (asked: Asked<Q, B>) => unknown,
): void {
  server.route<{ Params: { id?: string } }>({
    method: endpoint.method,
    url: endpoint.path.replace("{id}", ":id"),
    async handler(request, reply) {
      let actor = "";
      if (endpoint.role === "none") guard.refuseForeign(request);
      else actor = guard.allow(request, endpoint.role);
      const query = parse(endpoint.query, request.query, "query") as z.output<Q>;
      const body = (endpoint.body ? parse(endpoint.body, await readJson(request), "body") : undefined) as z.output<B>;
      return answer({ id: request.params.id ?? "", query, body, actor, request, reply });
    },
  });
}

function parse(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((i) => `${[where, ...i.path].join(".")}: ${i.message}`);
  throw new Refused(400, `This does not fit. ${faults.slice(0, 5).join("; ")}.`);
}

async function readJson(request: FastifyRequest): Promise<unknown> {
  const body = request.body as Readable | null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY) throw new Refused(413, `The body has more than ${MAX_BODY} bytes.`);
    chunks.push(chunk as Buffer);
  }
  if (size === 0) return {};
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? ""))
    throw new Refused(415, "Send the body as application/json.");
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Refused(400, "The body is no JSON.");
  }
}
