import type { ApiSource } from "../../schemas/config_api.ts";
import type { Json, JsonObject } from "../provider.ts";
import { apis } from "./apis.ts";

export interface ApiReading {
  fetch: typeof fetch;
  now: () => number;
  /** Waits; rejects when the signal says so. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
  /** Hears that the provider wants us to wait. */
  onLimit?(ms: number): void;
}

/** ApiFault is an answer that is no page: the poll ends, and the next one begins where this one began. */
export class ApiFault extends Error {
  override name = "ApiFault";
}

const TIMEOUT_MS = 60_000;
const MAX_BODY = 64 * 2 ** 20;
/** Pages of one poll: an API whose paging runs in a circle must not hold us. */
const MAX_PAGES = 10_000;
const MAX_WAITS = 10;
/** Where a limit names no time. */
const DEFAULT_WAIT_MS = 30_000;
const MAX_WAIT_MS = 3_600_000;

/** readApi asks for all records between two times, page after page; the next page is asked for when the last one was taken. */
export async function* readApi(
  source: ApiSource,
  span: { from: number; to: number },
  reading: ApiReading,
): AsyncGenerator<JsonObject[]> {
  const api = apis[source.provider];
  const base = new URL(source.url ?? api.url!);
  let next: string | null = new URL(`${base.pathname.replace(/\/$/, "")}${api.first(source, span)}`, base).href;
  for (let pages = 0; next !== null; pages++) {
    if (pages === MAX_PAGES) throw new ApiFault(`${source.provider} has no end after ${MAX_PAGES} pages`);
    const url = new URL(next, base);
    // The token goes to the provider's own address only, whatever a page says of the next one.
    if (url.origin !== base.origin) throw new ApiFault(`${source.provider} names its next page at ${url.host}`);
    const answer = await ask(url.href, source, reading);
    const page = api.page(answer.body, { url: url.href, link: answer.link });
    if (page.records.length > 0) yield page.records;
    if (page.next === url.href) throw new ApiFault(`${source.provider} names a page as its own next one`);
    next = page.next;
  }
}

async function ask(url: string, source: ApiSource, reading: ApiReading): Promise<{ body: Json; link: string | null }> {
  for (let waits = 0; ; waits++) {
    const answer = await reading.fetch(url, {
      headers: { accept: "application/json", "user-agent": "keywatch", ...apis[source.provider].headers(source) },
      redirect: "error",
      signal: AbortSignal.any([reading.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (answer.ok) return { body: parsed(await bounded(answer), source), link: answer.headers.get("link") };
    await answer.body?.cancel();
    const wait = waitOf(answer, reading.now());
    if (wait === null || waits === MAX_WAITS) throw new ApiFault(`${source.provider} answered ${answer.status}`);
    reading.onLimit?.(wait);
    await reading.sleep(wait, reading.signal);
  }
}

/** waitOf gives how long a limit asks us to wait, ms: `Retry-After`, else the time at which the budget is renewed. Null where it is no limit. */
function waitOf({ status, headers }: Response, now: number): number | null {
  const retryAfter = headers.get("retry-after");
  const empty = (headers.get("x-ratelimit-remaining") ?? headers.get("x-rate-limit-remaining")) === "0";
  if (status !== 429 && !(status === 403 && (retryAfter !== null || empty)) && !(status === 503 && retryAfter !== null))
    return null;
  const reset = Number(headers.get("x-ratelimit-reset") ?? headers.get("x-rate-limit-reset") ?? Number.NaN);
  const asked =
    retryAfter === null
      ? reset * 1000 - now
      : /^\d+$/.test(retryAfter)
        ? Number(retryAfter) * 1000
        : Date.parse(retryAfter) - now;
  return Math.min(MAX_WAIT_MS, Math.max(1_000, Number.isFinite(asked) ? asked : DEFAULT_WAIT_MS));
}

async function bounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) throw new ApiFault(`an answer has more than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string, source: ApiSource): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new ApiFault(`${source.provider} answered something that is no JSON`, { cause });
  }
}
