import { denied, Exception, readOnly, syntax } from "./exception.ts";
import { type Token, tokens } from "./lexer.ts";
import { CLOSED_TABLES, type Rules, SYSTEM_TABLES } from "./rules.ts";

/** Judged is a statement that may be asked. */
export interface Judged {
  /** Without comments, FORMAT and the last semicolon. */
  sql: string;
  /** Whether the engine gives the answer in pieces. */
  streams: boolean;
  /** What stood after FORMAT. */
  format: string | null;
}

/**
 * judge lets one reading statement through and throws Exception for all else. The session behind it is `readonly = 1`, which refuses inserts,
 * DDL, settings and most table functions; measured on 26.7 it lets through INTO OUTFILE, the function file(), KILL QUERY and DESCRIBE of a
 * file, so that the statement is looked at before.
 */
export function judge(statement: string, rules: Rules, params: Readonly<Record<string, string>> = {}): Judged {
  const all = withIdentifiers(tokens(statement), params);
  const words = all.filter((t) => t.kind !== "space");
  while (words.at(-1)?.text === ";") words.pop();
  if (words.length === 0) throw syntax("Empty query");
  if (words.some((t) => t.text === ";")) throw syntax("Multi-statements are not allowed");
  const streams = kindOf(words);
  for (let i = 0; i < words.length; i++) check(words, i, rules);
  const format = isWord(words.at(-2), "FORMAT") && words.at(-1)!.kind === "word" ? words.at(-1)! : null;
  const end = format === null ? words.at(-1)! : words.at(-3);
  if (end === undefined) throw syntax("Empty query");
  const sql = all
    .slice(0, all.indexOf(end) + 1)
    .map((t) => t.text)
    .join("");
  return { sql, streams, format: format?.text ?? null };
}

const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === "word" && token.text.toUpperCase() === word;

const READS = new Set(["SELECT", "WITH", "FROM"]);
const TELLS = new Set(["EXPLAIN", "DESCRIBE", "DESC", "EXISTS", "SHOW"]);
const SHOWS = new Set(["TABLES", "DATABASES", "COLUMNS", "CREATE", "FUNCTIONS"]);

/** kindOf says whether a statement streams: SELECT does, what tells of tables comes at once, all else is refused. */
function kindOf(words: readonly Token[]): boolean {
  const first = words.find((t) => t.text !== "(")!;
  const verb = first.text.toUpperCase();
  if (first.kind === "word" && READS.has(verb)) {
    return !words.some((t, i) => isWord(t, "TOTALS") && isWord(words[i - 1], "WITH"));
  }
  if (first.kind !== "word" || !TELLS.has(verb)) {
    throw readOnly(
      `Cannot execute query in readonly mode: ${verb.slice(0, 20)} is none of SELECT, WITH, EXPLAIN, DESCRIBE, EXISTS, SHOW.`,
    );
  }
  if (verb === "SHOW" && !SHOWS.has(words[1]?.text.toUpperCase() ?? "")) {
    throw denied(
      `SHOW ${words[1]?.text ?? ""} is not answered here; TABLES, DATABASES, COLUMNS, CREATE and FUNCTIONS are.`,
    );
  }
  // A name with a path in it, or a string, would be a file.
  if (verb !== "EXPLAIN" && words.some((t) => t.kind === "string" || (t.kind === "quoted" && !/^\w+$/.test(t.name)))) {
    throw denied(`${verb} takes plain names of tables here.`);
  }
  return false;
}

function check(words: readonly Token[], i: number, rules: Rules): void {
  const token = words[i]!;
  if (token.kind !== "word" && token.kind !== "quoted") return;
  const name = token.name.toLowerCase();
  const before = words[i - 1];
  const after = words[i + 1];
  if (token.kind === "word" && (name === "outfile" || name === "infile"))
    throw readOnly("Answers go to who asked, not into a file.");
  // In a subquery the engine takes them, readonly or not.
  if (token.kind === "word" && name === "settings" && after?.kind === "word" && words[i + 2]?.text === "=")
    throw readOnly(
      `Cannot modify '${after.text}' setting in readonly mode. Settings of the answer go into the address.`,
    );
  if (token.kind === "word" && name === "parallel" && isWord(after, "WITH")) throw readOnly("One statement at a time.");
  // A column of a table, as in `t.file`, is no function.
  if (rules.functions.has(name) && before?.text !== ".")
    throw denied(`The function ${token.name} is not answered here.`);
  if (after?.text === "(" && rules.tableFunctions.has(name))
    throw readOnly(
      `The table function ${token.name} is not answered here: the door reads this store and nothing else.`,
    );
  if (name === "system" && after?.text === "." && !SYSTEM_TABLES.has(words[i + 2]?.name.toLowerCase() ?? ""))
    throw denied(`system.${words[i + 2]?.name ?? ""} is not answered here.`);
  if (CLOSED_TABLES.has(name)) throw denied(`The table ${token.name} is not answered here.`);
}

/** withIdentifiers puts names given as `{name:Identifier}` where they belong, for all to see. */
function withIdentifiers(all: Token[], params: Readonly<Record<string, string>>): Token[] {
  const found: Token[] = [];
  for (let i = 0; i < all.length; i++) {
    const rest = all.slice(i, i + 12).filter((t) => t.kind !== "space");
    const [open, name, colon, type, close] = rest;
    const isParameter = open?.text === "{" && all[i] === open && name?.kind === "word" && colon?.text === ":";
    if (!isParameter || !isWord(type, "IDENTIFIER") || close?.text !== "}") {
      found.push(all[i]!);
      continue;
    }
    const value = params[name!.text];
    if (value === undefined)
      throw new Exception(456, "UNKNOWN_QUERY_PARAMETER", `Substitution \`${name!.text}\` is not set`);
    if (/[\\\0]/.test(value)) throw syntax("A name holds no backslash here.");
    found.push({ kind: "quoted", text: `\`${value.replaceAll("`", "``")}\``, name: value });
    i = all.indexOf(close, i);
  }
  return found;
}
