import type { FeedOut, IncidentOut, SourceOut, Stats, StatusOut } from "../../../schemas/http_api.ts";
import { query } from "../api.ts";
import { ShareBars } from "../charts/share_bars.tsx";
import { TimeBars } from "../charts/time_bars.tsx";
import { count, plural, severities, short } from "../format.ts";
import { useData, useTitle } from "../hooks.ts";
import type { Live } from "../live.ts";
import { Code, Empty, Fault, IncidentRow, Panel, Waiting } from "../parts.tsx";
import { Link } from "../router.tsx";
import { SourceList } from "./sources.tsx";

const DAY = 86_400_000;
export const RANGES = [
  ["24h", "24 hours", DAY],
  ["7d", "7 days", 7 * DAY],
  ["30d", "30 days", 30 * DAY],
  ["90d", "90 days", 90 * DAY],
] as const;
const MAX_LISTED = 8;

export function Overview({ place, live }: { place: URL; live: Live }) {
  useTitle("Overview");
  const [, words, ms] = RANGES.find(([id]) => id === place.searchParams.get("range")) ?? RANGES[1];
  const end = Number(place.searchParams.get("to")) || null;
  const to = end ?? Math.ceil(Date.now() / 60_000) * 60_000;
  const status = useData<StatusOut>("/v1/status", live.activity + live.incidents);
  const open = useData<{ incidents: IncidentOut[] }>("/v1/incidents?limit=1000", live.incidents);
  const stats = useData<Stats>(`/v1/stats${query({ from: to - ms, to })}`, live.activity + live.incidents);
  const sources = useData<{ sources: SourceOut[]; feeds: FeedOut[] }>("/v1/sources", live.activity);
  if (status.error) return <Fault error={status.error} reload={status.reload} />;
  if (!status.data || !open.data) return <Waiting />;
  const incidents = open.data.incidents;
  return (
    <>
      <div class="title">
        <h1>Overview</h1>
        <nav class="ranges" aria-label="Span of time">
          {RANGES.map(([id, name]) => (
            <Link
              key={id}
              href={`/${query({ range: id, to: end })}`}
              aria-current={name === words ? "true" : undefined}
            >
              {name}
            </Link>
          ))}
        </nav>
      </div>
      {status.data.events === 0 ? <FirstSteps /> : <Tiles status={status.data} incidents={incidents} />}
      <div class="columns">
        <div class="stack">
          <Panel
            title="Unresolved incidents"
            note={incidents.length > MAX_LISTED ? `the worst ${MAX_LISTED} of ${count(incidents.length)}` : undefined}
            actions={<Link href="/incidents">All incidents</Link>}
          >
            {incidents.length === 0 ? (
              <Empty title="Nothing is open.">
                <p>
                  New incidents show here by themselves.{" "}
                  <Link href="/incidents?status=all">Look at those that are resolved</Link>, or try whether messages
                  arrive:
                </p>
                <Code>npx keywatch channels test &lt;receiver&gt;</Code>
              </Empty>
            ) : (
              <ul class="rows">
                {incidents.slice(0, MAX_LISTED).map((i) => (
                  <IncidentRow key={i.uid} incident={i} />
                ))}
              </ul>
            )}
          </Panel>
          <Panel
            title="Sources"
            note="each provider's log, and what it can tell"
            actions={<Link href="/sources">Details</Link>}
          >
            {sources.data ? <SourceList sources={sources.data.sources} /> : <Waiting />}
          </Panel>
        </div>
        <div class="stack">
          {stats.data && <Charts stats={stats.data} newest={status.data.newest} words={words} />}
          <Panel title="Where calls come from" note={words}>
            <ShareBars
              bars={(stats.data?.countries ?? []).map((c) => ({
                name: c.name,
                detail: plural(c.keys, "key"),
                value: c.events,
                bad: c.denied,
                href: `/events${query({ country: c.country, range: "7d" })}`,
              }))}
              empty="No call of this time came from a public address."
            />
          </Panel>
        </div>
      </div>
    </>
  );
}

