const { charCodeAt } = String.prototype;

/**
 * codeAt is `s.charCodeAt(i)` for hot loops. V8 looks the method up on each string that it is called on, and gives up caching that beyond
 * four kinds of them (flat, joined, cut out or interned, of one or two bytes a character): a loop over the characters of logs is ten times
 * slower from then on. `i` must be inside of the text: one look outside makes the call slower for everybody who uses it.
 */
export const codeAt = (s: string, i: number): number => charCodeAt.call(s, i);
