import type { KeyDetail, Share } from "../../../schemas/http_api.ts";
import { Hours } from "../charts/hours.tsx";
import { ShareBars } from "../charts/share_bars.tsx";
import { TimeBars } from "../charts/time_bars.tsx";
import { count, plural, words } from "../format.ts";
import { useData, useTitle } from "../hooks.ts";
import type { Live } from "../live.ts";
import { Code, Empty, Facts, Fault, IncidentRow, Panel, Time, Waiting } from "../parts.tsx";
import { Link } from "../router.tsx";

const DAY = 86_400_000;
const bars = (of: Share[]) =>
  of.map((s) => ({
    name: s.name,
    detail: [s.detail, s.days === null ? null : plural(s.days, "day")].filter(Boolean).join(", "),
    value: s.events,
  }));

/** KeyView puts one key in words and pictures: what was declared, what it does, what is known of it, what is out of order. */
export function KeyView({ id, live }: { id: string; live: Live }) {
  const { data: k, error, reload } = useData<KeyDetail>(`/v1/keys/${encodeURIComponent(id)}`, live.incidents);
  useTitle(k?.name ?? "Key");
  if (error && !k) return <Fault error={error} reload={reload} />;
  if (!k) return <Waiting />;
  const total = k.outcomes.reduce((n, o) => n + o.events, 0);
  return (
    <>
      <p class="crumbs">
        <Link href="/keys">Keys</Link> / {k.name}
      </p>
      <div class="headline">
        <h1>{k.name}</h1>
        <p class="soft">
          {[k.provider, k.key_hint, k.account, words(k.key_type ?? "never seen")].filter(Boolean).join(" · ")}
        </p>
      </div>
      {k.posture.length > 0 && (
        <Panel title="Posture" class="posture">
          <ul class="reasons">
            {k.posture.map((p) => (
              <li key={p.id}>
                <span class="chip">{words(p.id)}</span> {p.words}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <div class="columns">
        <div class="stack">
          {k.per_day.length > 0 ? (
            <PerDay days={k.per_day} span={k.span_days} />
          ) : (
            <Panel title="Use">
              <Empty title="It was never seen in use." />
            </Panel>
          )}
          {k.subject_uid && (
            <Panel title="When" note={k.usual_hours ? `works ${k.usual_hours}` : "no hours of its own"}>
              <Hours
                chart={{
                  cells: k.hours_of_week,
                  marks: [],
                  zone: k.zone,
                  words: k.usual_hours ?? "no hours of its own",
                }}
              />
            </Panel>
          )}
          <Panel title="What keywatch knows of it">
            <Known title="Learned" of={k.learned} none="nothing yet" />
            <Known title="Cannot tell" of={k.uninformative} none="nothing: every dimension speaks" />
            {k.waiting.length > 0 && <Known title="Waits to be confirmed" of={k.waiting.slice(0, 8)} none="" />}
          </Panel>
          <Panel title="Incidents" note={k.incidents.length === 0 ? undefined : plural(k.incidents.length, "incident")}>
            {k.incidents.length === 0 ? (
              <Empty title="It was never part of one." />
            ) : (
              <ul class="rows">
                {k.incidents.map((i) => (
                  <IncidentRow key={i.uid} incident={i} />
                ))}
              </ul>
            )}
          </Panel>
        </div>
        <div class="stack">
          <Panel
            title="About"
            actions={
              k.subject_uid && (
                <Link href={`/events?range=7d&key=${encodeURIComponent(k.subject_uid)}`}>Its events</Link>
              )
            }
          >
            <Facts
              of={[
                ["Owner", k.owner ?? "none declared"],
                ["Environment", k.environment ?? "none declared"],
                ["Access declared", k.access_declared ?? "none declared"],
                ["Access used", k.access_observed ?? "never used"],
                ["Principal", k.principal_uid ?? "-"],
                ["First seen", k.first_seen ? <Time at={k.first_seen} /> : "never"],
                ["Last used", k.last_used ? <Time at={k.last_used} relative /> : "never"],
                ["Calls", count(k.events)],
                ["Denied", count(k.denied)],
              ]}
            />
            {k.declaration === null ? (
              <p class="soft">
                It does not stand in the inventory. `npx keywatch keys draft` proposes an entry from what was seen.
              </p>
            ) : (
              <details>
                <summary>As it stands in the inventory</summary>
                <Code>{JSON.stringify(k.declaration, null, 2)}</Code>
              </details>
            )}
          </Panel>
          <Panel title="Where from">
            <ShareBars bars={bars(k.places)} total={total} empty="No known country." />
          </Panel>
          <Panel title="Networks">
            <ShareBars bars={bars(k.networks_seen)} total={total} empty="No address was seen." />
          </Panel>
          <Panel title="What it does">
            <ShareBars bars={bars(k.operations)} total={total} empty="No call was seen." />
          </Panel>
          <Panel title="How it ends">
            <ShareBars
              bars={bars(k.outcomes).map((b) => ({ ...b, name: words(b.name) }))}
              total={total}
              empty="No call was seen."
            />
          </Panel>
        </div>
      </div>
    </>
  );
}

function PerDay({ days, span }: { days: KeyDetail["per_day"]; span: number }) {
  const last = Date.parse(days.at(-1)?.day ?? "") + DAY;
  return (
    <Panel title="Use" note={`calls a day, ${span} days`}>
      <TimeBars
        title="Calls a day"
        from={last - span * DAY}
        to={last}
        step={DAY}
        series={[{ name: "calls", fill: "fill-main", values: new Map(days.map((d) => [Date.parse(d.day), d.events])) }]}
      />
    </Panel>
  );
}

const Known = ({ title, of, none }: { title: string; of: string[]; none: string }) => (
  <>
    <h3>{title}</h3>
    <ul class="reasons">
      {of.map((line) => (
        <li key={line}>{line}</li>
      ))}
      {of.length === 0 && <li class="soft">{none}</li>}
    </ul>
  </>
);
