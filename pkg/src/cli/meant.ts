/** What somebody may have meant by a word that is none of those there are. */

/** So many letters may be wrong, missing or too much; in a short word one of them makes another word. */
const lettersOff = (word: string): number => Math.min(2, Math.floor(word.length / 3));

/** `expected a, b, c`, after the one that is nearest to what was typed, if one is. */
export function expected(word: string, known: readonly string[]): string {
  const nearest = meant(word, known);
  return `${nearest === undefined ? "" : `did you mean ${nearest}? `}expected ${known.join(", ")}`;
}

/** The one word that begins with what was typed, or differs from it in a letter or two; the first of equals. */
export function meant(word: string, known: readonly string[]): string | undefined {
  if (word.length < 3) return undefined;
  const begins = known.filter((each) => each.startsWith(word.toLowerCase()));
  if (begins.length > 0) return begins[0];
  const near = known.map((each) => ({ each, off: distance(word.toLowerCase(), each) })).filter(({ off }) => off <= lettersOff(word));
  return near.sort((one, other) => one.off - other.off)[0]?.each;
}

/** How many letters have to be put in, taken out or changed to make one word of another; two that changed places count as one. */
function distance(from: string, to: string): number {
  let older: number[] = [];
  let before = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const cell = Math.min((before[column] ?? 0) + 1, (now[column - 1] ?? 0) + 1, (before[column - 1] ?? 0) + (isSame ? 0 : 1));
      now.push(isSwapped ? Math.min(cell, (older[column - 2] ?? 0) + 1) : cell);
    }
    older = before;
    before = now;
  }
  return before[to.length] ?? 0;
}
