/** The fewest parts of something with which it still fails: delta debugging after Zeller and Hildebrandt. */

/** What is left, and how often was tried. */
export interface Shrunk<T> {
  readonly parts: readonly T[];
  readonly runs: number;
}

/**
 * Takes out as many of `parts` as can be taken out while `fails` stays true, in at most `runsMax` trials.
 *
 * What is left is minimal when trials were enough: without any one of its parts it does not fail.
 */
export async function shrink<T>(parts: readonly T[], fails: (parts: readonly T[]) => Promise<boolean>, runsMax: number): Promise<Shrunk<T>> {
  let runs = 0;
  const trial = async (candidate: readonly T[]): Promise<boolean> => {
    runs += 1;
    return fails(candidate);
  };
  if (parts.length > 0 && (await trial([]))) return { parts: [], runs };
  let left = parts;
  let pieces = 2;
  while (left.length >= 2 && runs < runsMax) {
    const size = Math.ceil(left.length / pieces);
    let smaller: readonly T[] | undefined;
    for (let start = 0; start < left.length && runs < runsMax && smaller === undefined; start += size) {
      const without = [...left.slice(0, start), ...left.slice(start + size)];
      if (await trial(without)) smaller = without;
    }
    if (smaller !== undefined) {
      left = smaller;
      pieces = Math.max(pieces - 1, 2);
    } else if (size === 1) break;
    else pieces = Math.min(pieces * 2, left.length);
  }
  return { parts: left, runs };
}
