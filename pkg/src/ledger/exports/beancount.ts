/** The journal of beancount: `bean-check` accepts it, and finds every balance it ends with. */

import type { Ledger } from "../ledger.js";
import { dayOf, decimal, exponents, moved, signed, sourceOf } from "./journal.js";

const DAY_MS = 86_400_000;

/**
 * A ledger as a beancount journal. Beancount is strict with names: segments begin with a capital letter and hold letters,
 * digits and `-`, and memo accounts stand under equity. The name of the ledger is kept as metadata of the account.
 */
export function toBeancount(ledger: Ledger): string {
  const { entries, trial, days } = sourceOf(ledger);
  if (days === null) return "";
  const scale = exponents(trial);
  const amount = (minor: bigint, currency: string): string => `${decimal(minor, scale.get(currency) ?? 0)} ${currency}`;
  const names = renamed(trial.flatMap((row) => row.accounts.map(({ account }) => account)));
  const nextDay = dayOf(Date.parse(days.last) + DAY_MS);
  const blocks = [
    ...[...names].map(([account, name]) => [`${days.first} open ${name}`, `  name: ${quoted(account)}`]),
    ...entries
      .filter(({ entry }) => moved(entry).length > 0)
      .map(({ position, entry }) => [
        `${dayOf(entry.occurred_at)} * ${quoted(entry.description ?? entry.id)}`,
        `  position: ${position}`,
        `  id: ${quoted(entry.id)}`,
        `  cause: ${quoted(entry.cause)}`,
        ...moved(entry).flatMap((posting) => {
          const line = `  ${names.get(posting.account)}  ${amount(signed(posting), posting.currency)}`;
          return posting.key === undefined ? [line] : [line, `    key: ${quoted(posting.key)}`];
        }),
      ]),
    trial.flatMap(({ currency, accounts }) =>
      accounts.map(({ account, debits, credits }) => `${nextDay} balance ${names.get(account)}  ${amount(debits - credits, currency)}`),
    ),
  ];
  return blocks.map((block) => `${block.join("\n")}\n`).join("\n");
}

/** The names beancount takes, each once: where two would become one, the later in order gets a number. */
function renamed(accounts: readonly string[]): ReadonlyMap<string, string> {
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
