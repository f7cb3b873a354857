import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "../backend.ts";
import { sendException } from "../clickhouse/answer.ts";
import { Exception } from "../clickhouse/exception.ts";
import { createClickhouseEndpoint } from "../clickhouse_endpoint.ts";
import type { Surface } from "../surface.ts";

/** registerClickhouse puts ClickHouse's HTTP interface under /clickhouse; who asks needs the role read. */
export function registerClickhouse({ server, http, backend, allow }: Surface, onError: (error: Error) => void): void {
  if (!backend.store || !http.clickhouse.enabled) return;
  const door = createClickhouseEndpoint(backend.store, http.clickhouse, onError);
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.hijack();
    try {
      request.headers.authorization = bearerOf(request);
      allow(request, "read");
    } catch (error) {
      const { status, message } = error instanceof Refused ? error : { status: 500, message: "No answer." };
      const exception =
        status === 401
          ? new Exception(516, "AUTHENTICATION_FAILED", "Send a token with the role read as the password.")
          : new Exception(497, "ACCESS_DENIED", message);
      return sendException(reply.raw, exception, null);
    }
    await door.answer(request.raw, (request.body as Readable | null) ?? null, reply.raw);
  };
  for (const path of ["/clickhouse", "/clickhouse/"]) {
    server.get(path, handle);
    server.post(path, handle);
  }
  for (const path of ["/clickhouse/ping", "/clickhouse/replicas_status"]) {
    server.get(path, async (_request, reply) => reply.type("text/plain; charset=UTF-8").send("Ok.\n"));
  }
}

/** The token comes as ClickHouse's clients send a password: basic authentication, or a header of its own. The name of the user says nothing. */
function bearerOf({ headers }: FastifyRequest): string {
  const key = headers["x-clickhouse-key"];
  if (typeof key === "string" && key !== "") return `Bearer ${key}`;
  const [scheme = "", value = ""] = (headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() !== "basic") return headers.authorization ?? "";
  const pair = Buffer.from(value, "base64").toString("utf8");
  return `Bearer ${pair.slice(pair.indexOf(":") + 1)}`;
}
