import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "./backend.ts";

/** Reply is what a tool hears. */
export interface Reply {
  status: number;
  body: object;
}

/** What opening a signed address shows. */
export type LinkView =
  | {
      kind: "ask";
      action: "acknowledge" | "expected" | "yes" | "no";
      to: string;
      /** What the form sends along: without it nothing happens. */
      confirmation: string;
      message: { label: string; title: string; severity: string; facts: [string, string][]; why: string[] };
    }
  | { kind: "expired" }
  | { kind: "unknown" };

export type LinkDone =
  | { kind: "done" | "same"; incident: { uid: string } }
  | { kind: "refused"; sentence: string }
  | { kind: "unknown" | "expired" | "unconfirmed" };

/** Inbound is what people and tools answer from outside; each proves itself, so none of it asks for a token of ours. */
export interface Inbound {
  slack(headers: IncomingHttpHeaders, body: string): Promise<Reply>;
  pagerduty(headers: IncomingHttpHeaders, body: string): Promise<Reply>;
  opsgenie(headers: IncomingHttpHeaders, body: string): Promise<Reply>;
  link: { view(token: string): Promise<LinkView>; act(token: string, confirmation: string): Promise<LinkDone> };
}

/** Nothing that a tool or a form sends is longer. */
const MAX_BYTES = 256 * 1024;

/** rawBody reads the body as it came over the wire: signatures are over these bytes and no others. */
export async function rawBody(request: FastifyRequest): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of (request.body as Readable | null) ?? request.raw) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BYTES) throw new Refused(413, `The body has more than ${MAX_BYTES} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** toTool answers a webhook: with what came of it, or that it may come again. */
export async function toTool(
  request: FastifyRequest,
  reply: FastifyReply,
  take: (headers: IncomingHttpHeaders, body: string) => Promise<Reply>,
): Promise<FastifyReply> {
  const { status, body } = await take(request.headers, await rawBody(request));
  return reply.code(status).send(body);
}
