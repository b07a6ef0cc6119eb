/**
 * The report as one page of HTML: for a colleague in finance, from an attachment, on paper, in a dark room.
 *
 * Invariant: the page asks nobody for anything. Its policy allows the one style and the one script that stand in it, by
 * their hashes, and everything that came from a file is text. Without the script it shows the same, and cannot filter. It tells
 * of all breaks, and lists no more of them than a message carries and a browser shows at once.
 */

import { reportOnly } from "./checked.js";
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from "./page-parts.js";
import type { Break, Report, ReportHead } from "./report.js";
import type { Bridge, Totals } from "./totals.js";

/** What a page may have beside the report. */
export interface PageOptions {
  /** Its title; `Reconciliation` when left out. */
  readonly title?: string | undefined;
  /** For the way from the books to the bank. */
  readonly totals?: Totals | undefined;
}

/** Ages in days, and what they are called. */
const AGES: readonly (readonly [upTo: number, name: string])[] = [
  [2, "up to 2 days"], [7, "3 to 7 days"], [30, "8 to 30 days"], [90, "31 to 90 days"], [Number.POSITIVE_INFINITY, "more than 90 days"],
];

/** Width of a chart in its own units. */
const WIDTH = 400;

/** So many breaks are listed: some megabytes. */
const LISTED_MAX = 5_000;

/**
 * The page, complete in itself. It lists the worst 5,000 breaks, of each kind some; its sums and charts are of all.
 *
 * Throws `report_invalid` for something else than what `reconcile` returned.
 */
export function toHtml(report: Report, options: PageOptions = {}): string {
  return reportOnly(report, () => {
    const page = new Page(report);
    report.breaks.forEach((one) => page.add(one));
    return page.text(options);
  });
}

/** A page that is made break by break. */
export class Page {
  readonly #head: ReportHead;
  readonly #ages = new Ages();
  readonly #rows: string[] = [];
  /** Of each kind, how many more are listed. */
  readonly #room: Map<string, number>;

  constructor(head: ReportHead) {
    this.#head = head;
    this.#room = shares(head.summary);
  }

  /** Takes the next break of the report, whose breaks stand worst first. */
  add(one: Break): void {
    this.#ages.add(one);
    const room = this.#room.get(one.kind) ?? 0;
    if (room === 0) return;
    this.#room.set(one.kind, room - 1);
    this.#rows.push(pageRow(one));
  }

