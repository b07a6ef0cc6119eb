/** One account in the shape bookkeepers draw it: debits on the left, credits on the right, sums below. */

import type { TAccount, TLine } from "../play/books.js";
import { money } from "../shell/money.js";

/** Accounts by their last meaningful words; the whole name stands in the title. */
const TITLES: readonly (readonly [pattern: RegExp, title: string])[] = [
  [/^Assets:Bank:/, "Bank account"],
  [/^Assets:Clearing:Payout:/, "Payouts on their way"],
  [/:Available:/, "At the gateway, available"],
  [/:Pending:/, "At the gateway, pending"],
  [/^Expenses:GatewayFee/, "Fees of the gateway"],
  [/^Income:Sales/, "Sales"],
];

export function TAccountView({ account }: { readonly account: TAccount }) {
  const { name, debits, credits, balance, lines, postings } = account;
  const title = TITLES.find(([pattern]) => pattern.test(name))?.[1] ?? name;
  const earlier = postings - lines.length;
  return (
    <table class="t-account panel">
      <caption>
        <span>{title}</span>
        <code>{name}</code>
      </caption>
      <thead>
        <tr>
          <th scope="col">Debit</th>
          <th scope="col">Credit</th>
        </tr>
      </thead>
      <tbody>
        {earlier > 0 && (
          <tr class="earlier">
            <td colSpan={2}>{earlier} earlier postings</td>
          </tr>
        )}
        {lines.map((line, at) => (
          <tr key={at}>
            <td>{line.side === "debit" && <Posting line={line} />}</td>
            <td>{line.side === "credit" && <Posting line={line} />}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td>{money(debits)}</td>
          <td>{money(credits)}</td>
        </tr>
        <tr>
          <td colSpan={2}>
            Balance <strong>{money(balance)}</strong>
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

function Posting({ line }: { readonly line: TLine }) {
  // Charges are many, and the end of an id tells them apart; of the others the kind says it all.
  const [kind = "", id = ""] = line.entry.split(":");
  const short = kind === "charge" ? `…${id.slice(-4)}` : kind;
  return (
    <>
      <span class="entry" title={line.entry}>
        {short}
      </span>{" "}
      {money(line.amount)}
    </>
  );
}
