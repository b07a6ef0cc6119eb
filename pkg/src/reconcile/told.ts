/**
 * A report that is told in pieces, taken apart again: nobody has to hold all of it at once.
 *
 * Invariant: what is handed on is what `JSON.parse` makes of all pieces together. The engine ends a piece behind a break and
 * never within one, and no text of JSON has a line break in it.
 */

import type { Break, InFlight, ReportHead } from "./report.js";

/** Takes a report, in this order; breaks as often as they come. */
export interface ReportTaker {
  head(head: ReportHead): void;
  breaks(some: readonly Break[]): void;
  inFlight(rows: readonly InFlight[]): void;
}

/** The member whose values come in pieces, as the engine prints it. */
const BREAKS = '\n  "breaks": [';

/** Takes the pieces of one report. */
export class ToldReport {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #taker: ReportTaker;
  #isOpen = false;

  constructor(taker: ReportTaker) {
    this.#taker = taker;
  }

  /** The next piece: the sums and some breaks, and then more breaks. */
  text(piece: Uint8Array): void {
    let text = this.#decoder.decode(piece);
    if (!this.#isOpen) {
      const behind = text.indexOf(BREAKS) + BREAKS.length;
      const { breaks: _, ...head } = JSON.parse(`${text.slice(0, behind)}]}`) as ReportHead & { breaks: [] };
      this.#isOpen = true;
      this.#taker.head(head);
      text = text.slice(behind);
    }
    if (text !== "") this.#taker.breaks(JSON.parse(`[${text.startsWith(",") ? text.slice(1) : text}]`) as Break[]);
  }

  /** The last piece: what is in flight. */
  end(piece: Uint8Array): void {
    const { in_flight: rows } = JSON.parse(`{"breaks":[${this.#decoder.decode(piece)}`) as { in_flight: InFlight[] };
    this.#taker.inFlight(rows);
  }
}
