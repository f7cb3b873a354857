import { createServer, request, type Server } from "node:http";

export type Mood = "well" | "errors" | "slow" | "gone";

/** Trouble stands between the roles and the store, and misbehaves when it is told to. */
export interface Trouble {
  url: string;
  mood(mood: Mood): void;
  stop(): Promise<void>;
}

/** troubleBefore passes HTTP on: whole, with every third answer a 500, late, or with connections that break. */
export async function troubleBefore(url: string): Promise<Trouble> {
  let mood: Mood = "well";
  let n = 0;
  const target = new URL(url);
  const server: Server = createServer((req, res) => {
    if (mood === "gone") return void req.socket.destroy();
    const fails = mood === "errors" && ++n % 3 === 0;
    // Half of the failures did their work before: the caller cannot know.
    if (fails && n % 2 === 0) {
      req.resume();
      return void res.writeHead(500).end("Code: 999. DB::Exception: in trouble (TROUBLE)");
    }
    const pass = () => {
      const on = request(
        { host: target.hostname, port: target.port, path: req.url, method: req.method, headers: req.headers },
        (answer) => {
          if (fails) {
            answer.resume();
            answer.on("end", () => res.writeHead(500).end("Code: 999. DB::Exception: in trouble (TROUBLE)"));
            return;
          }
          res.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(res);
        },
      );
      on.on("error", () => res.destroy());
      req.pipe(on);
    };
    if (mood === "slow") setTimeout(pass, 300);
    else pass();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    mood(next) {
      mood = next;
      if (next === "gone") server.closeAllConnections();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
