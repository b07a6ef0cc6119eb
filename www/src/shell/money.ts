/** Amounts as people read them. */

const EXPONENT = 2;

/** Minor units of a currency with two decimals. No number of JavaScript's is asked: it would round. */
export function money(minor: bigint | string, currency = "EUR"): string {
  const amount = BigInt(minor);
  const digits = (amount < 0n ? -amount : amount).toString().padStart(EXPONENT + 1, "0");
  const whole = digits.slice(0, -EXPONENT).replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = amount < 0n ? "−" : "";
  return `${sign}${currency === "EUR" ? "€" : `${currency} `}${whole}.${digits.slice(-EXPONENT)}`;
}

/** Virtual time since a run began. */
export function clock(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
