import type { KeyOut, Posture } from "../../../schemas/http_api.ts";
import { query } from "../api.ts";
import { count, idsOf, short, words } from "../format.ts";
import { useData, useTitle } from "../hooks.ts";
import type { Live } from "../live.ts";
import { Code, Empty, Fault, Panel, Scroll, Time, Waiting } from "../parts.tsx";
import { Link, navigate, submitForm } from "../router.tsx";

const POSTURES = idsOf<Posture["id"]>({
  unlisted: true,
  unused: true,
  dormant: true,
  rotation_due: true,
  revoked_used: true,
  expired_used: true,
  over_privileged: true,
  beyond_access: true,
  no_owner: true,
});

export const keyHref = (k: KeyOut): string => `/key?id=${encodeURIComponent(k.subject_uid ?? k.name)}`;

export function Keys({ place, live }: { place: URL; live: Live }) {
  useTitle("Keys");
  const q = place.searchParams.get("q") ?? "";
  const posture = place.searchParams.get("posture") ?? "";
  const { data, error, reload } = useData<{ keys: KeyOut[] }>(`/v1/keys${query({ q, posture })}`, live.incidents);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    navigate(`/keys${query(Object.fromEntries([...form].map(([k, v]) => [k, String(v)])))}`, true);
  };
  return (
    <>
      <div class="title">
        <h1>Keys</h1>
        {data && <p class="soft">{count(data.keys.length)} seen in 90 days or declared</p>}
      </div>
      <form class="filters" onSubmit={submit} key={place.search}>
        <label>
          Search
          <input name="q" type="search" defaultValue={q} placeholder="name, hint, owner, provider" />
        </label>
        <label>
          Posture
          <select name="posture" onChange={submitForm}>
            <option value="">any</option>
            {POSTURES.map((p) => (
              <option key={p} value={p} selected={p === posture}>
                {words(p)}
              </option>
            ))}
          </select>
        </label>
      </form>
      {error && <Fault error={error} reload={reload} />}
      {!data && !error && <Waiting />}
      {data && (
        <Panel title="Keys" note="the one used last first">
          {data.keys.length === 0 ? <NoKeys filtered={q !== "" || posture !== ""} /> : <KeyTable keys={data.keys} />}
        </Panel>
      )}
    </>
  );
}

const KeyTable = ({ keys }: { keys: KeyOut[] }) => (
  <Scroll name="Keys">
    <table class="keys">
      <thead>
        <tr>
          {["Key", "Owner", "Access", "Last used", "30 days", "Networks", "Countries", "Findings", "Posture"].map(
            (name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>
        {keys.map((k) => (
          <tr key={k.subject_uid ?? k.name}>
            <td>
              <Link href={keyHref(k)}>{k.name}</Link>
              <div class="soft">{[k.provider, k.key_hint].filter(Boolean).join(" · ")}</div>
            </td>
            <td>
              {k.owner ?? "-"}
              <div class="soft">{k.environment ?? ""}</div>
            </td>
            <td>{k.access_declared ?? (k.access_observed ? `(${k.access_observed})` : "-")}</td>
            <td>{k.last_used ? <Time at={k.last_used} relative /> : "never"}</td>
            <td class="number">{short(k.events_30d)}</td>
            <td class="number">{k.networks}</td>
            <td class="number">{k.countries}</td>
            <td class="number">{k.open_findings > 0 ? <strong class="bad">{k.open_findings}</strong> : 0}</td>
            <td>
              <ul class="chips">
                {k.posture.map((p) => (
                  <li key={p.id} class="chip" title={p.words}>
                    {words(p.id)}
                  </li>
                ))}
              </ul>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </Scroll>
);

const NoKeys = ({ filtered }: { filtered: boolean }) =>
  filtered ? (
    <Empty title="No key fits.">
      <p>
        <Link href="/keys">Show all keys</Link>
      </p>
    </Empty>
  ) : (
    <Empty title="No key was seen yet.">
      <p>Keys appear with the first events that name one, or with an inventory:</p>
      <Code>npx keywatch keys import keys.yaml</Code>
    </Empty>
  );
