/** The ledger of the Tillproof shop as T-accounts. */

import type { Day } from "../play/day.js";
import { money } from "../shell/money.js";
import { Section } from "../shell/section.js";
import { TAccountView } from "./t-account.js";

export function BooksSection({ day }: { readonly day: Day | undefined }) {
  const books = day?.books;
  const balances = books !== undefined && books.debits === books.credits;
  return (
    <Section
      id="books"
      title="The books"
      lead="Each verified webhook became one double entry, in the same commit as the order it paid for. Entries are chained by SHA-256, never changed, and balance in every currency."
    >
      <p class="balance" role="status" data-balances={balances}>
        {books === undefined
          ? "The books are being written…"
          : `${books.entries} entries. Debits ${money(books.debits)}, credits ${money(books.credits)}: ${balances ? "they balance to the cent." : "they do not balance."}`}
      </p>
      <div class="accounts">
        {books === undefined
          ? PLACEHOLDERS.map((name) => <div key={name} class="t-account panel placeholder" />)
          : books.accounts.map((account) => <TAccountView key={account.name} account={account} />)}
      </div>
    </Section>
  );
}

/** As many as there will be, so that nothing moves when they come. */
const PLACEHOLDERS = ["bank", "clearing", "available", "pending", "fees", "sales"] as const;
