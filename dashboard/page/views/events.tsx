import { useEffect, useState } from "preact/hooks";
import type { ApiOutcome, VerbClass } from "../../../schemas/activity.ts";
import type { EventPage } from "../../../schemas/http_api.ts";
import { get, query } from "../api.ts";
import { count, idsOf, minute } from "../format.ts";
import { useData, useTitle } from "../hooks.ts";
import { Code, Empty, Fault, Panel, Waiting } from "../parts.tsx";
import { Link, navigate } from "../router.tsx";
import { EventTable } from "./event_table.tsx";

const OUTCOMES = idsOf<ApiOutcome | "failed">({
  failed: true,
  success: true,
  denied: true,
  unauthenticated: true,
  not_found: true,
  invalid: true,
  throttled: true,
  error: true,
  unknown: true,
});
const VERBS = idsOf<VerbClass>({ read: true, write: true, admin: true, auth: true, unknown: true });
const SPANS = {
  "1h": ["1 hour", 3_600_000],
  "24h": ["24 hours", 86_400_000],
  "7d": ["7 days", 604_800_000],
  "30d": ["30 days", 2_592_000_000],
  "90d": ["90 days", 7_776_000_000],
} as const;
/** A line is a wide row, which lies apart from the others: a screenful at a time. */
const PAGE = 50;
const FIELDS = [
  "q",
  "key",
  "operation",
  "outcome",
  "verb",
  "provider",
  "country",
  "ip",
  "range",
  "from",
  "to",
] as const;

/** Events is the search: every filter stands in the address, so that a search can be sent to somebody. */
export function Events({ place }: { place: URL }) {
  useTitle("Events");
  const filter = Object.fromEntries(FIELDS.map((f) => [f, place.searchParams.get(f) ?? ""])) as Record<
    (typeof FIELDS)[number],
    string
  >;
  const { range, from, to, ...rest } = filter;
  const ms = (SPANS[range as keyof typeof SPANS] ?? SPANS["24h"])[1];
  const minuteNow = Math.ceil(Date.now() / 60_000) * 60_000;
  const span = from ? { from, to } : { from: minuteNow - ms, to: undefined };
  const path = `/v1/events${query({ ...rest, ...span, limit: PAGE })}`;
  const { data, error, reload } = useData<EventPage>(path);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    navigate(`/events${query(Object.fromEntries([...form].map(([k, v]) => [k, String(v).trim()])))}`);
  };
  return (
    <>
      <div class="title">
        <h1>Events</h1>
        {from && (
          <p class="soft">
            {minute(Number(from) || from)} to {to ? minute(Number(to) || to) : "now"} UTC ·{" "}
            <Link href={`/events${query(rest)}`}>last 24 hours instead</Link>
          </p>
        )}
      </div>
      <form class="filters" onSubmit={submit} key={place.search}>
        <Field name="q" title="Text" hint="principal, resource, agent, error" value={filter.q} />
        <Field name="key" title="Key" hint="hint, subject or principal" value={filter.key} />
        <Field name="operation" title="Operation" hint="s3:GetObject" value={filter.operation} />
        <Choice name="outcome" title="Outcome" of={OUTCOMES} value={filter.outcome} />
        <Choice name="verb" title="Verb" of={VERBS} value={filter.verb} />
        <Field name="country" title="Country" hint="DE" value={filter.country} />
        <Field name="ip" title="Address" hint="203.0.113.0/24" value={filter.ip} />
        <Field name="provider" title="Provider" hint="aws_cloudtrail" value={filter.provider} />
        <label>
          Time
          <select name="range">
            {Object.entries(SPANS).map(([id, [name]]) => (
              <option key={id} value={id} selected={id === (range || "24h")}>
                last {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary">
          Search
        </button>
      </form>
      {error && <Fault error={error} reload={reload} />}
      {!data && !error && <Waiting />}
      {data && <Found key={path} path={path} first={data} />}
    </>
  );
}

function Found({ path, first }: { path: string; first: EventPage }) {
  const [answer, setAnswer] = useState(first);
  useEffect(() => setAnswer(first), [first]);
  const more = () =>
    get<EventPage>(`${path}&before=${encodeURIComponent(answer.next ?? "")}`).then((next) =>
      setAnswer({ ...next, events: [...answer.events, ...next.events] }),
    );
  const searching = answer.events.length === 0 && answer.next !== null;
  useEffect(() => {
    if (searching) void more();
  }, [answer]);
  if (searching)
    return (
      <Panel title="Found">
        <p class="soft">Nothing since {minute(answer.searched_to)} UTC; older ones are looked through …</p>
      </Panel>
    );
  if (answer.events.length === 0)
    return (
      <Panel title="Found">
        <Empty title="No event fits.">
          <p>Take a longer time or fewer filters. For questions of your own:</p>
          <Code>npx keywatch sql "select operation, count() from events group by 1 order by 2 desc"</Code>
        </Empty>
      </Panel>
    );
  return (
    <Panel title="Found" note={`${answer.next ? "the newest " : ""}${count(answer.events.length)}`}>
      <EventTable events={answer.events} showKey />
      {answer.next && (
        <button type="button" onClick={() => void more()}>
          Older ones
        </button>
      )}
    </Panel>
  );
}

const Field = ({ name, title, hint, value }: { name: string; title: string; hint: string; value: string }) => (
  <label>
    {title}
    <input name={name} defaultValue={value} placeholder={hint} maxLength={500} />
  </label>
);

const Choice = ({ name, title, of, value }: { name: string; title: string; of: string[]; value: string }) => (
  <label>
    {title}
    <select name={name}>
      <option value="">any</option>
      {of.map((o) => (
        <option key={o} value={o} selected={o === value}>
          {o.replaceAll("_", " ")}
        </option>
      ))}
    </select>
  </label>
);
