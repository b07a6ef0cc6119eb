/**
 * The ledger holds itself against what is stored, again and again, and looks at nothing twice.
 *
 * Invariant: what was checked is the stored journal from its first line on without a gap. A check reads the lines that are
 * new: the chain goes on, every entry balances and has a cause, and the running balance of each account they touch is the sum
 * of the stored lines. What is wrong stays the next thing that is looked at, so that it is told until it is mended.
 */

import { isTillproofError } from "../shell/errors.js";
import type { Watched, WatchedLines } from "./books.js";

/** Something that is not as it must be. */
export type LedgerFinding =
  /** The first stored line that is not as it was written, or does not belong there. */
  | { readonly kind: "chain"; readonly position: number; readonly reason: string }
  /** Accounts whose running balance is not the sum of the stored lines; ten at most. */
  | { readonly kind: "index"; readonly accounts: readonly string[] }
  /** Debits and credits of all lines do not come to the same. */
  | { readonly kind: "sums"; readonly position: number }
  /** The store did not answer, so that nothing is known. */
  | { readonly kind: "store"; readonly reason: string };

/** What a check found. */
export interface LedgerCheck {
  /** Whether nothing was found. */
  readonly sound: boolean;
  /** The last stored line that is checked; the whole journal up to there is. */
  readonly position: number;
  /** Lines that were new to this check. */
  readonly checked: number;
  readonly findings: readonly LedgerFinding[];
}

/** How a ledger stands, for {@link Telemetry}. Counters are of this process. */
export interface LedgerFigures {
  readonly name: string;
  /** Lines in the books. */
  readonly lines: number;
  /** Lines that are checked. */
  readonly checkedLines: number;
  /** Whether the last check found nothing; `null` before the first. */
  readonly sound: boolean | null;
  readonly checks: number;
  /** Findings of all checks, by kind. */
  readonly findings: Readonly<Record<LedgerFinding["kind"], number>>;
}

/** What a check needs of its ledger. */
export interface Checkable {
  /** Lines in the books. */
  length(): number;
  /** The stored lines after a position. */
  stored(after: number): Promise<readonly string[]>;
  /** Takes over what other processes stored. */
  reload(): Promise<void>;
  /** Holds stored lines after `from` against the books; `null` where the engine knows nothing of those before. */
  watch(from: number, lines: readonly string[]): Watched | null;
}

/** The checks of one ledger. */
export class SelfCheck {
  readonly #told: (check: LedgerCheck) => void;
  readonly #ledger: Checkable;
  readonly #findings = { chain: 0, index: 0, sums: 0, store: 0 };
  #position = 0;
  /** The stored line at that position. */
  #last: string | null = null;
  #checks = 0;
  #sound: boolean | null = null;
  /** Checks go one after the other: each begins where the one before it ended. */
  #queue: Promise<unknown> = Promise.resolve();
  /** The check that has not begun yet, for all who ask meanwhile. */
  #next: Promise<LedgerCheck> | null = null;
  #wholeNext = false;

  constructor(told: (check: LedgerCheck) => void, ledger: Checkable) {
    this.#told = told;
    this.#ledger = ledger;
  }

  /** Checks what is new, or the whole again. Whoever asks while one check runs shares the one after it. */
  run(whole: boolean): Promise<LedgerCheck> {
    if (whole) this.#wholeNext = true;
    this.#next ??= this.#queue.then(() => {
      this.#next = null;
      if (this.#wholeNext) this.#begin();
      this.#wholeNext = false;
      return this.#check();
    });
    this.#queue = this.#next;
    return this.#next;
  }

  figures(name: string): LedgerFigures {
    const length = this.#ledger.length();
    return { name, lines: length, checkedLines: this.#position, sound: this.#sound, checks: this.#checks, findings: { ...this.#findings } };
  }

  async #check(): Promise<LedgerCheck> {
    const before = this.#position;
    let findings: readonly LedgerFinding[];
    try {
      findings = await this.#look();
    } catch (error) {
      if (isTillproofError(error) && error.code === "journal_broken") {
        findings = [{ kind: "chain", position: Number(error.details.position), reason: error.details.found ?? error.message }];
      } else {
        findings = [{ kind: "store", reason: error instanceof Error ? error.message : "the store threw something that is no error" }];
      }
    }
    for (const { kind } of findings) this.#findings[kind] += 1;
    this.#checks += 1;
    this.#sound = findings.length === 0;
    // After the instance had died, or for the whole, everything was looked at again.
    const checked = this.#position - (this.#position < before ? 0 : before);
    const check: LedgerCheck = { sound: this.#sound, position: this.#position, checked, findings };
    try {
      this.#told(check);
    } catch {
      // What a caller's own function throws is not a matter of the books.
    }
    return check;
  }

  async #look(): Promise<readonly LedgerFinding[]> {
    // What is in the books now was stored before.
    const length = this.#ledger.length();
    const stored = await this.#ledger.stored(Math.max(0, this.#position - 1));
    const [known, lines] = this.#position === 0 ? [null, stored] : [stored[0], stored.slice(1)];
    if (known !== this.#last) {
      return [{ kind: "chain", position: this.#position, reason: known === undefined ? "the store has lost it" : "the store has another line there" }];
    }
    const watched = this.#ledger.watch(this.#position, lines);
    if (watched === null) {
      // The instance that had checked what came before is gone.
      this.#begin();
      return this.#look();
    }
    const checked = (watched.valid ? watched.position : watched.position - 1) - this.#position;
    this.#last = lines[checked - 1] ?? this.#last;
    this.#position += checked;
    if (!watched.valid) return [{ kind: "chain", position: watched.position, reason: watched.reason }];
    if (watched.position < length) return [{ kind: "chain", position: watched.position + 1, reason: "the store has lost it" }];
    const { balanced, differing } = await this.#compared(watched);
    return [
      ...(differing.length === 0 ? [] : [{ kind: "index", accounts: differing } as const]),
      ...(balanced ? [] : [{ kind: "sums", position: this.#position } as const]),
    ];
  }

  /** What was found once the books know all that is stored. */
  async #compared(watched: WatchedLines): Promise<WatchedLines> {
    if (watched.compared || this.#ledger.length() >= watched.position) return watched;
    // Another process has stored what these books do not know yet.
    await this.#ledger.reload();
    const again = this.#ledger.watch(this.#position, []);
    return again?.valid === true ? again : watched;
  }

  #begin(): void {
    this.#position = 0;
    this.#last = null;
  }
}
