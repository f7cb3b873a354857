import type { Backend } from "../../dashboard/backend.ts";
import { createServer } from "../../dashboard/server.ts";
import { config } from "../../schemas/config.ts";
import type { Store } from "../../schemas/store/store.ts";

export const READ_TOKEN = "t-read-0123456789";
export const INGEST_TOKEN = "t-ingest-0123456789";

const http = (over: object) =>
  config.parse({
    http: {
      tokens: [
        { name: "reader", token: READ_TOKEN, roles: ["read"] },
        { name: "shipper", token: INGEST_TOKEN, roles: ["ingest"] },
      ],
      ...over,
    },
  }).http;

export interface Door {
  /** Address of the server; the door is at /clickhouse. */
  url: string;
  errors: Error[];
  close(): Promise<void>;
}

/** openDoor listens with the real server on a store. */
export async function openDoor(store: Store, over: object = {}): Promise<Door> {
  const errors: Error[] = [];
  const backend: Partial<Backend> = { now: Date.now, store };
  const server = createServer(http(over), backend as Backend, (error) => void errors.push(error));
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    errors,
    async close() {
      server.server.closeAllConnections();
      await server.close();
    },
  };
}
