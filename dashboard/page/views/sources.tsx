import type { DatabaseOut, FeedOut, SourceOut } from "../../../schemas/http_api.ts";
import { count, plural, short, span, words } from "../format.ts";
import { useData, useTitle } from "../hooks.ts";
import type { Live } from "../live.ts";
import { Code, Empty, Fault, Panel, Time, Waiting } from "../parts.tsx";
import { Link } from "../router.tsx";

const HEALTH = { fresh: "fresh", silent: "silent", never: "nothing yet" } as const;

export const SourceList = ({ sources, open = false }: { sources: SourceOut[]; open?: boolean }) =>
  sources.length === 0 ? (
    <Empty title="No log was read yet.">
      <p>Push one over HTTP, or name a folder or topic under `sources` in keywatch.yaml.</p>
      <Code>npx keywatch ingest ./logs</Code>
    </Empty>
  ) : (
    <ul class="sources">
      {sources.map((s) => (
        <li key={s.provider}>
          <div class="source-head">
            <span class={`dot dot-${s.health}`} aria-hidden="true" />
            <strong>{s.title}</strong>
            <span class="soft">{s.provider}</span>
            <span class={`state health-${s.health}`}>{HEALTH[s.health]}</span>
            <span class="soft source-numbers">
              {s.newest && (
                <>
                  last record <Time at={s.newest} relative />, may be late by {span(1000 * s.lateness_seconds)} ·{" "}
                </>
              )}
              <Link href={`/events?provider=${encodeURIComponent(s.provider)}`}>{short(s.events_24h)} in 24 h</Link>,{" "}
              {short(s.events)} in 30 d
            </span>
          </div>
          {s.health !== "fresh" && <p class="warn">{s.words}</p>}
          <details open={open}>
            <summary>
              Feeds {s.feeds.length} of {s.feeds.length + s.lacks.length} detections
              {s.lacks.length > 0 && (
                <span class="soft">: {[...new Set(s.lacks.flatMap((l) => l.why.split(", ")))].join(", ")}</span>
              )}
            </summary>
            {s.lacks.length > 0 && (
              <p>
                <strong>Cannot tell:</strong> {s.lacks.map((l) => `${words(l.detection)} (${l.why})`).join("; ")}
              </p>
            )}
            <p class="soft">
              <strong>Can tell:</strong> {s.feeds.map(words).join(", ")}
            </p>
          </details>
        </li>
      ))}
    </ul>
  );

const DatabaseList = ({ databases }: { databases: DatabaseOut[] }) => (
  <ul class="plain">
    {databases.map((d) => (
      <li key={`${d.what} ${d.name}`}>
        {d.what}: {d.words}
        {d.is_old && <span class="warn"> Load newer data with keywatch update-geo.</span>}
      </li>
    ))}
  </ul>
);

export function Sources({ live }: { live: Live }) {
  useTitle("Sources");
  const { data, error, reload } = useData<{ sources: SourceOut[]; feeds: FeedOut[]; databases: DatabaseOut[] }>(
    "/v1/sources",
    live.activity,
  );
  return (
    <>
      <div class="title">
        <h1>Sources</h1>
      </div>
      {error && <Fault error={error} reload={reload} />}
      {!data && !error && <Waiting />}
      {data && (
        <>
          <Panel title="Providers" note="what came in the last 30 days, and what each log can and cannot tell">
            <SourceList sources={data.sources} open />
          </Panel>
          <Panel title="How records arrive" note={plural(data.feeds.length, "source")}>
            {data.feeds.length === 0 ? (
              <Empty title="Only pushes.">
                <p>keywatch.yaml names no folder and no topic. Records come over HTTP:</p>
                <Code>curl --data-binary @trail.json.gz {location.origin}/v1/ingest/auto</Code>
              </Empty>
            ) : (
              <ul class="plain">
                {data.feeds.map((f) => (
                  <li key={f.name}>
                    {f.kind} <code>{f.name}</code> <span class="soft">provider {f.provider}</span>
                  </li>
                ))}
              </ul>
            )}
          </Panel>
          <Panel title="Address data" note="what places and network owners are read from">
            <DatabaseList databases={data.databases} />
          </Panel>
          <p class="soft">{count(data.sources.reduce((n, s) => n + s.events, 0))} events in 30 days.</p>
        </>
      )}
    </>
  );
}
