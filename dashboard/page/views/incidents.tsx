import type { IncidentOut, IncidentQuery } from "../../../schemas/http_api.ts";
import { query } from "../api.ts";
import { count, idsOf, severities, words } from "../format.ts";
import { useData, useTitle } from "../hooks.ts";
import type { Live } from "../live.ts";
import { Empty, Fault, IncidentRow, Panel, Waiting } from "../parts.tsx";
import { Link, navigate, submitForm } from "../router.tsx";

const STATUSES = idsOf<Exclude<NonNullable<IncidentQuery["status"]>, "merged_into">>({
  unresolved: true,
  open: true,
  acknowledged: true,
  reopened: true,
  resolved: true,
  all: true,
});
const MAX = 200;

/** Incidents is the list, with its filters in the address. */
export function Incidents({ place, live }: { place: URL; live: Live }) {
  useTitle("Incidents");
  const filter = {
    status: place.searchParams.get("status") ?? "unresolved",
    min_severity: place.searchParams.get("min_severity") ?? "",
    q: place.searchParams.get("q") ?? "",
  };
  const { data, error, reload } = useData<{ incidents: IncidentOut[] }>(
    `/v1/incidents${query({ ...filter, limit: MAX })}`,
    live.incidents,
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    navigate(`/incidents${query(Object.fromEntries([...form].map(([k, v]) => [k, String(v)])))}`, true);
  };
  return (
    <>
      <div class="title">
        <h1>Incidents</h1>
        {data && (
          <p class="soft">{data.incidents.length === MAX ? `the worst ${MAX}` : count(data.incidents.length)}</p>
        )}
      </div>
      <form class="filters" onSubmit={submit} key={place.search}>
        <label>
          Search
          <input name="q" type="search" defaultValue={filter.q} placeholder="title, key, owner, INC-…" />
        </label>
        <label>
          Status
          <select name="status" defaultValue={filter.status} onChange={submitForm}>
            {STATUSES.map((s) => (
              <option key={s} value={s} selected={s === filter.status}>
                {s}
              </option>
            ))}
          </select>
        </label>
        <label>
          At least
          <select name="min_severity" onChange={submitForm}>
            <option value="">any severity</option>
            {severities.map((s) => (
              <option key={s} value={s} selected={s === filter.min_severity}>
                {s}
              </option>
            ))}
          </select>
        </label>
      </form>
      {error && <Fault error={error} reload={reload} />}
      {!data && !error && <Waiting />}
      {data && (
        <Panel title={words(filter.status)}>
          {data.incidents.length === 0 ? (
            <Empty title="No incident fits.">
              <p>
                <Link href="/incidents?status=all">Show all incidents</Link>
              </p>
            </Empty>
          ) : (
            <ul class="rows">
              {data.incidents.map((i) => (
                <IncidentRow key={i.uid} incident={i} />
              ))}
            </ul>
          )}
        </Panel>
      )}
    </>
  );
}