function Tiles({ status, incidents }: { status: StatusOut; incidents: IncidentOut[] }) {
  return (
    <section class="tiles" aria-label="Now">
      {severities.slice(0, 4).map((severity) => {
        const n = incidents.filter((i) => i.severity === severity).length;
        return (
          <Link
            key={severity}
            href={`/incidents?min_severity=${severity}`}
            class={`tile sev-tile-${severity} ${n === 0 ? "none" : ""}`}
          >
            <strong>{count(n)}</strong>
            <span>{severity}</span>
          </Link>
        );
      })}
      <div class="tile">
        <strong title={count(status.events)}>{short(status.events)}</strong>
        <span>events</span>
      </div>
      <Link href="/keys" class="tile">
        <strong>{short(status.keys)}</strong>
        <span>keys</span>
      </Link>
      <div class="tile">
        <strong>{short(status.findings)}</strong>
        <span>findings</span>
      </div>
      <div
        class={`tile ${status.dead_letters > 0 ? "tile-warn" : ""}`}
        title="Records that could not be read: keywatch dead-letters list"
      >
        <strong>{short(status.dead_letters)}</strong>
        <span>dead letters</span>
      </div>
    </section>
  );
}

function Charts({ stats, newest, words }: { stats: Stats; newest: number | null; words: string }) {
  const span = { from: Date.parse(stats.from), to: Date.parse(stats.to), step: stats.step_ms };
  const column = (of: "success" | "denied" | "failed") => new Map(stats.activity.map((a) => [a.at, a[of]]));
  const found = (severity: string) =>
    new Map(stats.findings.filter((f) => f.severity === severity).map((f) => [f.at, f.findings]));
  if (stats.events === 0 && newest !== null && newest < span.from)
    return (
      <Panel title="Activity">
        <Empty title={`No calls in the last ${words}.`}>
          <p>
            The newest event is older.{" "}
            <Link href={`/${query({ range: "7d", to: newest + 1 })}`}>Show the days before it</Link>.
          </p>
        </Empty>
      </Panel>
    );
  return (
    <>
      <Panel title="Activity" note={`${count(stats.events)} calls`}>
        <TimeBars
          title="Calls over time"
          height={118}
          {...span}
          series={[
            { name: "success", fill: "fill-main", values: column("success") },
            { name: "denied", fill: "fill-bad", values: column("denied") },
            { name: "otherwise failed", fill: "fill-warn", values: column("failed") },
          ]}
        />
      </Panel>
      <Panel title="Findings" note={`${count(stats.findings.reduce((n, f) => n + f.findings, 0))} in all`}>
        <TimeBars
          title="Findings over time"
          height={118}
          {...span}
          series={severities
            .map((s) => ({ name: s, fill: `fill-${s}`, values: found(s) }))
            .filter((s, i) => i < 4 || s.values.size > 0)
            .reverse()}
        />
      </Panel>
    </>
  );
}

/** FirstSteps is what an empty store shows: the way to the first incident. */
const FirstSteps = () => (
  <Panel title="First steps" note="keywatch runs and has seen nothing yet">
    <ol class="steps">
      <li>
        <h3>Connect a source</h3>
        <p>Send a log over HTTP, or name a folder or topic under `sources` in keywatch.yaml.</p>
        <Code>curl --data-binary @trail.json.gz {location.origin}/v1/ingest/aws_cloudtrail</Code>
      </li>
      <li>
        <h3>Import the inventory</h3>
        <p>What you declare about keys fires on the first event. Propose one from what was seen, edit it, import it.</p>
        <Code>npx keywatch keys draft -o keys.yaml && npx keywatch keys import keys.yaml</Code>
      </li>
      <li>
        <h3>Test a channel</h3>
        <p>Send a test incident to a receiver of your config, and resolve it.</p>
        <Code>npx keywatch channels test on-call</Code>
      </li>
    </ol>
  </Panel>
);
