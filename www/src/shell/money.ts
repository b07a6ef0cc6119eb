/** Amounts as people read them. */

/** Minor units of a currency. The browser is asked how many decimals it has, and never for a number: it would round. */
export function money(minor: bigint | string, currency = "EUR"): string {
  const decimals = decimalsOf(currency);
  const amount = BigInt(minor);
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  const whole = digits.slice(0, point).replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = amount < 0n ? "−" : "";
  return `${sign}${currency === "EUR" ? "€" : `${currency} `}${whole}${decimals === 0 ? "" : `.${digits.slice(point)}`}`;
}

const known = new Map<string, number>();

function decimalsOf(currency: string): number {
  const decimals = known.get(currency) ?? new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  known.set(currency, decimals);
  return decimals;
}

/** Virtual time since a run began. */
export function clock(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
