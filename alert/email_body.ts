import type { Severity } from "../schemas/severity.ts";
import { escapeHtml, oneLine } from "./clean.ts";
import type { Message } from "./template.ts";

/** emailSubject is `[HIGH] <key>: <title> (INC-…)`; the title begins with the key. */
export const emailSubject = (m: Message): string =>
  `[${m.severity.toUpperCase()}] ${oneLine(m.title.startsWith(m.key) ? m.title : `${m.key}: ${m.title}`, 180)} (${m.label})`;

/** emailText is the mail for plain programs: what, what happened now, who and when, why, what to do. */
export function emailText(m: Message): string {
  const width = Math.max(...m.facts.map(([name]) => name.length));
  const parts = [
    `[${m.severity.toUpperCase()}] ${m.title}`,
    m.changes.join("\n"),
    m.why.length > 0 ? `WHY\n${m.why.map((line) => `  - ${line}`).join("\n")}` : "",
    m.steps.length > 0 ? `DO NOW\n${m.steps.map((line, i) => `  ${i + 1}. ${line}`).join("\n")}` : "",
    m.facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n"),
    m.links.map((link) => `${link.label}: ${link.url}`).join("\n"),
    `-- \n${m.label}, sent by keywatch`,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const COLOUR: Record<Severity, string> = {
  informational: "#5f6b7a",
  low: "#1f6feb",
  medium: "#b7791f",
  high: "#c62828",
  critical: "#8e1a8e",
};

/** emailHtml is the same in tables with inline styles and nothing remote; every text is escaped. */
export function emailHtml(m: Message): string {
  const e = escapeHtml;
  const colour = COLOUR[m.severity];
  const list = (title: string, tag: "ul" | "ol", lines: readonly string[]) =>
    lines.length === 0
      ? ""
      : `<h3 style="margin:18px 0 6px;font-size:14px;color:${colour}">${title}</h3>
<${tag} style="margin:0;padding-left:22px">${lines.map((line) => `<li style="margin:4px 0">${e(line)}</li>`).join("")}</${tag}>`;
  const rows = m.facts
    .map(
      ([name, value]) =>
        `<tr><td style="padding:3px 14px 3px 0;color:#5f6b7a;white-space:nowrap;vertical-align:top">${e(name)}</td>
<td style="padding:3px 0;word-break:break-word">${e(value)}</td></tr>`,
    )
    .join("\n");
  const links = m.links
    .map(
      (l) =>
        `<p style="margin:18px 0 0"><a href="${e(l.url)}" style="color:${colour};font-weight:bold">${e(l.label)}</a></p>`,
    )
    .join("");
  return `<!doctype html>
<html><body style="margin:0;padding:0;background:#ffffff">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td style="padding:20px;
font-family:-apple-system,Segoe UI,Helvetica,Arial,sans-serif;font-size:14px;line-height:1.45;color:#1c2430">
<table role="presentation" cellpadding="0" cellspacing="0"><tr>
<td style="background:${colour};color:#ffffff;font-weight:bold;font-size:12px;padding:4px 10px">${m.severity.toUpperCase()}</td>
<td style="padding-left:10px;color:#5f6b7a;font-size:12px">${e(m.label)}</td></tr></table>
<h2 style="margin:12px 0 4px;font-size:18px;line-height:1.3">${e(m.title)}</h2>
<p style="margin:0;color:#5f6b7a">${m.changes.map(e).join("<br>")}</p>
${list("Why", "ul", m.why)}
${list("Do now", "ol", m.steps)}
<h3 style="margin:18px 0 6px;font-size:14px;color:${colour}">Facts</h3>
<table role="presentation" cellpadding="0" cellspacing="0" style="font-size:13px">
${rows}
</table>
${links}
</td></tr></table>
</body></html>
`;
}