  /** The whole page, once all breaks were added. */
  text(options: PageOptions): string {
    return [pageHead(this.#head, this.#ages, this.#rows.length, options), ...this.#rows, PAGE_END].join("");
  }
}

/** How many breaks of each kind are listed: what rare kinds leave goes to the others. */
function shares({ by_kind }: ReportHead["summary"]): Map<string, number> {
  const kinds = Object.entries(by_kind).sort(([, a], [, b]) => a.count - b.count);
  let left = LISTED_MAX;
  return new Map(kinds.map(([kind, { count }], index) => {
    const share = Math.min(count, Math.ceil(left / (kinds.length - index)));
    left -= share;
    return [kind, share];
  }));
}

/** What stands before the rows of the breaks: it tells of all of them. */
function pageHead({ summary }: ReportHead, ages: Ages, listed: number, { title = "Reconciliation", totals }: PageOptions): string {
  const { rows } = summary;
  const less = `<p>The worst ${listed} of ${summary.breaks} are listed, of each kind some. The CSV of the report has all of them.</p>\n`;
  const policy = `default-src 'none'; style-src '${STYLE_HASH}'; script-src '${SCRIPT_HASH}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p>${summary.as_of === null ? "No row has a time." : `Ages are counted to <time>${escaped(summary.as_of)}</time>.`}</p>
</header>
<main>
<section aria-labelledby="sum"><h2 id="sum">Summary</h2>
<dl class="cards">
${card("Breaks", summary.breaks)}${card("Matched", summary.matched)}${card("In flight", summary.in_flight)}${card("Set aside", summary.set_aside)}${card("Rows of the ledger", rows.ledger)}${card("Rows of the settlement", rows.settlement)}${card("Rows of the bank", rows.bank)}</dl>
</section>
${(totals?.bridges ?? []).map(bridged).join("")}
<section aria-labelledby="kinds"><h2 id="kinds">Breaks by kind</h2>
${bars("Breaks by kind", byKind(summary))}
</section>
<section aria-labelledby="ages"><h2 id="ages">Breaks by age</h2>
${bars("Breaks by age", ages.bars())}
</section>
<section aria-labelledby="list"><h2 id="list">${listed < summary.breaks ? "Breaks" : "All breaks"}</h2>
${listed < summary.breaks ? less : ""}<p id="filter" hidden><label>Filter <input id="words" type="search" autocomplete="off"></label>
<label>Kind <select id="kind"><option value="">all</option>${Object.keys(summary.by_kind).map((kind) => `<option>${escaped(kind)}</option>`).join("")}</select></label>
<output id="shown" aria-live="polite"></output></p>
<div class="wide" role="group" aria-label="Breaks, scrollable" tabindex="0">
<table id="breaks">
<thead><tr><th scope="col">Kind</th><th scope="col">Reference</th><th scope="col" class="n">Expected</th><th scope="col" class="n">Found</th><th scope="col" class="n">Difference</th><th scope="col" class="n">Days</th><th scope="col">Explanation and rows</th></tr></thead>
<tbody>
`;
}

/** What stands behind them. */
const PAGE_END = `</tbody>
</table>
</div>
</section>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;

function card(name: string, count: number): string {
  return `<div><dt>${name}</dt><dd>${count}</dd></div>\n`;
}

/** The row of a break. */
function pageRow({ id, kind, code, secondary, reference, currency, expected_minor, found_minor, difference_minor, age_days, rows, explanation }: Break): string {
  const places = [...rows.ledger, ...rows.settlement, ...rows.bank].map(({ file, line }) => `${file}:${line}`).join(", ");
  const also = secondary.length === 0 ? "" : `<br><small>also ${escaped(secondary.join(", "))}</small>`;
  const amounts = [expected_minor, found_minor, difference_minor].map((minor) => `<td class="n">${minor === null ? "" : money(minor, currency)}</td>`);
  return `<tr id="b-${escaped(id)}" data-kind="${escaped(kind)}"><th scope="row">${code} ${escaped(kind)}${also}</th><td>${escaped(reference)}</td>${amounts.join("")}<td class="n">${age_days ?? ""}</td><td>${escaped(explanation)}<br><small>${escaped(places)}</small></td></tr>
`;
}

/** A line of a chart: what it is called, what is written, and how long its bar is. */
interface Bar {
  readonly name: string;
  readonly written: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly is?: "total" | "less";
}

/**
 * A chart is a table whose last column is drawn: who cannot see it reads the table, and what prints or previews a page
 * without running its scripts shows all of it, as no library that draws with a script would.
 */
function bars(caption: string, list: readonly Bar[]): string {
  if (list.length === 0) return "<p>None.</p>\n";
  const edges = [0n, ...list.flatMap(({ from, to }) => [from, to])];
  const low = edges.reduce((a, b) => (b < a ? b : a));
  const span = edges.reduce((a, b) => (b > a ? b : a)) - low || 1n;
  // Exact as integers, and a number only when it is small.
  const at = (value: bigint): number => Number(((value - low) * BigInt(WIDTH)) / span);
  const lines = list.map(({ name, written, from, to, is = "total" }) => {
    const [left, right] = at(from) < at(to) ? [at(from), at(to)] : [at(to), at(from)];
    const rect = `<rect class="${is}" x="${left}" y="2" width="${Math.max(1, right - left)}" height="12"/>`;
    return `<tr><th scope="row">${escaped(name)}</th><td class="n">${escaped(written)}</td><td class="bar" aria-hidden="true"><svg viewBox="0 0 ${WIDTH} 16" preserveAspectRatio="none">${rect}</svg></td></tr>\n`;
  });
  return `<table class="chart"><caption>${escaped(caption)}</caption><tbody>\n${lines.join("")}</tbody></table>\n`;
}

function byKind(summary: Report["summary"]): Bar[] {
  return Object.entries(summary.by_kind)
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([name, { count }]) => ({ name, written: String(count), from: 0n, to: BigInt(count) }));
}

/** How many breaks are how old. */
class Ages {
  readonly #counted = new Map<string, number>();

  add({ age_days: days }: Break): void {
    const name = days === null ? "not known" : (AGES.find(([upTo]) => days <= upTo)?.[1] ?? "");
    this.#counted.set(name, (this.#counted.get(name) ?? 0) + 1);
  }

  bars(): Bar[] {
    const counted = [...AGES.map(([, name]) => name), "not known"].map((name) => [name, this.#counted.get(name) ?? 0] as const);
    return counted.filter(([, count]) => count > 0).map(([name, count]) => ({ name, written: String(count), from: 0n, to: BigInt(count) }));
  }
}

const SIDE_NAMES = { ledger: "Your books", settlement: "The provider settled", bank: "The bank booked" } as const;

function bridged({ currency, from, to, from_minor, steps, to_minor }: Bridge): string {
  let level = BigInt(from_minor);
  const list: Bar[] = [{ name: SIDE_NAMES[from], written: money(from_minor, currency), from: 0n, to: level }];
  for (const { kind, count, difference_minor } of steps) {
    const difference = BigInt(difference_minor);
    const name = kind === "unexplained" ? "in flight and set aside" : `${kind} (${count})`;
    list.push({ name, written: money(difference_minor, currency, true), from: level, to: level + difference, is: difference < 0n ? "less" : "total" });
    level += difference;
  }
  list.push({ name: SIDE_NAMES[to], written: money(to_minor, currency), from: 0n, to: BigInt(to_minor) });
  const id = `way-${from}-${to}-${currency}`;
  const title = `From ${from === "ledger" ? "your books" : "the settlement"} to ${to === "bank" ? "the bank" : "the settlement"}, ${currency}`;
  return `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n${bars(`${title}: net of fees, without payouts`, list)}</section>\n`;
}

/** Minor units as people write amounts; as they are, for a currency that the host does not know. */
function money(minor: string, currency: string, signed = false): string {
  const isNegative = minor.startsWith("-");
  const digits = isNegative ? minor.slice(1) : minor;
  const exponent = exponentOf(currency);
  const padded = digits.padStart(exponent + 1, "0");
  const whole = padded.slice(0, padded.length - exponent).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const fraction = exponent === 0 ? "" : `.${padded.slice(-exponent)}`;
  return `${isNegative ? "\u2212" : signed ? "+" : ""}${whole}${fraction} ${currency}`;
}

/** By currency: to ask the host takes as long as to write a row. */
const EXPONENTS = new Map<string, number>();

function exponentOf(currency: string): number {
  const known = EXPONENTS.get(currency) ?? askedExponent(currency);
  EXPONENTS.set(currency, known);
  return known;
}

function askedExponent(currency: string): number {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 0;
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
