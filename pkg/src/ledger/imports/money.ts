/**
 * Amounts as people write them, exact: a decimal and a currency become minor units, or are refused where they stand.
 *
 * Invariant: no digit is dropped. More decimals than the currency has are refused, and so is a comma that could be either
 * a thousands separator or a decimal one.
 */

import { isTillproofError } from "../../shell/errors.js";
import { Books } from "../books.js";
import { misread, type Place } from "./place.js";

/** An amount in minor units; debits are positive. */
export interface Money {
  readonly minor: bigint;
  readonly currency: string;
}

/** Reads amounts, and knows how many decimals a currency has. */
export class MoneyReader {
  readonly #books = new Books();
  readonly #exponents = new Map<string, number>();
  readonly #symbols: Readonly<Record<string, string>>;

  /** `symbols` are currencies by what stands for them in the file, such as `{ "€": "EUR" }`. */
  constructor(symbols: Readonly<Record<string, string>> = {}) {
    this.#symbols = symbols;
  }

  /** Such as `-10.50 EUR`, `EUR 10.50` or `1,000.00 EUR`. */
  amount(text: string, place: Place): Money {
    const [, first, before, second, digits = "", after] = /^([-+]?)\s*([^\s0-9.,+-]+)?\s*([-+]?)\s*([0-9][0-9.,]*)\s*([^\s0-9.,+-]+)?$/.exec(text.trim()) ?? [];
    const commodity = before ?? after;
    if (commodity === undefined || (before !== undefined && after !== undefined) || (first !== "" && second !== "")) {
      throw misread(place, text.trim(), "an amount with its currency, such as -10.50 EUR");
    }
    const currency = this.currency(commodity);
    const minor = this.minor(digits, currency, place);
    return { minor: first === "-" || second === "-" ? -minor : minor, currency };
  }

  /** The currency that a commodity of the file stands for. */
  currency(commodity: string): string {
    return Object.hasOwn(this.#symbols, commodity) ? (this.#symbols[commodity] as string) : commodity;
  }

  /** Minor units of a decimal in a currency, such as `-10.50`. */
  minor(text: string, currency: string, place: Place): bigint {
    const exponent = this.#exponent(currency, place);
    const [, sign, plain = "", fraction = ""] = /^(-?)([0-9]{1,20}|[0-9]{1,3}(?:,[0-9]{3}){1,6}(?=\.))(?:\.([0-9]*))?$/.exec(text) ?? [];
    if (plain === "") throw misread(place, text, "a decimal number with a point, such as 1000.50 or 1,000.50");
    if (/[1-9]/.test(fraction.slice(exponent))) throw misread(place, text, `at most ${exponent} decimals, which is what ${currency} has`);
    const minor = BigInt(plain.replaceAll(",", "") + fraction.slice(0, exponent).padEnd(exponent, "0"));
    return sign === "-" ? -minor : minor;
  }

  #exponent(currency: string, place: Place): number {
    let exponent = this.#exponents.get(currency);
    if (exponent === undefined) {
      try {
        exponent = this.#books.exponent(currency);
      } catch (error) {
        if (!isTillproofError(error) || error.code !== "currency_unknown") throw error;
        throw misread(place, currency, "a currency of ISO 4217 such as EUR, or a symbol that `currencies` explains", error);
      }
      this.#exponents.set(currency, exponent);
    }
    return exponent;
  }

  /** Lets go of the memory in wasm. */
  close(): void {
    this.#books.close();
  }
}
