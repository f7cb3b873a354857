import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { cloudTrail } from "../records.ts";

/** How long beyond its end a load may go on until every kind of client had its answer: machines are busy at times. */
const PATIENCE_MS = 60_000;

export interface Load {
  port: number;
  /** Process of the server, whose memory is watched. */
  pid: number;
  token: string;
  pushers: number;
  records: number;
  ms: number;
}

export interface Loaded {
  /** Records whose push was answered with 200. */
  accepted: number;
  /** Answers by who asked and status: "push 200", "slow body 408". */
  answers: Map<string, number>;
  /** Resident memory of the server, MB, once a second. */
  memory: number[];
  /** Times of accepted pushes, ms, sorted. */
  times: number[];
}

/** One of 500 keys; the pushers share them, so that profiles and batches mix. */
const records = (count: number, pusher: number): object[] =>
  Array.from({ length: count }, (_, i) =>
    cloudTrail({
      userIdentity: {
        type: "IAMUser",
        arn: `arn:aws:iam::111122223333:user/app-${(pusher * 7 + i) % 500}`,
        accountId: "111122223333",
        accessKeyId: `AKIAEXAMPLEKEY${String(100_000 + ((pusher * 7 + i) % 500)).replace(/[0189]/g, "Z")}`,
        userName: `app-${(pusher * 7 + i) % 500}`,
      },
    }),
  );

/** loadHttp has many pushers send packed batches for a while, with clients among them that are slow, wrong, too big or not allowed. */
export async function loadHttp(load: Load): Promise<Loaded> {
  const { port, token, pid } = load;
  const result: Loaded = { accepted: 0, answers: new Map(), memory: [], times: [] };
  const end = Date.now() + load.ms;
  const url = `http://127.0.0.1:${port}/v1/ingest/aws_cloudtrail`;
  const auth = { authorization: `Bearer ${token}` };
  const count = (who: string, status: number) =>
    result.answers.set(`${who} ${status}`, (result.answers.get(`${who} ${status}`) ?? 0) + 1);
  const post = async (
    who: string,
    body: RequestInit["body"],
    headers: Record<string, string>,
  ): Promise<Response | null> => {
    try {
      const answer = await fetch(url, {
        method: "POST",
        body: body as string,
        headers,
        signal: AbortSignal.timeout(30_000),
      });
      count(who, answer.status);
      return answer;
    } catch {
      // The server may close while a body that it has refused is still being sent.
      count(who, 0);
      return null;
    }
  };

  async function pusher(number: number): Promise<void> {
    for (let first = true; first || Date.now() < end; first = false) {
      const batch = records(load.records, number);
      const body = gzipSync(JSON.stringify({ Records: batch }));
      const start = performance.now();
      // What was begun is brought to its end, so that what was accepted is known.
      for (;;) {
        const answer = await post("push", body, auth);
        const said = (await answer?.json()) as { stored?: number; duplicates?: number } | undefined;
        if (answer?.status === 200) {
          result.accepted += (said?.stored ?? 0) + (said?.duplicates ?? 0);
          result.times.push(performance.now() - start);
          break;
        }
        if (Date.now() > end + PATIENCE_MS)
          throw new Error(`A push never came through; the last answer: ${answer?.status}`);
        await sleep(200 + Math.random() * 800);
      }
    }
  }
  /** Asks again and again, at least until the answer came that it has to be. */
  async function again(who: string, status: number, ask: () => Promise<Response | null>): Promise<void> {
    const last = end + PATIENCE_MS;
    while (Date.now() < last && (Date.now() < end || !result.answers.has(`${who} ${status}`))) {
      const answer = await ask();
      await answer?.arrayBuffer();
      await sleep(50);
    }
  }
  const big = "x".repeat(2_000_000);
  const bomb = gzipSync("a".repeat(60_000_000));
  const sockets = [
    ...Array.from({ length: 5 }, () => drip(port, "")),
    ...Array.from({ length: 25 }, () =>
      drip(port, `POST /v1/ingest/aws_cloudtrail HTTP/1.1\r\nhost: localhost\r\nx-a: `),
    ),
    ...Array.from({ length: 8 }, () =>
      drip(
        port,
        `POST /v1/ingest/aws_cloudtrail HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-length: 90000\r\n\r\n[{`,
      ),
    ),
  ];
  const watch = setInterval(() => result.memory.push(residentMb(pid)), 1_000);
  await Promise.all([
    ...Array.from({ length: load.pushers }, (_, n) => pusher(n)),
    again("wrong token", 401, () =>
      post("wrong token", gzipSync("[]"), { authorization: "Bearer wrong-token-0123456789" }),
    ),
    again("no token", 401, () => post("no token", "[]", {})),
    again("no JSON", 400, () => post("no JSON", "not a record", auth)),
    again("too long", 413, () => post("too long", big, auth)),
    again("bomb", 413, () => post("bomb", bomb, auth)),
    again("endless", 413, () => endless(port, token, count)),
  ]);
  for (const answered of await Promise.all(sockets.map((s) => s.answered))) count("slow", answered);
  clearInterval(watch);
  result.memory.push(residentMb(pid));
  result.times.sort((a, b) => a - b);
  return result;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** endless sends chunk after chunk of a body that has no end, as fast as it is taken, until the connection is closed. */
function endless(port: number, token: string, count: (who: string, status: number) => void): Promise<null> {
  const socket = connect(port, "127.0.0.1");
  const line = `${JSON.stringify({ pad: "y".repeat(60_000) })}\n`;
  const chunk = `${line.length.toString(16)}\r\n${line}\r\n`;
  let said = "";
  const pour = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", pour);
  socket.on("data", (data: Buffer) => {
    said += data.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.write(
    `POST /v1/ingest/aws_cloudtrail HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  pour();
  return new Promise((resolve) =>
    socket.on("close", () => {
      count("endless", statusOf(said));
      resolve(null);
    }),
  );
}

const statusOf = (said: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(said)?.[1] ?? 0);

/** drip sends a beginning, and then a byte now and then, until the server has had enough. */
function drip(port: number, head: string): { answered: Promise<number> } {
  const socket: Socket = connect(port, "127.0.0.1");
  let said = "";
  const timer = setInterval(() => head !== "" && socket.write("a"), 500);
  const answered = new Promise<number>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearInterval(timer);
      resolve(statusOf(said));
    });
  });
  if (head !== "") socket.write(head);
  return { answered };
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

export const percentile = (sorted: readonly number[], share: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
