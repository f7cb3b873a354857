import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { keywatch, tempFolder, until } from "../support.ts";
import { type Loaded, loadHttp, percentile } from "./http_load.ts";

const TOKEN = "t-load-0123456789abcdef";

/** serveUnderLoad runs the load against a `serve` of its own and checks what must hold whatever the load. Gives the figures. */
export async function serveUnderLoad(load: { pushers: number; records: number; ms: number }): Promise<Loaded> {
  const folder = tempFolder();
  const port = 20_000 + (process.pid % 20_000);
  const file = join(folder, "keywatch.yaml");
  writeFileSync(
    file,
    JSON.stringify({
      store: { path: join(folder, "data") },
      http: {
        listen: `127.0.0.1:${port}`,
        tokens: [{ name: "load", token: TOKEN, roles: ["ingest", "read"] }],
        max_body: "1MiB",
        timeout: "8s",
      },
      route: { receiver: "none" },
      receivers: [{ name: "none" }],
    }),
  );
  let said = "";
  const run = keywatch(["--config", file, "serve"], {
    onOutput: (text) => {
      said = text;
    },
  });
  try {
    await until("the address", () => said.includes("is at http"));
    const loaded = await loadHttp({ ...load, port, token: TOKEN, pid: run.child.pid! });
    const { answers, accepted, memory, times } = loaded;
    const of = (who: string) => Object.fromEntries([...answers].filter(([name]) => name.startsWith(`${who} `)));
    const statuses = (who: string) => Object.keys(of(who)).map((name) => Number(name.slice(who.length + 1)));
    process.stderr.write(
      `http load: ${accepted} records accepted in ${load.ms / 1000} s from ${load.pushers} pushers (${Math.round((accepted * 1000) / load.ms)}/s), push p50 ${percentile(times, 0.5)} ms p99 ${percentile(times, 0.99)} ms with its retries, memory ${memory[0]} to at most ${Math.max(...memory)} MB; ${JSON.stringify(Object.fromEntries(answers))}\n`,
    );
    // On a busy machine even a good client may be too slow once (408) or give up waiting (0), and then it sends again.
    expect(new Set([...statuses("push"), 0, 200, 408, 429])).toEqual(new Set([0, 200, 408, 429]));
    expect((of("push")["push 0"] ?? 0) / (of("push")["push 200"] ?? 0)).toBeLessThan(0.01);
    expect(of("push")["push 200"]).toBeGreaterThanOrEqual(load.pushers);
    expect(statuses("wrong token")).toEqual([401]);
    expect(statuses("no token")).toEqual([401]);
    expect(new Set([...statuses("no JSON"), 400, 429])).toEqual(new Set([400, 429]));
    // A body that is refused before it was read may find the connection closed while it is still being sent: 0.
    for (const who of ["too long", "bomb", "endless"]) {
      expect([who, new Set([...statuses(who), 408, 413, 429, 0])]).toEqual([who, new Set([408, 413, 429, 0])]);
      expect([who, statuses(who).includes(413)]).toEqual([who, true]);
    }
    expect(of("slow")).toEqual({ "slow 408": 38 });
    // What was answered with 200 is there, once; nothing else is.
    const rows = await keywatch([
      "--config",
      file,
      "sql",
      "select count() as n, count(distinct event_uid) as ids from events final",
      "--format",
      "json",
    ]);
    expect(JSON.parse(rows.stdout)).toEqual({ n: accepted, ids: accepted });
    expect(Math.max(...memory)).toBeLessThan(1_500);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    run.child.kill("SIGTERM");
    const { code } = await run;
    // Clients that are slow or go away are theirs to mend: no line of the log is about them.
    expect({ code, said }).toEqual({ code: 0, said: expect.not.stringContaining('"level":"error"') });
    return loaded;
  } finally {
    run.child.kill("SIGKILL");
    await run;
  }
}
