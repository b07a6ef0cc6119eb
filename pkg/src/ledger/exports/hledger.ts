/**
 * The journal of hledger: `hledger check --strict` accepts it, and finds every balance it ends with.
 *
 * Positions are transaction codes. All else the ledger knows stands in tags, so that `fromHledger` reads it back whole: what is
 * held, and what was said of accounts, are transactions that move nothing.
 */

import type { LineDocument } from "../entry.js";
import { dayOf, decimal, exponents, moved, signed, sourceOf, type Exported, type Source } from "./journal.js";
import { pairsOf, titleOf } from "./metadata.js";

/** The first line: whoever reads the file knows that it can be read back whole. */
export const HLEDGER_MARK = "; tillproof-journal-1 for hledger: fromHledger reads this file back whole, as long as nobody changes it";

/** The description of the last transaction, which says what every account must have come to, and is no entry. */
export const HLEDGER_CLOSING = "balances of the ledger";

/** A ledger as an hledger journal. */
export function toHledger(ledger: Exported): string {
  return hledgerText(sourceOf(ledger));
}

/** What {@link toHledger} writes. */
export function hledgerText({ lines, trial, days }: Source): string {
  const scale = exponents(trial);
  const amount = (minor: bigint, currency: string): string => `${decimal(minor, scale.get(currency) ?? 0)} ${currency}`;
  const accounts = [...new Set(trial.flatMap((row) => row.accounts.map(({ account }) => account)))].sort();
  const transaction = (line: LineDocument): readonly string[] => [
    `${dayOf((line.entry ?? line.account)?.occurred_at ?? 0)} (${line.position}) ${plain(titleOf(line))}`,
    ...pairsOf(line, plain, scale).map(([name, text]) => `    ; ${name}:${value(text)}`),
    ...(line.entry === undefined ? [] : moved(line.entry)).map((posting) => {
      const key = posting.key === undefined ? "" : `  ; key:${value(posting.key)}`;
      return `    ${posting.account}  ${amount(signed(posting), posting.currency)}${key}`;
    }),
  ];
  const blocks = [
    [HLEDGER_MARK],
    trial.map(({ currency, exponent }) => `commodity 1000.${"0".repeat(exponent)} ${currency}`),
    accounts.map((account) => `account ${account}`),
    ...lines.map(transaction),
    // Zero moves nothing; what stands behind `=` is what hledger must have come to.
    days === null
      ? []
      : [
          `${days.last} ${HLEDGER_CLOSING}`,
          ...trial.flatMap(({ currency, accounts: rows }) =>
            rows.map(({ account, debits, credits }) => `    ${account}  ${amount(0n, currency)} = ${amount(debits - credits, currency)}`),
          ),
        ],
  ];
  return blocks.filter((block) => block.length > 0).map((block) => `${block.join("\n")}\n`).join("\n");
}

/** A description without what ends it in this format. */
export function plain(text: string): string {
  return text.replace(/[;,|]/g, " ").trim();
}

/** The value of a tag: it ends at a comma, and loses the blanks around it; in brackets it could be a date. */
function value(text: string): string {
  return text.replace(/[%,[]|^\s+|\s+$/g, encodeURIComponent);
}
