import { toTool } from "../inbound.ts";
import type { Surface } from "../surface.ts";

/** pagerdutyRoutes take what was done in PagerDuty (webhooks of version 3) and in Opsgenie or Jira Service Management. */
export function pagerdutyRoutes({ server, backend: { inbound } }: Surface): void {
  if (!inbound) return;
  server.post("/v1/pagerduty/webhook", (request, reply) => toTool(request, reply, inbound.pagerduty));
  server.post("/v1/opsgenie/webhook", (request, reply) => toTool(request, reply, inbound.opsgenie));
}
