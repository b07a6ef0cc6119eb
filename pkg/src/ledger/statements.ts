/** Statements of a time: what happened on an account between two moments, in the order in which it happened. */

import { onlyKnown, timeMs } from "../shell/guard.js";
import type { StatementLine } from "./answers.js";

/** Which time a statement is of; all of it, in the order of the journal, when left out. */
export interface StatementOptions {
  /** From this moment on; the balance before it is that of the first line less its amount, or `balance(…, { at: from - 1 })`. */
  readonly from?: number | undefined;
  /** Up to this moment, and not of it. */
  readonly until?: number | undefined;
}

/** The lines of a time, each with the balance after all that had happened until then, whenever the news of it came. */
export function statementOf(lines: readonly StatementLine[], options: StatementOptions, account: string): readonly StatementLine[] {
  const { from, until } = onlyKnown("options", options, ["from", "until"]);
  if (from === undefined && until === undefined) return lines;
  const [first, end] = [timeMs("options.from", from ?? 0), until === undefined ? Infinity : timeMs("options.until", until)];
  const normal = /^(?:Assets|Expenses|Memo):/.test(account) ? "debit" : "credit";
  const sums = new Map<string, bigint>();
  const happened = [...lines].sort((a, b) => a.occurredAt - b.occurredAt || a.position - b.position).map((line) => {
    const moved = line.layer === "pending" ? 0n : line.side === normal ? line.amount : -line.amount;
    const balance = (sums.get(line.currency) ?? 0n) + moved;
    sums.set(line.currency, balance);
    return { ...line, balance };
  });
  return happened.filter(({ occurredAt }) => occurredAt >= first && occurredAt < end);
}
