/** The top of the page: what this is, what it comes to, and where everything is. */

import { wrong, type Score, type Stories } from "../play/step.js";
import { money } from "./money.js";

/** The parts of the page, in their order. */
const PARTS = [
  ["order", "Order"],
  ["hour", "Busy hour"],
  ["books", "Books"],
  ["day", "Settlement"],
  ["webhook", "Webhook"],
  ["files", "Your files"],
  ["storm", "Storm"],
] as const;

interface Props {
  /** The first story as it was recorded: what it comes to is the answer to "why should I read on?". */
  readonly first: Stories;
}

export function Masthead({ first }: Props) {
  return (
    <>
      <a class="skip" href="#order">
        Skip to the first story
      </a>
      <header class="masthead">
        <nav aria-label="Parts of this page">
          <strong>Tillproof</strong>
          <ul>
            {PARTS.map(([id, label]) => (
              <li key={id}>
                <a href={`#${id}`}>{label}</a>
              </li>
            ))}
          </ul>
        </nav>
        <h1>The merchant’s side of a payment, provable to the cent</h1>
        <div class="pitch">
          <p class="promise">
            A library for shops in JavaScript: it charges once when answers get lost, applies each webhook once, keeps the books, and holds them against
            settlement and bank.
          </p>
          <p class="question">One order of {money(first.placed[0]?.amount ?? 0n)}, and the gateway’s answer gets lost. The damage:</p>
          <dl class="verdict">
            <Verdict shop="The usual shop" score={first.naive.score} />
            <Verdict shop="With Tillproof" score={first.tillproof.score} />
          </dl>
        </div>
        <div class="install">
          <code>npm install tillproof</code>
          <p>No dependencies. Node, Bun, Deno, Workers and browsers.</p>
          <p>Both shops, the gateway and the network between them run below, in WebAssembly. Nothing leaves your machine.</p>
        </div>
      </header>
    </>
  );
}

function Verdict({ shop, score }: { readonly shop: string; readonly score: Score }) {
  const times = (orders: number): string => (orders === 0 ? "once" : "twice");
  return (
    <div data-wrong={wrong(score) > 0n}>
      <dt>{shop}</dt>
      <dd>{money(wrong(score))}</dd>
      <dd class="because">
        charged {times(score.chargedTwice.orders)}, sent {times(score.shippedTwice.orders)}
      </dd>
    </div>
  );
}
