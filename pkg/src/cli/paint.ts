/**
 * Colours, where somebody looks at them.
 *
 * Invariant: whatever is not a terminal, and whoever set `NO_COLOR` or a `TERM` of `dumb`, gets the plain text.
 */

/** Ways to set text apart. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly title: (text: string) => string;
  readonly good: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** The part of a stream that tells whether somebody looks at it. */
export interface Watched {
  readonly isTTY?: boolean;
}

/** How to paint on a stream. The environment is an argument, so that a test can be any terminal. */
export function paintOf(stream: Watched, env: Readonly<Record<string, string | undefined>> = process.env): Paint {
  // An empty NO_COLOR counts as unset: https://no-color.org.
  const plain = stream.isTTY !== true || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  const style = (on: number, off: number) => (text: string) => (plain ? text : `\u001b[${on}m${text}\u001b[${off}m`);
  return {
    bold: style(1, 22),
    faint: style(2, 22),
    title: style(4, 24),
    good: style(32, 39),
    doubtful: style(33, 39),
    bad: style(31, 39),
  };
}
