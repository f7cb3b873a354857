import { useState } from "preact/hooks";
import type { EventDetail, EventOut } from "../../../schemas/http_api.ts";
import { query } from "../api.ts";
import { words } from "../format.ts";
import { useData } from "../hooks.ts";
import { Code, Empty, Fault, Scroll, Time, Waiting } from "../parts.tsx";

const place = (e: EventOut): string =>
  [e.src_ip ?? words(e.src_kind), [e.city, e.country].filter(Boolean).join(", "), e.as_org].filter(Boolean).join(" · ");

/** EventTable shows calls; a row opens to everything that is known of it, with the redacted record. */
export function EventTable({ events, showKey = false }: { events: EventOut[]; showKey?: boolean }) {
  const [open, setOpen] = useState<string | null>(null);
  if (events.length === 0) return <Empty title="None of its events is stored any more." />;
  return (
    <Scroll name="Events">
      <table class="events">
        <thead>
          <tr>
            <th scope="col">Time (UTC)</th>
            {showKey && <th scope="col">Key</th>}
            <th scope="col">Operation</th>
            <th scope="col">Outcome</th>
            <th scope="col">From</th>
            <th scope="col">On</th>
          </tr>
        </thead>
        <tbody>
          {events.map((e) => {
            const name = `${e.principal_uid} ${e.time} ${e.event_uid}`;
            return [
              <tr key={name} class={open === name ? "open" : ""}>
                <td>
                  <button
                    type="button"
                    class="quiet"
                    aria-expanded={open === name}
                    onClick={() => setOpen(open === name ? null : name)}
                  >
                    <Time at={e.time} />
                  </button>
                </td>
                {showKey && <td>{e.key_hint ?? e.principal ?? e.principal_uid}</td>}
                <td>
                  {e.service && <span class="soft">{e.service}:</span>}
                  {e.operation} <span class={`verb verb-${e.verb_class}`}>{e.verb_class}</span>
                </td>
                <td>
                  <span class={`outcome outcome-${e.outcome}`}>{words(e.outcome)}</span>{" "}
                  {e.error_code && <span class="soft">{e.error_code}</span>}
                </td>
                <td>{place(e)}</td>
                <td class="clip" title={e.resources.join(", ")}>
                  {e.resources[0] ?? ""}
                </td>
              </tr>,
              open === name && (
                <tr key={`${name} open`} class="detail">
                  <td colSpan={showKey ? 6 : 5}>
                    <Detail event={e} />
                  </td>
                </tr>
              ),
            ];
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function Detail({ event: e }: { event: EventOut }) {
  const { principal_uid, time, event_uid } = e;
  const { data, error } = useData<EventDetail>(`/v1/event${query({ principal_uid, time, event_uid })}`);
  if (error) return <Fault error={error} />;
  if (!data) return <Waiting />;
  const { raw, ...fields } = data;
  const set = Object.entries(fields).filter(([, v]) => v !== null && v !== "" && !(Array.isArray(v) && v.length === 0));
  return (
    <>
      <dl class="facts dense">
        {set.map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{Array.isArray(value) ? value.join(", ") : String(value)}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>The record, redacted</summary>
        <Code>{pretty(raw)}</Code>
      </details>
    </>
  );
}

function pretty(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}
