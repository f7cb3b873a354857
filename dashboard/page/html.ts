import { iso } from "../../schemas/duration.ts";
import { type Incident, incidentLabel, type Transition } from "../../schemas/incident.ts";
import type { Status } from "../backend.ts";

const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2330;--soft:#5d6778;--line:#dfe3ea;--critical:#a3123a;--high:#c2410c;--medium:#a16207;--low:#2563a8;--informational:#5d6778}
@media(prefers-color-scheme:dark){:root{--bg:#12161d;--card:#1a202a;--ink:#e6eaf1;--soft:#98a3b5;--line:#2c3543;--critical:#f0527c;--high:#fb8b4b;--medium:#e5b93c;--low:#6cb0f5;--informational:#98a3b5}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.5rem 1rem 4rem}h1{font-size:1.35rem;margin:0}h1 small{font-weight:400;color:var(--soft);font-size:.95rem}
.facts{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0 1.5rem}.facts div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .9rem}.facts b{display:block;font-size:1.25rem}.facts span{color:var(--soft);font-size:.85rem}
article{background:var(--card);border:1px solid var(--line);border-left:.3rem solid var(--c);border-radius:.5rem;padding:.8rem 1rem;margin:.7rem 0}
article h2{font-size:1rem;margin:0;display:flex;gap:.6rem;align-items:baseline;flex-wrap:wrap}a{color:inherit}.tag{color:var(--c);font-size:.75rem;font-weight:700;letter-spacing:.04em;text-transform:uppercase}
.meta{color:var(--soft);font-size:.85rem;margin:.15rem 0 .4rem}ul,ol{margin:.3rem 0;padding-left:1.2rem}h3{font-size:.9rem;margin:1rem 0 .2rem;color:var(--soft)}code{background:var(--bg);padding:.1rem .3rem;border-radius:.25rem}
.empty{color:var(--soft);background:var(--card);border:1px dashed var(--line);border-radius:.5rem;padding:1.5rem}`;

/** escapeHtml makes any text of a log harmless in HTML text and attributes. */
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]!);

const layout = (title: string, body: string, refresh: boolean): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">${refresh ? '<meta http-equiv="refresh" content="5">' : ""}<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;

const when = (ms: number): string => `<time datetime="${iso(ms)}">${iso(ms).slice(0, 16).replace("T", " ")}</time>`;
const list = (tag: "ul" | "ol", items: readonly string[]): string =>
  items.length === 0 ? "" : `<${tag}>${items.map((i) => `<li>${escapeHtml(i)}</li>`).join("")}</${tag}>`;

/** overviewPage shows what was seen and every incident, worst first. */
export function overviewPage(status: Status, incidents: readonly Incident[]): string {
  const facts = [
    ["events", status.events],
    ["keys", status.keys],
    ["findings", status.findings],
    ["incidents", incidents.length],
    ["dead letters", status.dead_letters],
  ] as const;
  const cards = facts.map(([name, n]) => `<div><b>${n.toLocaleString("en-US")}</b><span>${name}</span></div>`).join("");
  const body =
    incidents.length === 0
      ? `<p class="empty">No incidents. Send events: <code>keywatch ingest &lt;folder&gt;</code>, a folder under <code>sources</code>, or <code>POST /v1/ingest/&lt;provider&gt;</code>.</p>`
      : incidents.map(card).join("");
  return layout(
    "keywatch",
    `<h1>keywatch <small>who uses which key, and is that usual?</small></h1><section class="facts" aria-label="Facts">${cards}</section>${body}`,
    true,
  );
}

function card(i: Incident): string {
  return `<article style="--c:var(--${i.severity})"><h2><span class="tag">${i.severity}</span><a href="/incidents/${escapeHtml(i.uid)}">${escapeHtml(i.title)}</a></h2>
<p class="meta">${incidentLabel(i.uid)} · ${escapeHtml(i.status)} · risk ${Math.round(i.risk)} · ${when(i.first_seen)} to ${when(i.last_seen)} UTC${i.owner ? ` · ${escapeHtml(i.owner)}` : ""}</p>${list("ul", i.reasons.slice(0, 3))}</article>`;
}

/** incidentPage explains one incident. */
export function incidentPage(i: Incident, transitions: readonly Transition[]): string {
  const facts = [
    ["Key", i.key_name ?? i.key_hint ?? "-"],
    ["Principal", i.principal ?? i.principal_uid],
    ["Owner", i.owner ?? "-"],
    ["Provider", `${i.provider} ${i.account ?? ""}`],
    ["Events", String(i.event_count)],
    ["Risk", String(Math.round(i.risk))],
    ["Status", i.verdict ? `${i.status}: ${i.verdict}` : i.status],
  ] as const;
  return layout(
    i.title,
    `<p><a href="/">All incidents</a></p><article style="--c:var(--${i.severity})"><h2><span class="tag">${i.severity}</span>${escapeHtml(i.title)}</h2>
<p class="meta">${incidentLabel(i.uid)} · ${when(i.first_seen)} to ${when(i.last_seen)} UTC</p>
<section class="facts" aria-label="Facts">${facts.map(([k, v]) => `<div><span>${k}</span><br>${escapeHtml(v)}</div>`).join("")}</section>
<h3>Why</h3>${list("ul", i.reasons)}<h3>Do now</h3>${list("ol", i.runbook)}<h3>What happened to it</h3>
<ul>${transitions.map((t) => `<li>${when(t.at)} ${escapeHtml(t.kind)} by ${escapeHtml(t.actor)}${t.note ? `: ${escapeHtml(t.note)}` : ""}</li>`).join("")}</ul></article>`,
    false,
  );
}
