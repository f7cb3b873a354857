/**
 * oneLine makes any text harmless to show: control characters (C0, C1, ESC with its sequence), direction marks, zero-width
 * and tag characters are gone, white space is one blank, and what is longer than `max` characters ends in "…".
 */
export function oneLine(text: string, max: number): string {
  // A log field may hold a megabyte: what could never be shown is not looked at.
  const head = text.length > max * 4 ? text.slice(0, max * 4) : text;
  const plain = head
    .replace(LONE_SURROGATES, "")
    .replace(ESCAPE_SEQUENCES, "")
    .replace(BLANKS, " ")
    .replace(INVISIBLE, "");
  return cut(plain.replace(/ {2,}/g, " ").trim(), max);
}

/** cut shortens to `max` characters, the last one "…", and never leaves half of a surrogate pair. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = text.charCodeAt(max - 2) >= 0xd800 && text.charCodeAt(max - 2) <= 0xdbff ? max - 2 : max - 1;
  return `${text.slice(0, end)}…`;
}

/** fitEscaped escapes a text so that the escaped form has at most `max` characters; an escape is never cut in two. */
export function fitEscaped(text: string, max: number, quote: (text: string) => string): string {
  let length = max;
  let escaped = quote(cut(text, length));
  while (escaped.length > max) {
    length = Math.max(1, Math.min(length - 1, Math.floor((length * max) / escaped.length)));
    escaped = quote(cut(text, length));
  }
  return escaped;
}

/** cleanDeep gives a copy of a document in which every string is one harmless line of at most `max` characters. */
export function cleanDeep<T>(value: T, max: number): T {
  if (typeof value === "string") return oneLine(value, max) as T;
  if (Array.isArray(value)) return value.map((item) => cleanDeep(item, max)) as T;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cleanDeep(item, max)])) as T;
}

/** escapeHtml makes text inert in HTML, also inside a quoted attribute. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]!);

/** escapeSlack escapes the three characters that Slack reads as control: `<!channel>` stays text. */
export const escapeSlack = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]!);

/**
 * inertCell keeps text that a spreadsheet would take for a formula from being one: tools export what they are shown as CSV.
 * A plain number stays a number.
 */
export const inertCell = (text: string): string => (/^\s*(?:[=@]|[+-](?![\d\s.,]*$))/.test(text) ? `'${text}` : text);

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPE_SEQUENCES = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[@-Z\\-_]/g;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const BLANKS = /[\t\n\v\f\r\u0085\u00a0\u2028\u2029]+/g;
const INVISIBLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: they are what is looked for
