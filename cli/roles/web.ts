import type { Exposition } from "../../dashboard/metrics.ts";
import { createServer } from "../../dashboard/server.ts";
import { watchBrokers } from "../../ingest/kafka/answers.ts";
import { createReadings } from "../readings.ts";
import { createReadiness } from "../ready.ts";
import { listen } from "../serve.ts";
import { createBackend } from "../web/backend.ts";
import type { Hub, Role } from "./hub.ts";
import { remoteApp } from "./remote_app.ts";

/**
 * startWeb takes pushes and answers questions; it judges nothing, so there may be many behind one address. `roles` are those of this
 * process, for what only they know.
 */
export async function startWeb(
  hub: Hub,
  exposition: Exposition,
  roles: () => readonly Role[],
): Promise<Role & { address: string }> {
  const app = await remoteApp(hub);
  exposition.read(
    createReadings(app, {
      judging: () =>
        roles()
          .map((role) => role.judging?.())
          .find((known) => known) ?? null,
      queue: () =>
        roles()
          .map((role) => role.queue?.())
          .find((known) => known) ?? null,
    }),
  );
  const brokers = watchBrokers(hub.brokers, hub.topics.events);
  const readiness = createReadiness(app, { brokersAnswer: brokers.answers });
  const server = createServer(hub.config.http, createBackend(app, { exposition, faults: readiness.faults }), (error) =>
    hub.log.error({ error: String(error) }, "A request failed."),
  );
  const address = await listen(server, hub.config.http.listen);
  return {
    address,
    lanes: () => [],
    async stop() {
      readiness.stop();
      await server.close();
      brokers.close();
      await app.close();
    },
    // A slow client keeps its connection; what it sent was not acknowledged.
    cutOff: () => server.server.closeAllConnections(),
  };
}
