import type { Exposition } from "../../dashboard/metrics.ts";
import { createServer } from "../../dashboard/server.ts";
import { inboundOf } from "../answering.ts";
import { createPush } from "../push.ts";
import { createReadings } from "../readings.ts";
import { createReadiness } from "../ready.ts";
import { listen, listOf, oneOf, statusOf } from "../serve.ts";
import type { Hub, Role } from "./hub.ts";
import { remoteApp } from "./remote_app.ts";

/** startWeb takes pushes and answers questions; it judges nothing, so there may be many behind one address. */
export async function startWeb(hub: Hub, exposition: Exposition): Promise<Role & { address: string }> {
  const app = await remoteApp(hub);
  exposition.read(createReadings(app));
  const readiness = createReadiness(app);
  const server = createServer(
    hub.config.http,
    {
      push: createPush(app),
      incidents: listOf(app),
      incident: oneOf(app),
      status: () => statusOf(app),
      faults: readiness.faults,
      metrics: async () => ({ text: await exposition.text(), contentType: exposition.contentType }),
      inbound: inboundOf(app),
    },
    (error) => hub.log.error({ error: String(error) }, "A request failed."),
  );
  const address = await listen(server, hub.config.http.listen);
  return {
    address,
    lanes: () => [],
    async stop() {
      readiness.stop();
      await server.close();
      await app.close();
    },
  };
}
