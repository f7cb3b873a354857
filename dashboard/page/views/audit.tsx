import type { AuditOut } from "../../../schemas/http_api.ts";
import { useData, useTitle } from "../hooks.ts";
import type { Live } from "../live.ts";
import { Empty, Fault, Panel, Scroll, Time, Waiting } from "../parts.tsx";
import { Link } from "../router.tsx";

/** Audit lists who did what: by the page, the API, the command line or a tool. */
export function Audit({ live }: { live: Live }) {
  useTitle("Audit log");
  const { data, error, reload } = useData<{ entries: AuditOut[] }>("/v1/audit", live.incidents);
  return (
    <>
      <div class="title">
        <h1>Audit log</h1>
      </div>
      {error && <Fault error={error} reload={reload} />}
      {!data && !error && <Waiting />}
      {data && (
        <Panel title="Who did what" note="newest first">
          {data.entries.length === 0 ? (
            <Empty title="Nobody did anything yet." />
          ) : (
            <Scroll name="Entries">
              <table>
                <thead>
                  <tr>
                    {["Time (UTC)", "Who", "Did", "To", "Said", "By way of"].map((h) => (
                      <th key={h} scope="col">
                        {h}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {data.entries.map((e, n) => (
                    <tr key={n}>
                      <td>
                        <Time at={e.at} />
                      </td>
                      <td>{e.actor}</td>
                      <td>{e.action}</td>
                      <td>
                        {e.target.startsWith("INC-") ? (
                          <Link href={`/incidents/${e.target}`}>{e.target}</Link>
                        ) : (
                          e.target
                        )}
                      </td>
                      <td>{e.detail}</td>
                      <td class="soft">{e.via}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          )}
        </Panel>
      )}
    </>
  );
}
