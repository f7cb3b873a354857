import type { SilenceOut } from "../../../schemas/http_api.ts";
import { mayChange, post } from "../api.ts";
import { plural } from "../format.ts";
import { useData, useTitle } from "../hooks.ts";
import type { Live } from "../live.ts";
import { Code, Empty, Fault, Panel, Time, Waiting } from "../parts.tsx";
import { Link } from "../router.tsx";

export function Silences({ place, live }: { place: URL; live: Live }) {
  useTitle("Silences");
  const all = place.searchParams.get("all") === "1";
  const { data, error, reload } = useData<{ silences: SilenceOut[] }>(
    `/v1/silences${all ? "?all=1" : ""}`,
    live.incidents,
  );
  return (
    <>
      <div class="title">
        <h1>Silences</h1>
        <nav class="ranges" aria-label="Which">
          <Link href="/silences" aria-current={all ? undefined : "true"}>
            Now
          </Link>
          <Link href="/silences?all=1" aria-current={all ? "true" : undefined}>
            With those that ended
          </Link>
        </nav>
      </div>
      {error && <Fault error={error} reload={reload} />}
      {!data && !error && <Waiting />}
      {data && (
        <Panel title="Silences" note="incidents are still made and shown; nobody is told of them">
          {data.silences.length === 0 ? (
            <Empty title="Nothing is silenced.">
              <p>Silence the key of an incident from its page, or at the command line:</p>
              <Code>npx keywatch silence add key_name=billing-bot --for 2h --reason "moving it"</Code>
            </Empty>
          ) : (
            <ul class="rows">
              {data.silences.map((s) => (
                <li key={s.uid} class="row">
                  <div class="row-main">
                    <code>{s.matchers.join(" ")}</code>
                    <p class="soft">
                      <span class={`state silence-${s.state}`}>{s.state}</span> {s.label} · by {s.author} · {s.reason} ·
                      held back {plural(s.hits, "incident")}
                    </p>
                  </div>
                  <div class="row-side">
                    <span class="soft">
                      until <Time at={s.expired_at ?? s.ends_at} />
                    </span>
                    {s.state !== "expired" && mayChange() && (
                      <button type="button" onClick={() => void post(`/v1/silences/${s.uid}/expire`).then(reload)}>
                        End it
                      </button>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      )}
    </>
  );
}
