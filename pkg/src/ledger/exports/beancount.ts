/**
 * The journal of beancount: `bean-check` accepts it, and finds every balance it ends with.
 *
 * Beancount is strict with names: segments begin with a capital letter and hold letters, digits and `-`, and memo accounts
 * stand under equity. The name of the ledger is kept as metadata of the account, and all else the ledger knows as metadata of
 * transactions, so that `fromBeancount` reads it back whole.
 */

import type { LineDocument } from "../entry.js";
import { dayOf, decimal, exponents, moved, signed, sourceOf, type Exported, type Source } from "./journal.js";
import { pairsOf, titleOf } from "./metadata.js";

const DAY_MS = 86_400_000;

/** The first line: whoever reads the file knows that it can be read back whole. */
export const BEANCOUNT_MARK = "; tillproof-journal-1 for beancount: fromBeancount reads this file back whole, as long as nobody changes it";

/** A ledger as a beancount journal. */
export function toBeancount(ledger: Exported): string {
  return beancountText(sourceOf(ledger));
}

/** What {@link toBeancount} writes. */
export function beancountText({ lines, trial, days }: Source): string {
  const scale = exponents(trial);
  const amount = (minor: bigint, currency: string): string => `${decimal(minor, scale.get(currency) ?? 0)} ${currency}`;
  const names = renamed(trial.flatMap((row) => row.accounts.map(({ account }) => account)));
  const transaction = (line: LineDocument): readonly string[] => [
    `${dayOf((line.entry ?? line.account)?.occurred_at ?? 0)} * ${quoted(titleOf(line))}`,
    `  position: ${line.position}`,
    ...pairsOf(line, unchanged, scale).map(([name, text]) => `  ${name}: ${quoted(text)}`),
    ...(line.entry === undefined ? [] : moved(line.entry)).flatMap((posting) => {
      const written = `  ${names.get(posting.account)}  ${amount(signed(posting), posting.currency)}`;
      return posting.key === undefined ? [written] : [written, `    key: ${quoted(posting.key)}`];
    }),
  ];
  const blocks = [
    [BEANCOUNT_MARK],
    ...(days === null ? [] : [...names].map(([account, name]) => [`${days.first} open ${name}`, `  name: ${quoted(account)}`])),
    ...lines.map(transaction),
    days === null
      ? []
      : trial.flatMap(({ currency, accounts }) =>
          accounts.map(({ account, debits, credits }) => {
            const nextDay = dayOf(Date.parse(days.last) + DAY_MS);
            return `${nextDay} balance ${names.get(account)}  ${amount(debits - credits, currency)}`;
          }),
        ),
  ];
  return blocks.filter((block) => block.length > 0).map((block) => `${block.join("\n")}\n`).join("\n");
}

/** Beancount takes every line for people as it is. */
export function unchanged(text: string): string {
  return text;
}

/** The names beancount takes, each once: where two would become one, the later in order gets a number. */
export function renamed(accounts: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const account of [...new Set(accounts)].sort()) {
    const [root = "", ...segments] = account.split(":");
    const capital = segments.map((segment) => segment.charAt(0).toUpperCase() + segment.slice(1).replace(/[_.]/g, "-"));
    const wanted = [...(root === "Memo" ? ["Equity", "Memo"] : [root]), ...capital].join(":");
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
    taken.add(name);
    names.set(account, name);
  }
  return names;
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
