import type { Command } from "../../schemas/incident.ts";
import { findingLine, incidentLine } from "../../schemas/wire.ts";
import { Refused } from "../backend.ts";
import { mount } from "../endpoint.ts";
import { incidentEndpoints as e, exploreEndpoints } from "../endpoints.ts";
import type { Surface } from "../surface.ts";

export function incidentRoutes(surface: Surface): void {
  const { backend } = surface;

  async function detail(id: string): Promise<object> {
    const found = await backend.incident(id);
    if (!found) throw new Refused(404, "There is no such incident.");
    return { ...incidentLine(found.incident), transitions: found.transitions.map(({ state: _, ...t }) => t) };
  }

  mount(surface, e.list, async ({ query }) => ({ incidents: (await backend.incidents(query)).map(incidentLine) }));
  mount(surface, e.one, ({ id }) => detail(id));
  mount(surface, e.evidence, async ({ id }) => {
    const evidence = await backend.evidence(id);
    if (!evidence) throw new Refused(404, "There is no such incident.");
    return evidence;
  });

  type Said = Partial<Pick<Command, "note" | "assignee" | "verdict">>;
  const change = async (kind: Command["kind"], id: string, actor: string, said: Said): Promise<object> => {
    const command = { incident_uid: id, kind, actor, note: "", assignee: null, verdict: null, ...said };
    const changed = await backend.command(command);
    return { changed, incident: await detail(id) };
  };
  mount(surface, e.acknowledge, ({ id, actor, body }) => change("acknowledge", id, actor, body));
  mount(surface, e.assign, ({ id, actor, body }) => change("assign", id, actor, body));
  mount(surface, e.comment, ({ id, actor, body }) => change("comment", id, actor, body));
  mount(surface, e.resolve, ({ id, actor, body }) => change("resolve", id, actor, body));
  mount(surface, e.reopen, ({ id, actor, body }) => change("reopen", id, actor, body));

  mount(surface, exploreEndpoints.findings, async ({ query }) => ({
    findings: (await backend.findings(query)).map(findingLine),
  }));
  mount(surface, exploreEndpoints.finding, async ({ id }) => {
    const finding = await backend.finding(id);
    if (!finding) throw new Refused(404, "There is no such finding, or several begin so.");
    return findingLine(finding);
  });
}
