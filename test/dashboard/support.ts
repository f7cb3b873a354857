import type { App } from "../../cli/app.ts";
import { addInventory } from "../../cli/inventory_store.ts";
import { createBackend } from "../../cli/web/backend.ts";
import type { Backend } from "../../dashboard/backend.ts";
import { createExposition } from "../../dashboard/metrics.ts";
import { createServer } from "../../dashboard/server.ts";
import type { ConfigText } from "../../schemas/config.ts";
import { cloudTrail } from "../records.ts";
import { openTestApp, tempFolder } from "../support.ts";

export const READ_TOKEN = "t-read-0123456789";
export const ADMIN_TOKEN = "t-admin-0123456789";
export const withTokens: ConfigText = {
  http: {
    tokens: [
      { name: "shipper", token: "t-ingest-0123456789", roles: ["ingest"] },
      { name: "reader", token: READ_TOKEN, roles: ["read"] },
      { name: "ann", token: ADMIN_TOKEN, roles: ["admin"] },
    ],
  },
};

export interface Web {
  app: App;
  base: string;
  backend: Backend;
  server: ReturnType<typeof createServer>;
  push(records: object[]): Promise<void>;
  close(): Promise<void>;
}

/** openWeb is the whole monitor behind a real port, with one key declared read-only. */
export async function openWeb(text: ConfigText = {}): Promise<Web> {
  const app = await openTestApp(tempFolder(), text);
  await addInventory(
    app.store,
    {
      keys: [
        { name: "report-bot", provider: "aws_cloudtrail", id: "AKIAIOSFODNN7EXAMPLE", owner: "team-a", access: "read" },
        { name: "old-bot", provider: "aws_cloudtrail", id: "AKIAEXAMPLENEVERUSED" },
      ],
    },
    0,
    app.parts.fingerprint,
  );
  await app.reloadInventory();
  const backend = createBackend(app, { exposition: createExposition(), faults: async () => [] });
  const server = createServer(app.config.http, backend, (error) => console.error(error));
  const base = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    app,
    base,
    backend,
    server,
    async push(records) {
      const answer = await fetch(`${base}/v1/ingest/aws_cloudtrail`, {
        method: "POST",
        body: JSON.stringify(records),
        headers: { authorization: "Bearer t-ingest-0123456789" },
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    async close() {
      await server.close();
      await app.close();
    },
  };
}

/** write is a call that report-bot must not make: it becomes an incident at once. */
export const write = (over: object = {}) =>
  cloudTrail({
    eventTime: new Date().toISOString(),
    eventSource: "s3.amazonaws.com",
    eventName: "PutObject",
    readOnly: false,
    ...over,
  });
