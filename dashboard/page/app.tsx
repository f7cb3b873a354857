import { useEffect, useRef, useState } from "preact/hooks";
import type { SessionOut } from "../../schemas/http_api.ts";
import { onSession, signOut, whoAmI } from "./api.ts";
import { label } from "./format.ts";
import { type Live, useLive } from "./live.ts";
import { Fault, Waiting } from "./parts.tsx";
import { Link, usePlace } from "./router.tsx";
import { type Theme, useTheme } from "./theme.ts";
import { Audit } from "./views/audit.tsx";
import { Events } from "./views/events.tsx";
import { IncidentView } from "./views/incident.tsx";
import { Incidents } from "./views/incidents.tsx";
import { KeyView } from "./views/key.tsx";
import { Keys } from "./views/keys.tsx";
import { Login } from "./views/login.tsx";
import { Overview } from "./views/overview.tsx";
import { Silences } from "./views/silences.tsx";
import { Sources } from "./views/sources.tsx";

const NAV = [
  ["/", "Overview"],
  ["/incidents", "Incidents"],
  ["/keys", "Keys"],
  ["/events", "Events"],
  ["/sources", "Sources"],
  ["/silences", "Silences"],
  ["/audit", "Audit log"],
] as const;

export function App() {
  const [session, setSession] = useState<SessionOut | null>(null);
  const [error, setError] = useState<string | null>(null);
  const place = usePlace();
  const known = session !== null && session.login !== "required";
  const live = useLive(known);
  useEffect(() => {
    onSession(setSession);
    whoAmI().catch((e: Error) => setError(e.message));
  }, []);
  if (session === null) return error ? <Fault error={error} reload={() => location.reload()} /> : <Waiting />;
  if (session.login === "required") return <Login />;
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Side session={session} path={place.pathname} live={live} />
      <main id="main" tabIndex={-1}>
        <Shown place={place} live={live} />
      </main>
      <News live={live} />
    </div>
  );
}

function Shown({ place, live }: { place: URL; live: Live }) {
  const { pathname } = place;
  const moved = useRef(pathname);
  useEffect(() => {
    // Whoever hears the page is told where they are; the first view needs no push.
    if (moved.current !== pathname) document.getElementById("main")?.focus({ preventScroll: true });
    moved.current = pathname;
  }, [pathname]);
  if (pathname.startsWith("/incidents/"))
    return <IncidentView key={pathname} id={decodeURIComponent(pathname.slice(11))} live={live} />;
  switch (pathname) {
    case "/":
      return <Overview place={place} live={live} />;
    case "/incidents":
      return <Incidents place={place} live={live} />;
    case "/keys":
      return <Keys place={place} live={live} />;
    case "/key":
      return <KeyView key={place.search} id={place.searchParams.get("id") ?? ""} live={live} />;
    case "/events":
      return <Events place={place} />;
    case "/sources":
      return <Sources live={live} />;
    case "/silences":
      return <Silences place={place} live={live} />;
    case "/audit":
      return <Audit live={live} />;
    default:
      return <Fault error="There is no such view." />;
  }
}

function Side({ session, path, live }: { session: SessionOut; path: string; live: Live }) {
  const [theme, next] = useTheme();
  return (
    <header class="side">
      <Link href="/" class="brand" aria-label="keywatch, overview">
        <Mark /> keywatch
      </Link>
      <nav aria-label="Views">
        <ul>
          {NAV.map(([href, name]) => (
            <li key={href}>
              <Link href={href} aria-current={isHere(href, path) ? "page" : undefined}>
                {name}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div class="side-foot">
        <p class={live.connected ? "live on" : "live"}>{live.connected ? "Live" : "Connecting…"}</p>
        <button type="button" class="quiet" onClick={next}>
          {THEMES[theme]}
        </button>
        {session.login === "done" && (
          <button type="button" class="quiet" onClick={() => void signOut()}>
            Sign out {session.name}
          </button>
        )}
      </div>
    </header>
  );
}

const THEMES: Record<Theme, string> = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };

const isHere = (href: string, path: string): boolean =>
  href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`) || (href === "/keys" && path === "/key");

const SHOWN_MS = 12_000;

/** News tells a new or graver incident in a corner, and to who hears the page. */
function News({ live }: { live: Live }) {
  const [shown, setShown] = useState<Live["last"]>(null);
  useEffect(() => {
    const { last } = live;
    if (last === null || (last.kind !== "opened" && last.kind !== "escalated")) return;
    setShown(last);
    const timer = setTimeout(() => setShown(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [live.last]);
  return (
    <div class="news" role="status">
      {shown && (
        <Link href={`/incidents/${shown.incident_uid}`} class={`sev-edge-${shown.severity}`}>
          <strong>
            {shown.kind === "opened" ? "New" : "Graver"}: {shown.severity}
          </strong>
          <span>{shown.title}</span>
          <span class="soft">{label(shown.incident_uid)}</span>
        </Link>
      )}
    </div>
  );
}

const Mark = () => (
  <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
    <circle cx="10" cy="16" r="7" fill="none" stroke="currentColor" stroke-width="3" />
    <path d="M17 16h13M25 16v5M29.5 16v4" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" />
    <circle cx="10" cy="16" r="2.4" class="mark-dot" />
  </svg>
);
