/**
 * A report that is told in pieces, taken apart again: nobody has to hold all of it at once.
 *
 * Invariant: what is handed on is what `JSON.parse` makes of all pieces together. The engine ends a piece behind a break and
 * never within one, and no text of JSON has a line break in it.
 */

import { arePlaces, withOriginalRows, type Places } from "./places.js";
import type { Break, InFlight, ReportHead } from "./report.js";

/** Takes a report, in this order; breaks as often as they come. */
export interface ReportTaker {
  /** The next of the document as it is printed; before what it says is told. */
  json(piece: Uint8Array | string): void;
  head(head: ReportHead): void;
  breaks(some: readonly Break[]): void;
  inFlight(rows: readonly InFlight[]): void;
}

/** The member whose values come in pieces, as the engine prints it. */
const BREAKS = '\n  "breaks": [';

/** What `JSON.stringify` writes around the breaks where they are alone in a document, and what it writes behind none. */
const [BEFORE, BEHIND, NONE] = [`{${BREAKS}`, "\n  ]\n}", "]\n}"];

/** Takes the pieces of one report; rows are told by the lines of the files that they were read from. */
export class ToldReport {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #places: Places | undefined;
  readonly #taker: ReportTaker;
  #isOpen = false;
  #isFirst = true;

  constructor(places: Places, taker: ReportTaker) {
    this.#places = arePlaces(places) ? places : undefined;
    this.#taker = taker;
  }

  /** The next piece: the sums and some breaks, and then more breaks. */
  text(piece: Uint8Array): void {
    if (this.#places === undefined) this.#taker.json(piece);
    let text = this.#decoder.decode(piece);
    if (!this.#isOpen) {
      const behind = text.indexOf(BREAKS) + BREAKS.length;
      this.#isOpen = true;
      this.#open(JSON.parse(`${text.slice(0, behind)}]}`) as ReportHead);
      text = text.slice(behind);
    }
    if (text !== "") this.#tell(JSON.parse(`[${text.startsWith(",") ? text.slice(1) : text}]`) as Break[]);
  }

  /** The last piece: what is in flight, of which no line is told. */
  end(piece: Uint8Array): void {
    this.#taker.json(piece);
    const { in_flight: rows } = JSON.parse(`{"breaks":[${this.#decoder.decode(piece)}`) as { in_flight: InFlight[] };
    this.#taker.inFlight(rows);
  }

  #open({ version, summary }: ReportHead): void {
    if (this.#places !== undefined) this.#taker.json(JSON.stringify({ version, summary, breaks: [] }, null, 2).slice(0, -NONE.length));
    this.#taker.head({ version, summary });
  }

  #tell(some: readonly Break[]): void {
    const places = this.#places;
    if (places === undefined) return this.#taker.breaks(some);
    const breaks = some.map((one) => withOriginalRows(one, places));
    const text = JSON.stringify({ breaks }, null, 2).slice(BEFORE.length, -BEHIND.length);
    this.#taker.json(this.#isFirst ? text : `,${text}`);
    this.#isFirst = false;
    this.#taker.breaks(breaks);
  }
}
