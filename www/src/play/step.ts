/** What a run consists of for those who look at it. Everything here crosses from the worker to the page. */

/** Which way something goes; `null` for what happens inside the shop. */
export type Arrow = "to-gateway" | "to-shop" | null;

/** One thing that happened. */
export interface Step {
  /** Milliseconds of virtual time since the run began. */
  readonly at: number;
  /** Which of the orders, from 0. */
  readonly order: number;
  readonly arrow: Arrow;
  /** Whether what was sent arrived, was lost on its way, or was turned away at the door. */
  readonly fate: "arrives" | "lost" | "refused";
  /** What stands on the arrow: a request line, a status, a type of event. */
  readonly label: string;
  /** The same in a sentence. */
  readonly words: string;
  readonly tone: "plain" | "good" | "bad";
}

/** A number of orders and what they come to, in minor units. */
export interface Count {
  readonly orders: number;
  readonly amount: bigint;
}

/** What a shop did, held against what the gateway knows. */
export interface Score {
  readonly placed: Count;
  /** Charged more than once: what was taken too much. */
  readonly chargedTwice: Count;
  /** Sent more often than ordered: what the goods are worth. */
  readonly shippedTwice: Count;
  /** Sent without a payment. */
  readonly shippedUnpaid: Count;
  /** Paid for and not sent. */
  readonly paidUnshipped: Count;
  /** Paid for, and shown as unpaid in the shop's own records. */
  readonly shownUnpaid: Count;
  /** Webhooks the shop heard, and what became of them. */
  readonly webhooks: { readonly heard: number; readonly applied: number; readonly dropped: number; readonly refused: number };
}

/** What one shop did with the orders placed by hand. */
export interface Story {
  readonly steps: readonly Step[];
  readonly score: Score;
}

/** One of the orders placed by hand. */
export interface Placed {
  /** Minor units. */
  readonly amount: bigint;
  /** What goes wrong with it, in words. */
  readonly mishaps: string;
}

/** Both shops, on the same seed. */
export interface Stories {
  readonly naive: Story;
  readonly tillproof: Story;
  readonly placed: readonly Placed[];
  /** Real milliseconds both runs took here; `undefined` for what was recorded elsewhere. */
  readonly tookMs: number | undefined;
}

/** Money and goods that went where they should not, in minor units. What is shown wrongly has not moved. */
export function wrong({ chargedTwice, shippedTwice, shippedUnpaid, paidUnshipped }: Score): bigint {
  return chargedTwice.amount + shippedTwice.amount + shippedUnpaid.amount + paidUnshipped.amount;
}
