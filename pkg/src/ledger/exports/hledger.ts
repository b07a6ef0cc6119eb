/** The journal of hledger: `hledger check --strict` accepts it, and finds every balance it ends with. */

import type { Ledger } from "../ledger.js";
import { dayOf, decimal, exponents, moved, signed, sourceOf } from "./journal.js";

/** A ledger as an hledger journal. Positions are transaction codes; id, cause and key are tags. */
export function toHledger(ledger: Ledger): string {
  const { entries, trial, days } = sourceOf(ledger);
  const scale = exponents(trial);
  const amount = (minor: bigint, currency: string): string => `${decimal(minor, scale.get(currency) ?? 0)} ${currency}`;
  const accounts = [...new Set(trial.flatMap((row) => row.accounts.map(({ account }) => account)))].sort();
  const blocks = [
    trial.map(({ currency, exponent }) => `commodity 1000.${"0".repeat(exponent)} ${currency}`),
    accounts.map((account) => `account ${account}`),
    ...entries
      .filter(({ entry }) => moved(entry).length > 0)
      .map(({ position, entry }) => [
        `${dayOf(entry.occurred_at)} (${position}) ${plain(entry.description ?? entry.id)}`,
        `    ; id:${plain(entry.id)}`,
        `    ; cause:${plain(entry.cause)}`,
        ...moved(entry).map((posting) => {
          const key = posting.key === undefined ? "" : `  ; key:${plain(posting.key)}`;
          return `    ${posting.account}  ${amount(signed(posting), posting.currency)}${key}`;
        }),
      ]),
    // Zero moves nothing; what stands behind `=` is what hledger must have come to.
    days === null
      ? []
      : [
          `${days.last} balances of the ledger`,
          ...trial.flatMap(({ currency, accounts: rows }) =>
            rows.map(({ account, debits, credits }) => `    ${account}  ${amount(0n, currency)} = ${amount(debits - credits, currency)}`),
          ),
        ],
  ];
  return blocks.filter((block) => block.length > 0).map((block) => `${block.join("\n")}\n`).join("\n");
}

/** A text without what ends a description or a tag in this format. */
function plain(text: string): string {
  return text.replace(/[;,|]/g, " ").trim();
}
