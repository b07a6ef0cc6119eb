/** The orders of the demo: the same for the same seed. */

/** What a customer sends to the shop. */
export interface Order {
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly description: string;
  readonly metadata?: { readonly simulate: string };
}

const CURRENCIES = ["EUR", "USD", "JPY"] as const;

/** One order in this many is declined by the gateway. */
const DECLINED_ONE_IN = 50;

/** Makes orders with amounts, currencies and declines drawn from the seed. */
export function makeOrders(count: number, seed: number): Order[] {
  const draw = mulberry32(seed);
  return Array.from({ length: count }, (_, index) => {
    const currency = CURRENCIES[draw() % CURRENCIES.length] ?? "EUR";
    const declined = draw() % DECLINED_ONE_IN === 0;
    return {
      reference: `order_${seed}_${String(index + 1).padStart(5, "0")}`,
      amount: 100 + (draw() % 49_900),
      currency,
      description: `Order ${index + 1}`,
      ...(declined ? { metadata: { simulate: "decline" } } : {}),
    };
  });
}

/** A small generator (mulberry32, public domain): what is bought needs no better one. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
