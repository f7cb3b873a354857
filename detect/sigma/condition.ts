import type { Test } from "./selection.ts";

/** conditionTest reads `delete and not (known_job or tests)` over named selections. Throws a sentence. */
export function conditionTest(text: string, selections: ReadonlyMap<string, Test>): Test {
  const tokens = text.match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const fail = (expected: string): never => {
    throw new Error(
      at < tokens.length
        ? `"${tokens[at]}" stands where ${expected} is wanted`
        : `the condition ends where ${expected} is wanted`,
    );
  };

  function anyOf(): Test {
    let test = allOf();
    while (tokens[at] === "or") {
      at++;
      const [left, right] = [test, allOf()];
      test = (event) => left(event) || right(event);
    }
    return test;
  }

  function allOf(): Test {
    let test = one();
    while (tokens[at] === "and") {
      at++;
      const [left, right] = [test, one()];
      test = (event) => left(event) && right(event);
    }
    return test;
  }

  function one(): Test {
    const token = tokens[at];
    if (token === "not") {
      at++;
      const inner = one();
      return (event) => !inner(event);
    }
    if (token === "(") {
      at++;
      const inner = anyOf();
      if (tokens[at] !== ")") fail('a ")"');
      at++;
      return inner;
    }
    if (token === undefined || token === ")" || token === "and" || token === "or")
      return fail("the name of a selection");
    const named = selections.get(token);
    if (named === undefined)
      throw new Error(`there is no selection "${token}"; there are ${[...selections.keys()].join(", ")}`);
    at++;
    return named;
  }

  const test = anyOf();
  if (at < tokens.length) fail('"and", "or" or the end');
  return test;
}
