import { useEffect } from "preact/hooks";
import type { Evidence, IncidentDetail } from "../../../schemas/http_api.ts";
import { Hours } from "../charts/hours.tsx";
import { Ladder } from "../charts/ladder.tsx";
import { TimeBars } from "../charts/time_bars.tsx";
import { count, label, minute, plural, words } from "../format.ts";
import { useData, useTitle } from "../hooks.ts";
import type { Live } from "../live.ts";
import { Facts, Fault, Panel, Severity, Status, Time, Waiting } from "../parts.tsx";
import { Link } from "../router.tsx";
import { Actions } from "./actions.tsx";
import { EventTable } from "./event_table.tsx";
import { FindingList } from "./findings.tsx";

/** IncidentView explains one incident: why, in words and pictures, what to do, and what became of it. */
export function IncidentView({ id, live }: { id: string; live: Live }) {
  const { data: i, error, reload } = useData<IncidentDetail>(`/v1/incidents/${encodeURIComponent(id)}`);
  const evidence = useData<Evidence>(`/v1/incidents/${encodeURIComponent(id)}/evidence`);
  const { last } = live;
  const here = last !== null && last.incident_uid === i?.uid ? `${last.n} ${last.kind}` : "";
  const again = evidence.reload;
  useEffect(() => {
    if (here === "") return;
    reload();
    again();
  }, [here, reload, again]);
  useTitle(i?.title ?? "Incident");
  if (error && !i) return <Fault error={error} reload={reload} />;
  if (!i) return <Waiting />;
  return (
    <>
      <p class="crumbs">
        <Link href="/incidents">Incidents</Link> / {label(i.uid)}
      </p>
      <div class={`headline sev-edge-${i.severity}`}>
        <h1>{i.title}</h1>
        <p>
          <Severity of={i.severity} /> <Status incident={i} />{" "}
          <span class="soft">
            {minute(i.first_seen)} to {minute(i.last_seen)} UTC
          </span>
        </p>
      </div>
      {error && <Fault error={error} reload={reload} />}
      <Actions incident={i} changed={reload} />
      <div class="columns">
        <div class="stack">
          <Panel title="Why">
            <ul class="reasons">
              {i.reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
          </Panel>
          {evidence.error && <Fault error={evidence.error} reload={evidence.reload} />}
          {evidence.data ? <Pictures evidence={evidence.data} /> : !evidence.error && <Waiting />}
        </div>
        <div class="stack">
          <Panel title="Do now">
            <ol class="runbook">
              {i.runbook.map((step) => (
                <li key={step}>{step}</li>
              ))}
            </ol>
          </Panel>
          <Panel title="About">
            <Facts
              of={[
                [
                  "Key",
                  <Link href={`/key?id=${encodeURIComponent(i.subject_uid)}`}>
                    {i.key_name ?? i.key_hint ?? i.principal ?? i.subject_uid}
                  </Link>,
                ],
                ["Principal", i.principal ?? i.principal_uid],
                ["Owner", i.owner ?? "none declared"],
                ["Environment", i.environment ?? "none declared"],
                ["Provider", [i.provider, i.account].filter(Boolean).join(" ")],
                ["Risk", `${Math.round(i.risk)} of 100`],
                ["Events", count(i.event_count)],
                ["Assigned to", i.assignee ?? "nobody"],
                ...(i.merged_into
                  ? ([["Merged into", <Link href={`/incidents/${i.merged_into}`}>{label(i.merged_into)}</Link>]] as [
                      string,
                      preact.ComponentChildren,
                    ][])
                  : []),
                ...(i.members.length > 0 ? ([["Keys in it", count(i.members.length)]] as [string, string][]) : []),
              ]}
            />
          </Panel>
          <Panel title="What became of it">
            <ol class="log">
              {[...i.transitions].reverse().map((t) => (
                <li key={t.n}>
                  <Time at={t.at} /> <strong>{words(t.kind)}</strong> <span class="soft">by {t.actor}</span>
                  {t.note && <p>{t.note}</p>}
                </li>
              ))}
            </ol>
          </Panel>
        </div>
      </div>
      {evidence.data && (
        <>
          <Panel title="Findings" note={plural(evidence.data.findings.length, "detection result")}>
            <FindingList findings={evidence.data.findings} />
          </Panel>
          <Panel
            title="Events behind it"
            note={`${count(evidence.data.events.length)} of ${count(i.event_count)}, oldest first`}
            actions={
              <Link
                href={`/events?key=${encodeURIComponent(i.subject_uid)}&from=${Date.parse(i.first_seen) - 3_600_000}&to=${Date.parse(i.last_seen) + 3_600_000}`}
              >
                Everything it did around then
              </Link>
            }
          >
            <EventTable events={evidence.data.events} />
          </Panel>
        </>
      )}
    </>
  );
}

function Pictures({ evidence: { hours, counts, ladder } }: { evidence: Evidence }) {
  return (
    <>
      {counts && (
        <Panel title="How much" note={`calls in ${counts.step_ms / 60_000} minutes`}>
          <TimeBars
            title="Calls around the incident"
            from={counts.points[0]?.at ?? counts.from}
            to={(counts.points.at(-1)?.at ?? counts.to) + counts.step_ms}
            step={counts.step_ms}
            series={[
              {
                name: "succeeded",
                fill: "fill-main",
                values: new Map(counts.points.map((p) => [p.at, p.calls - p.failed])),
              },
              { name: "failed", fill: "fill-bad", values: new Map(counts.points.map((p) => [p.at, p.failed])) },
            ]}
            band={counts.expected}
            mark={{ from: counts.from, to: counts.to }}
          />
          {counts.expected === null && <p class="soft">Too little is known of it to say how much is usual.</p>}
        </Panel>
      )}
      {ladder.length > 0 && (
        <Panel title="Where from" note="against every place it used before">
          <Ladder rungs={ladder} />
        </Panel>
      )}
      {hours && (
        <Panel title="When" note={hours.words}>
          <Hours chart={hours} />
        </Panel>
      )}
    </>
  );
}
