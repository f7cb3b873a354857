import type { ComponentChildren } from "preact";
import type { IncidentOut } from "../../schemas/http_api.ts";
import { ago, label, stamp, words } from "./format.ts";
import { Link } from "./router.tsx";

export const Severity = ({ of }: { of: string }) => <span class={`tag sev-${of}`}>{of}</span>;

export const Status = ({ incident: i }: { incident: Pick<IncidentOut, "status" | "verdict"> }) => (
  <span class={`state state-${i.status}`}>
    {i.verdict ? `${words(i.status)}: ${words(i.verdict)}` : words(i.status)}
  </span>
);

export const Time = ({ at, relative = false }: { at: string | number; relative?: boolean }) => (
  <time dateTime={new Date(at).toISOString()} title={`${stamp(at)} UTC`}>
    {relative ? ago(at) : stamp(at)}
  </time>
);

interface PanelProps {
  title: string;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}
export function Panel({ title, note, actions, children, ...rest }: PanelProps) {
  return (
    <section class={`panel ${rest.class ?? ""}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note && <p class="soft">{note}</p>}
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** Empty says what is not there and what to do next. */
export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty">
    <p class="empty-title">{title}</p>
    {children}
  </div>
);

export const Fault = ({ error, reload }: { error: string; reload?: () => void }) => (
  <div class="fault" role="alert">
    <p>{error}</p>
    {reload && (
      <button type="button" onClick={reload}>
        Try again
      </button>
    )}
  </div>
);

export const Waiting = () => <p class="soft waiting">Loading…</p>;

/** IncidentRow is one incident in a list: what, whose, when. */
export function IncidentRow({ incident: i }: { incident: IncidentOut }) {
  return (
    <li class={`row sev-edge-${i.severity}`}>
      <div class="row-main">
        <Link href={`/incidents/${i.uid}`} class="row-title">
          {i.title}
        </Link>
        <p class="row-meta soft">
          <Severity of={i.severity} />
          <Status incident={i} />
          <span>{label(i.uid)}</span>
          <span>{i.assignee ? `${i.assignee} is on it` : (i.owner ?? "no owner")}</span>
        </p>
        <p class="row-reason soft">{i.reasons[0]}</p>
      </div>
      <div class="row-side">
        <strong title="Risk, 0 to 100">{Math.round(i.risk)}</strong>
        <span class="soft">
          <Time at={i.last_seen} relative />
        </span>
      </div>
    </li>
  );
}

export const Facts = ({ of }: { of: [name: string, value: ComponentChildren][] }) => (
  <dl class="facts">
    {of.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

/** Code is a command to copy, or a document; a long one scrolls, by the keyboard too. */
export const Code = ({ children }: { children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
  <pre class="code" tabIndex={0}>
    <code>{children}</code>
  </pre>
);

/** Scroll holds what may be wider than the page; who has no mouse moves it by the arrow keys. */
export const Scroll = ({ name, children }: { name: string; children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by the keyboard
  <section class="scroll" aria-label={name} tabIndex={0}>
    {children}
  </section>
);
