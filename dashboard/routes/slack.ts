import { toTool } from "../inbound.ts";
import type { Surface } from "../surface.ts";

/** slackRoutes take clicks on buttons; set this address as the app's Interactivity Request URL. */
export function slackRoutes({ server, backend: { inbound } }: Surface): void {
  if (inbound) server.post("/v1/slack/interactions", (request, reply) => toTool(request, reply, inbound.slack));
}
