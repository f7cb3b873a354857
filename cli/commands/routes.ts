import { type Explained, explainRouting, ruleText } from "../../alert/explain.ts";
import { labelsOf } from "../../alert/route.ts";
import { incidentLabels } from "../../schemas/config_routing.ts";
import { formatDuration } from "../../schemas/duration.ts";
import { incidentLabel } from "../../schemas/incident.ts";
import type { Labels } from "../../schemas/matcher.ts";
import { silenceLabel } from "../../schemas/silence.ts";
import type { App } from "../app.ts";
import { CommandFault, type Out } from "../out.ts";
import { inert, shortTime } from "../table.ts";
import { flag, type StoreCommand, texts } from "./command.ts";

/** Living incidents that are looked at for inhibition. */
const LIVING = 100_000;

/** routesExplain says whom an incident with these labels would reach now, when, and what would hold it back. */
export const routesExplain: StoreCommand = async ({ app, args, out }) => {
  const labels = await labelsFrom(app, texts(args.labels));
  const living = await app.alerter.list({ statuses: ["open", "acknowledged", "reopened"], limit: LIVING });
  const explained = explainRouting(labels, {
    config: app.config,
    silences: await app.alerter.silences(),
    living: living
      .filter((i) => incidentLabel(i.uid) !== labels.incident)
      .map((i) => ({ uid: i.uid, labels: labelsOf(i) })),
    now: app.now(),
  });
  if (flag(args.json)) out.line(JSON.stringify(explained));
  else tell(explained, app, out);
  return 0;
};

/** labelsFrom reads k=v; `incident=INC-…` brings the labels of that incident, the others replace some of them. */
async function labelsFrom(app: App, given: readonly string[]): Promise<Labels> {
  const labels: Labels = {};
  for (const text of given) {
    const [, name = "", value = ""] = /^([a-z_]+)=(.*)$/s.exec(text) ?? [];
    if (!(incidentLabels as readonly string[]).includes(name))
      throw new CommandFault(`"${inert(text)}" names no label; write k=v with one of ${incidentLabels.join(", ")}.`, 2);
    labels[name] = value.replace(/^"(.*)"$/s, "$1");
  }
  if (!labels.incident) return labels;
  const incident = await app.alerter.get(labels.incident);
  if (incident === null) throw new CommandFault(`There is no incident ${inert(labels.incident)}.`);
  return { ...labelsOf(incident), ...labels, incident: incidentLabel(incident.uid) };
}

function tell({ routes, tree, silences, inhibited_by, inhibit_rules }: Explained, app: App, out: Out): void {
  for (const r of routes) {
    const channels = r.channels.map((c) => (c.budget === null ? c.kind : `${c.kind}, ${c.budget} a day`)).join("; ");
    out.line(`-> ${inert(r.receiver)} (${channels || "no channels: nobody hears of it"}), by ${r.path}`);
    out.line(
      `   first after ${formatDuration(r.group_wait)}; again every ${formatDuration(r.repeat_interval)} until somebody acknowledges`,
    );
    out.line(
      r.group_by === null
        ? "   each incident by itself; what happens later goes at once"
        : `   together with others of the same ${r.group_by.join(", ") || "route"}; what comes later ${formatDuration(r.group_interval)} after the last message`,
    );
    for (const { after, receiver } of r.escalation)
      out.line(`   not acknowledged within ${formatDuration(after)}: ${inert(receiver)} hears of it`);
    if (r.muted !== null) out.line(`   held now: ${inert(r.muted)}`);
  }
  for (const s of silences)
    out.line(
      `held by ${silenceLabel(s.uid)} until ${shortTime(s.ends_at)} UTC, ${inert(s.author)}: ${inert(s.reason)}`,
    );
  for (const { incident, rule } of inhibited_by)
    out.line(`inhibited by ${incidentLabel(incident)}: ${inert(ruleText(app.config.inhibit_rules[rule]!))}`);
  if (inhibited_by.length === 0)
    for (const rule of inhibit_rules)
      out.line(`would be inhibited by a living source: ${inert(ruleText(app.config.inhibit_rules[rule]!))}`);
  out.line("");
  for (const line of tree) out.line(inert(line));
}
