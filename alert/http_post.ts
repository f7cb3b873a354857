import { type IncomingHttpHeaders, request as plainRequest, type RequestOptions } from "node:http";
import { request as tlsRequest } from "node:https";
import { isIP } from "node:net";
import { fail, retry, type SendResult } from "./channel.ts";
import { isPublicAddress, PrivateAddress, publicLookup } from "./public_address.ts";
import { retryAfterMs } from "./retry.ts";

/** Bytes of an answer that are read; nothing that a receiver says is longer. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface Post {
  url: string;
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
  signal: AbortSignal;
  allowPrivate: boolean;
}

/** Answer is what came back, whatever the status; `host` may be shown to people, the rest of the address may be a secret. */
export interface Answer {
  host: string;
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** httpPost sends once: no redirects, no reuse of connections, a bounded answer. A fault on the way is already a SendResult. */
export async function httpPost(post: Post): Promise<Answer | SendResult> {
  const url = new URL(post.url);
  const host = url.host;
  const bare = url.hostname.replace(/^\[|\]$/g, "");
  if (!post.allowPrivate && isIP(bare) !== 0 && !isPublicAddress(bare)) return refusedPrivate(host);
  const deadline = AbortSignal.timeout(post.timeoutMs);
  const options: RequestOptions = {
    method: "POST",
    headers: { "user-agent": "keywatch", ...post.headers, "content-length": Buffer.byteLength(post.body) },
    agent: false,
    signal: AbortSignal.any([post.signal, deadline]),
    ...(post.allowPrivate ? {} : { lookup: publicLookup }),
  };
  try {
    return await exchange(url, options, post.body);
  } catch (error) {
    if (error instanceof PrivateAddress) return refusedPrivate(host);
    if (deadline.aborted) return retry("timeout", `${host} did not answer within ${post.timeoutMs / 1000} s.`);
    if (post.signal.aborted) return retry("timeout", `The call to ${host} was given up.`);
    const { code = "" } = error as NodeJS.ErrnoException;
    return retry("unreachable", `${host} could not be reached${/^[A-Z0-9_]+$/.test(code) ? ` (${code})` : ""}.`);
  }
}

/** byStatus turns an HTTP status into the end of a send: 429, 408 and 5xx try again, other failures do not. */
export function byStatus(answer: Answer, now: number): SendResult | null {
  const { status, host } = answer;
  if (status >= 200 && status < 300) return null;
  const after = retryAfterMs(answer.headers["retry-after"], now);
  if (status === 429) return retry("rate_limited", `${host} asks for a pause (429).`, after);
  if (status === 408) return retry("timeout", `${host} gave up waiting (408).`, after);
  if (status >= 500) return retry("server_error", `${host} answered ${status}.`, after);
  if (status === 401 || status === 403) return fail("auth", `${host} refused the credentials (${status}).`);
  if (status >= 300 && status < 400) {
    return fail(
      "rejected",
      `${host} answered with a redirect (${status}), which is not followed. Put the final address into the config.`,
    );
  }
  return fail("rejected", `${host} refused the message (${status}).`);
}

export const isAnswer = (result: Answer | SendResult): result is Answer => "status" in result;

const refusedPrivate = (host: string): SendResult =>
  fail(
    "rejected",
    `${host} is not a public address. Set allow_private_addresses: true on this channel if that is wanted.`,
  );

function exchange(url: URL, options: RequestOptions, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? tlsRequest : plainRequest)(url, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const done = () => {
        const text = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
        resolve({ host: url.host, status: response.statusCode ?? 0, headers: response.headers, body: text });
      };
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes < MAX_ANSWER_BYTES) return;
        // The status is known and that is what counts; the rest of an endless answer is not waited for.
        done();
        response.destroy();
      });
      response.on("end", done);
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}
