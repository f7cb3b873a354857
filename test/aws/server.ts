import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerS3, type Bucket } from "./s3.ts";
import { answerSqs, createTestQueue, type TestQueue } from "./sqs.ts";

/** Refusal is an error as AWS says it. */
export interface Refusal {
  status: number;
  code: string;
  message?: string;
}

export interface Asked {
  /** ListObjectsV2, GetObject, ReceiveMessage, ... */
  operation: string;
  bucket: string;
  /** The object's key, or the prefix of a list. */
  key: string;
  query: URLSearchParams;
}

/** AwsServer speaks the parts of S3 and SQS that keywatch uses, over a real socket, and says errors as AWS does. */
export interface AwsServer {
  url: string;
  queueUrl: string;
  bucket: Bucket;
  queue: TestQueue;
  asked: Asked[];
  /** Answers instead of the server where it gives one; `pass` lets a request through. */
  refuse: (asked: Asked) => Refusal | null | Promise<Refusal | null>;
  /** Hands over a body; a test may do it slowly, or not to its end. */
  give: (body: Buffer, response: ServerResponse) => void;
  stop(): Promise<void>;
}

export const ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE";
export const BUCKET = "acme-logs";

export async function awsServer(): Promise<AwsServer> {
  const bucket: Bucket = new Map();
  const queue = createTestQueue();
  const http = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: AwsServer = {
    url,
    queueUrl: `${url}/111122223333/keywatch`,
    bucket,
    queue,
    asked: [],
    refuse: () => null,
    give: (body, out) => void out.end(body),
    async stop() {
      queue.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isSqs = request.headers["x-amz-target"] !== undefined;
    const asked = isSqs ? ofSqs(request) : ofS3(request, url);
    server.asked.push(asked);
    const body = await bodyOf(request);
    const refusal = (await server.refuse(asked)) ?? stranger(request, isSqs);
    if (refusal !== null) (isSqs ? refuseSqs : refuseS3)(response, refusal);
    else if (isSqs) await answerSqs(queue, asked.operation, JSON.parse(body), response);
    else answerS3(server, asked, response);
  }
  return server;
}

/** Whose key id nobody knows is refused; the signature itself is not checked. */
function stranger(request: IncomingMessage, isSqs: boolean): Refusal | null {
  if (request.headers.authorization?.includes(`Credential=${ACCESS_KEY}/`)) return null;
  return isSqs ? { status: 403, code: "UnrecognizedClientException" } : { status: 403, code: "InvalidAccessKeyId" };
}

function ofSqs(request: IncomingMessage): Asked {
  const operation = String(request.headers["x-amz-target"]).split(".")[1]!;
  return { operation, bucket: "", key: "", query: new URLSearchParams() };
}

function ofS3(request: IncomingMessage, base: string): Asked {
  const { pathname, searchParams: query } = new URL(request.url!, base);
  const [bucket = "", ...rest] = pathname.slice(1).split("/").map(decodeURIComponent);
  const key = rest.join("/");
  if (query.get("list-type") === "2")
    return { operation: "ListObjectsV2", bucket, key: query.get("prefix") ?? "", query };
  return { operation: request.method === "HEAD" ? "HeadBucket" : "GetObject", bucket, key, query };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

export function refuseS3(response: ServerResponse, { status, code, message = "" }: Refusal): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  );
}

export function refuseSqs(response: ServerResponse, { status, code, message = "" }: Refusal): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": code });
  response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message }));
}
