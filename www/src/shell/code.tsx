/** Sentences of the package, in which values stand between backticks. */

import type { ComponentChildren } from "preact";

export function withCode(sentence: string): ComponentChildren {
  return sentence.split("`").map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}
