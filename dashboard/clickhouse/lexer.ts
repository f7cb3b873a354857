import { syntax } from "./exception.ts";

/** Token is a piece of a statement; `name` is what an identifier or a string says, without its quotes. */
export interface Token {
  kind: "word" | "quoted" | "string" | "sign" | "space";
  text: string;
  name: string;
}

/**
 * tokens cuts a statement where ClickHouse cuts it. Comments become a space, and where the two readings could differ (heredocs, x'…',
 * letters of other scripts outside of quotes) the statement is refused: nothing may hide from the guard in what only the engine reads.
 */
export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const token = next(sql, at);
    at += token.length;
    found.push(token.token);
  }
  return found;
}

const WORD = /[A-Za-z0-9_]+/y;
const SPACE = /[ \t\r\n\f\v]+/y;

function next(sql: string, at: number): { token: Token; length: number } {
  const sticky = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0] ?? null;
  };
  const given = (kind: Token["kind"], text: string, name = text) => ({
    token: { kind, text, name },
    length: text.length,
  });
  const c = sql[at]!;
  const space = sticky(SPACE);
  if (space !== null) return given("space", space);
  if (c === "-" && sql[at + 1] === "-") return comment(lineEnd(sql, at) - at);
  if (c === "/" && sql[at + 1] === "*") return comment(blockEnd(sql, at) - at);
  if (c === "'" || c === '"' || c === "`") {
    const text = quoted(sql, at, c);
    return given(c === "'" ? "string" : "quoted", text, unquote(text));
  }
  const word = sticky(WORD);
  if (word !== null) {
    if (sql[at + word.length] === "'") throw syntax(`A letter before a quote, ${word}'…', is not taken here.`);
    return given("word", word);
  }
  if (c < "!" || c > "~" || c === "$" || c === "#" || c === "\\") {
    throw syntax(`Outside of quotes the sign ${JSON.stringify(c)} is not taken here.`);
  }
  return given("sign", c);
}

const comment = (length: number) => ({ token: { kind: "space", text: " ", name: " " } satisfies Token, length });

function lineEnd(sql: string, at: number): number {
  const end = sql.slice(at).search(/[\r\n]/);
  return end < 0 ? sql.length : at + end;
}

function blockEnd(sql: string, at: number): number {
  const end = sql.indexOf("*/", at + 2);
  if (end < 0) throw syntax("A comment has no end.");
  if (sql.slice(at + 2, end).includes("/*")) throw syntax("Comments in comments are not taken here.");
  return end + 2;
}

function quoted(sql: string, from: number, quote: string): string {
  for (let at = from + 1; at < sql.length; at++) {
    const c = sql[at];
    if (c === "\0") throw syntax("A statement holds no zero bytes.");
    // An escape in a name could spell what the guard looks for.
    if (c === "\\" && quote !== "'") throw syntax("A quoted name with a backslash is not taken here.");
    if (c === "\\") at++;
    else if (c === quote && sql[at + 1] === quote) at++;
    else if (c === quote) return sql.slice(from, at + 1);
  }
  throw syntax("A quote has no end.");
}

const unquote = (text: string): string => text.slice(1, -1).replace(/(['"`])\1/g, "$1");
