import { createServer } from "../../dashboard/server.ts";
import { createPush } from "../push.ts";
import { listen, listOf, oneOf, statusOf } from "../serve.ts";
import type { Hub, Role } from "./hub.ts";
import { remoteApp } from "./remote_app.ts";

/** startWeb takes pushes and answers questions; it judges nothing, so there may be many behind one address. */
export async function startWeb(hub: Hub): Promise<Role & { address: string }> {
  const app = await remoteApp(hub);
  const server = createServer(
    hub.config.http,
    { push: createPush(app), incidents: listOf(app), incident: oneOf(app), status: () => statusOf(app) },
    (error) => hub.log.error({ error: String(error) }, "A request failed."),
  );
  const address = await listen(server, hub.config.http.listen);
  return {
    address,
    lanes: () => [],
    async stop() {
      await server.close();
      await app.close();
    },
  };
}
