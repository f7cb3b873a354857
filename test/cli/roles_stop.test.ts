import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import kafkajs from "kafkajs";
import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";
import { type Named, stopRoles } from "../../cli/roles/stop_roles.ts";
import { joinGroup } from "../../ingest/kafka/consume.ts";
import { Stopped } from "../../schemas/stopping.ts";
import { keywatch, tempFolder } from "../support.ts";

/** A port of this machine at which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("roles that start", () => {
  test("end in order at SIGTERM, though the store they wait for is away", async () => {
    const folder = tempFolder();
    const file = join(folder, "keywatch.yaml");
    const [store, broker] = [await deadPort(), await deadPort()];
    writeFileSync(
      file,
      JSON.stringify({
        store: { url: `http://127.0.0.1:${store}`, path: folder, retry_for: "1s" },
        kafka: { brokers: [`127.0.0.1:${broker}`] },
        http: { listen: "127.0.0.1:0" },
      }),
    );
    let toldAt = 0;
    const ran = await keywatch(["--config", file, "serve", "--roles", "detect,web"], {
      env: { KEYWATCH_PEPPER: "11".repeat(32) },
      onOutput(text, child) {
        if (toldAt > 0 || !text.includes("trying again")) return;
        toldAt = Date.now();
        child.kill("SIGTERM");
      },
    });
    expect([ran.code, ran.stderr.includes("Stopping")]).toEqual([0, true]);
    expect(Date.now() - toldAt).toBeLessThan(10_000);
  });

  test("no longer wait for brokers that are away", async () => {
    const { Kafka, logLevel } = kafkajs;
    const kafka = new Kafka({ brokers: [`127.0.0.1:${await deadPort()}`], logLevel: logLevel.NOTHING });
    const stopping = new AbortController();
    const joining = joinGroup({
      ...{ kafka, group: "g", topics: ["t"], sessionTimeout: 10_000, stopping: stopping.signal },
      open: () => Promise.reject(new Error("never opened")),
      onGap: () => undefined,
      onTrouble: () => undefined,
    });
    setTimeout(() => stopping.abort(new Stopped()), 500);
    const begun = performance.now();
    await expect(joining).rejects.toThrow(Stopped);
    expect(performance.now() - begun).toBeLessThan(3_000);
  });
});

describe("roles that stop", () => {
  const silent = pino({ level: "silent" });

  /** Stops with roles of which one may throw and one may hang; in which order what was stopped, and how it went. */
  async function stopped(faults: Record<string, "throws" | "hangs">): Promise<[string[], boolean, number]> {
    vi.useFakeTimers();
    const order: string[] = [];
    const end = async (name: string): Promise<void> => {
      order.push(name);
      if (faults[name] === "throws") throw new Error("no");
      if (faults[name] === "hangs") await new Promise(() => undefined);
    };
    const running: Named[] = (["web", "ingest", "folders", "detect", "alert"] as const).map((name) => ({
      name,
      role: { lanes: () => [], stop: () => end(name) },
    }));
    const begun = Date.now();
    const going = stopRoles({ starting: Promise.resolve(), running, close: () => end("store"), log: silent });
    await vi.runAllTimersAsync();
    const well = await going;
    const ms = Date.now() - begun;
    vi.useRealTimers();
    return [order, well, ms];
  }
  const all = ["web", "ingest", "folders", "detect", "alert", "store"];

  test("go in the direction of the data, the store last", async () => {
    expect(await stopped({})).toEqual([all, true, 0]);
  });

  test("one that throws is told, and the others stop all the same", async () => {
    expect(await stopped({ ingest: "throws", alert: "throws" })).toEqual([all, false, 0]);
  });

  test("those that hang are cut off, and all of them together take 27 s at most", async () => {
    const [order, well, ms] = await stopped(Object.fromEntries(all.map((name) => [name, "hangs"])));
    expect([order, well]).toEqual([all, false]);
    expect(ms).toBeLessThanOrEqual(27_000);
  });
});
