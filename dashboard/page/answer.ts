import type { LinkDone, LinkView } from "../inbound.ts";

const STYLE = `:root{color-scheme:light dark}body{margin:0;font:16px/1.5 system-ui,sans-serif}main{max-width:38rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.25rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}
button{font:inherit;font-weight:600;padding:.7rem 1.4rem;border-radius:.5rem;border:1px solid;cursor:pointer}small{opacity:.7}`;

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]!);

const layout = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;

type Ask = Extract<LinkView, { kind: "ask" }>;

/** What each action is called, and what it does. */
const ASKED: Record<Ask["action"], { title: string; button: string; does: string }> = {
  acknowledge: {
    title: "Acknowledge this incident?",
    button: "Acknowledge",
    does: "Tells everybody that you look after it.",
  },
  expected: {
    title: "Was this expected?",
    button: "Yes, it was expected",
    does: "Resolves the incident; keywatch will take the same for usual.",
  },
  yes: {
    title: "Was this you?",
    button: "Yes, that was me",
    does: "Tells those who look after it. It resolves nothing.",
  },
  no: {
    title: "Was this not you?",
    button: "No, that was not me",
    does: "Tells those who look after it that somebody else has your key. It resolves nothing.",
  },
};

/** askPage asks once more before anything happens. */
export function askPage({ action, to, confirmation, message }: Ask, token: string): string {
  const { title, button, does } = ASKED[action];
  const facts = message.facts
    .map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`)
    .join("");
  const why = message.why.map((line) => `<li>${escapeHtml(line)}</li>`).join("");
  return layout(
    `${title} ${message.label}`,
    `<h1>${title}</h1><p><b>[${escapeHtml(message.severity.toUpperCase())}] ${escapeHtml(message.title)}</b></p>
<form method="post" action="/answer"><input type="hidden" name="t" value="${escapeHtml(token)}"><input type="hidden" name="c" value="${escapeHtml(confirmation)}"><button>${button}</button> <p><small>${does} It is noted as ${escapeHtml(to)}.</small></p></form>
<dl>${facts}</dl><ul>${why}</ul><p><small>${message.label}</small></p>`,
  );
}

/** answeredPage says what became of it. */
export function answeredPage(done: LinkDone | Exclude<LinkView, Ask>): string {
  const [title, text] = wordsOf(done);
  return layout(title, `<h1>${title}</h1><p>${escapeHtml(text)}</p>`);
}

function wordsOf(done: LinkDone | Exclude<LinkView, Ask>): [string, string] {
  switch (done.kind) {
    case "done":
      return ["Thank you", "It is noted, and everybody who heard of the incident hears of it."];
    case "same":
      return ["Nothing to do", "It was so already, or this answer had been given before."];
    case "refused":
      return ["That cannot be done now", done.sentence];
    case "expired":
      return ["This address is too old", "Take the one of a newer mail, or open the incident in keywatch."];
    case "unconfirmed":
      return ["Nothing has changed", "Open the address of the mail, and use the button on the page."];
    case "unknown":
      return ["There is nothing here", "This address was not made by this keywatch, or its incident is gone."];
  }
}
