/** What a shop's way of working came to, counted against what the gateway knows. */

import { wrong, type Count, type Score } from "../play/step.js";
import { money } from "../shell/money.js";

const ROWS = [
  ["chargedTwice", "charged twice"],
  ["shippedTwice", "sent twice"],
  ["shippedUnpaid", "sent unpaid"],
  ["paidUnshipped", "paid, not sent"],
  ["shownUnpaid", "shown unpaid"],
] as const;

export function ScoreView({ score }: { readonly score: Score | undefined }) {
  const total = score === undefined ? undefined : wrong(score);
  return (
    <dl class="score" data-wrong={total === undefined ? "unknown" : total > 0n}>
      <div class="total">
        <dt>Wrong in the end</dt>
        <dd>{total === undefined ? "…" : money(total)}</dd>
      </div>
      {ROWS.map(([name, label]) => (
        <div key={name} data-wrong={(score?.[name].orders ?? 0) > 0}>
          <dt>{label}</dt>
          <dd>{score === undefined ? "…" : counted(score[name])}</dd>
        </div>
      ))}
    </dl>
  );
}

function counted({ orders, amount }: Count): string {
  return orders === 0 ? "0" : `${orders} · ${money(amount)}`;
}
