import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reading } from "../schemas/store/reading.ts";
import type { Store } from "../schemas/store/store.ts";
import { sendAnswer, sendException } from "./clickhouse/answer.ts";
import { Exception, exceptionOf } from "./clickhouse/exception.ts";
import { type Format, formatOf } from "./clickhouse/formats.ts";
import { type Judged, judge } from "./clickhouse/guard.ts";
import { helloBlock, isHello } from "./clickhouse/hello.ts";
import { documentSettings, engineSettings, type Limits } from "./clickhouse/limits.ts";
import { type Asked, readRequest } from "./clickhouse/request.ts";
import { loadRules, type Rules } from "./clickhouse/rules.ts";
import { settingsOf } from "./clickhouse/settings.ts";
import { createSlots } from "./clickhouse/slots.ts";

/** ClickhouseEndpoint answers ClickHouse's HTTP interface from the embedded store, reading only. */
export interface ClickhouseEndpoint {
  answer(request: IncomingMessage, body: AsyncIterable<Buffer> | null, response: ServerResponse): Promise<void>;
}

const GRACE_MS = 30_000;

const ELSEWHERE =
  "This keywatch keeps its data on a ClickHouse server (store.url): ask that one, with a user of its own that can only read. docs/queries.md has the statements that make it.";

export function createClickhouseEndpoint(
  store: Store,
  limits: Limits,
  onError: (error: Error) => void,
): ClickhouseEndpoint {
  const slots = createSlots(limits);
  let rules: Promise<{ rules: Rules; version: string }> | null = null;

  /** What the engine has and is called; asked once. */
  const facts = async (): Promise<{ rules: Rules; version: string }> => {
    const [row] = await store.rows("SELECT version() AS version");
    return { rules: await loadRules(store), version: String(row!.version) };
  };

  async function ask(asked: Asked, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { openReading } = store;
    if (openReading === null) throw new Exception(48, "NOT_IMPLEMENTED", ELSEWHERE);
    rules ??= facts();
    const known = await rules.catch((error: unknown) => {
      rules = null;
      throw error;
    });
    const judged = judge(asked.query, known.rules, asked.params);
    const format = formatOf(judged.format ?? asked.format ?? "TabSeparated");
    if (isHello(judged, asked.protocol, format.name)) {
      return sendAnswer(response, asked, format, [helloBlock(asked.protocol, known.version)]);
    }
    const streams = judged.streams && format.header !== null && asked.settings.get("extremes") !== "1";
    const most = { ...engineSettings(limits), ...(streams ? {} : documentSettings) };
    const settings = { ...most, ...settingsOf(asked.settings, most) };
    const release = await slots.take(signal);
    try {
      const reading = await openReading({ settings, params: asked.params });
      const gone = (): void => reading.cancel();
      // A client that does not take its answer must not keep the place of others.
      const late = setTimeout(() => response.destroy(), limits.max_time + GRACE_MS);
      signal.addEventListener("abort", gone, { once: true });
      try {
        await (streams
          ? sendAnswer(response, asked, format, joined(reading, judged, format))
          : sendWhole(reading, judged, asked, format, response));
      } finally {
        clearTimeout(late);
        signal.removeEventListener("abort", gone);
        await reading.close();
      }
    } finally {
      release();
    }
  }

  return {
    async answer(request, body, response) {
      const gone = new AbortController();
      response.once("close", () => {
        if (!response.writableFinished) gone.abort();
      });
      let asked: Asked | null = null;
      try {
        asked = await readRequest(request, body);
        await ask(asked, response, gone.signal);
      } catch (error) {
        const exception = exceptionOf(error);
        if (exception.code === 1002 && !gone.signal.aborted) onError(error as Error);
        sendException(response, exception, asked);
      }
    },
  };
}

/** joined makes one answer of the pieces: only the first keeps its header. */
async function* joined(reading: Reading, { sql }: Judged, format: Format): AsyncIterable<Buffer> {
  let header: number | null = null;
  for await (const piece of reading.pieces(sql, format.name)) {
    yield header === null ? piece : piece.subarray(header);
    header ??= format.header!(piece);
  }
}

async function sendWhole(
  reading: Reading,
  { sql }: Judged,
  asked: Asked,
  format: Format,
  response: ServerResponse,
): Promise<void> {
  const { bytes, rowsRead, bytesRead } = await reading.whole(sql, format.name);
  await sendAnswer(response, asked, format, [bytes], { rowsRead, bytesRead });
}
