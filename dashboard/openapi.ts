import { z } from "zod";
import * as api from "../schemas/http_api.ts";
import { packageVersion } from "../schemas/package_root.ts";
import type { Endpoint } from "./endpoint.ts";
import { allEndpoints } from "./endpoints.ts";

/** openApi describes the API (OpenAPI 3.1), made from the schemas that check it. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of allEndpoints()) {
    paths[endpoint.path] ??= {};
    paths[endpoint.path]![endpoint.method.toLowerCase()] = operation(endpoint);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "keywatch",
      version: packageVersion,
      description:
        "Incidents, keys, findings, events and sources. Without tokens in the config only this machine is answered. From a browser, changes need x-keywatch-csrf. GET /v1/stream sends what changes as server-sent events; POST /v1/ingest/{provider} takes records.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "keywatch_session" },
      },
      responses: { Fault: { description: "Refused, with the reason", content: json(schema(api.fault, "output")) } },
    },
  };
}

function operation(e: Endpoint): object {
  const fault = { $ref: "#/components/responses/Fault" };
  return {
    operationId: `${e.method.toLowerCase()}${e.path.replace(/^\/v1|[{}]/g, "").replace(/[/_](\w)/g, (_, c: string) => c.toUpperCase())}`,
    tags: [e.tag],
    summary: e.summary,
    ...(e.role === "none" ? { security: [] } : { "x-role": e.role }),
    parameters: [
      ...(e.path.includes("{id}") ? [{ name: "id", in: "path", required: true, schema: { type: "string" } }] : []),
      ...(e.query ? parameters(e.query) : []),
    ],
    ...(e.body ? { requestBody: { required: true, content: json(schema(e.body, "input")) } } : {}),
    responses: {
      200: { description: "Done", content: json(schema(e.answer, "output")) },
      400: fault,
      ...(e.role === "none" ? {} : { 401: fault, 403: fault }),
      ...(e.path.includes("{id}") ? { 404: fault } : {}),
      ...(e.method === "GET" ? {} : { 409: fault }),
    },
  };
}

function parameters(query: z.ZodType): object[] {
  const { properties = {}, required = [] } = schema(query, "input") as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...of }]) => ({
    name,
    in: "query",
    required: required.includes(name),
    ...(description ? { description } : {}),
    schema: of,
  }));
}

const json = (of: object): object => ({ "application/json": { schema: of } });

function schema(of: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(of, { io });
  return rest;
}
