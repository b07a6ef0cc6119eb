/**
 * Bulk books in wasm: what crosses, and in which order.
 *
 * Invariant: a handle is used on the instance it was made on. These books hold no pages, so that after a trap nobody here
 * could make them again: they are lost, and say so, and the caller opens others from the pages he has stored.
 */

import { hashWhole, hostCrypto, type HostCrypto } from "../../shell/host-hash.js";
import { TillproofError } from "../../shell/errors.js";
import { ledgerBulk } from "../../shell/ledger-bulk.js";
import { encode, encodeChecked, open, utf8 } from "../../shell/wire.js";
import type { Sums, TrialRow } from "../books.js";
import type { StandingDocument } from "../entry.js";
import { moved, pack, type Accounts, type BulkTransaction, type Slot } from "./columns.js";

/** What ties the pages of a journal together. */
export type Chain = "none" | "batch" | "transaction";

/** Where the books stand. */
export interface View {
  readonly length: number;
  readonly pages: number;
  readonly head: string;
  readonly introduced: number;
}

/** What became of a batch; `exceptions` has four words for each transaction that was not new. */
export interface Told {
  readonly created: number;
  readonly first: number;
  readonly exceptions: Uint32Array;
  /** Bytes of its page; 0 when nothing was new. */
  readonly pageBytes: number;
  /** A copy of its page. Throws `bulk_page_gone` once the books have another. */
  page(): Uint8Array<ArrayBuffer>;
}

/** Where a standing is that was there already, and what of it differs. */
export interface KnownStanding {
  readonly position: number;
  readonly field?: string;
}

/** Of the algorithms of the hosts, by the numbers of host-hash.ts. */
const SHA_256 = 2;
const DIGEST_BYTES = 32;
/** As in src/wasm/bulk.rs. */
const TOLD_WORDS = 10;
const EXCEPTION_WORDS = 4;
const WORD = 2 ** 32;

/** One set of books. */
export class Engine implements Accounts {
  readonly slots = new Map<string, Slot>();
  /** Names in the order of their slots, so that those of a refused batch can be forgotten. */
  readonly #introduced: string[] = [];
  readonly #host: () => HostCrypto | null;
  readonly #generation: number;
  readonly #handle: number;
  /** Which batch was the last: only its page is still there. */
  #batch = 0;
  #closed = false;

  /** `host` is there for tests: the hash functions to use instead of those this host has. */
  constructor(chain: Chain, capacity: number, host: () => HostCrypto | null = () => hostCrypto(false)) {
    this.#host = host;
    const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
    const options = encodeChecked({ chain, key: key.join(""), capacity });
    this.#handle = ledgerBulk.invoke<number>((exports) => exports.bulk_open(options));
    this.#generation = ledgerBulk.generation;
  }

  /** Posts a batch and seals its page. */
  post(transactions: readonly BulkTransaction[], cause: string, recordedAt: number): Told {
    const handle = this.#live();
    this.#batch += 1;
    try {
      moved();
      const [words, bytes] = pack(transactions, this);
      const [high, low] = [Math.trunc(recordedAt / WORD), recordedAt >>> 0];
      const text = utf8(cause);
      const drafted = ledgerBulk.raw((exports) => exports.bulk_draft(handle, words, bytes, high, low, text));
      if (drafted === 0) open(ledgerBulk.raw((exports) => exports.bulk_refusal()));
    } catch (error) {
      this.#forget();
      throw error;
    }
    return this.#sealed(handle);
  }

  /** Posts a standing and seals its page; where it was there already, says where, and what differs. */
  standing(document: StandingDocument): { readonly told: Told; readonly known: KnownStanding | null } {
    const handle = this.#live();
    this.#batch += 1;
    const input = encode(document);
    const known = ledgerBulk.invoke<KnownStanding | null>((exports) => exports.bulk_standing(handle, input));
    this.#forget();
    return { told: this.#sealed(handle), known };
  }

  introduce(account: string, currency: string): Slot {
    const handle = this.#live();
    const input = encodeChecked({ account, currency });
    const number = ledgerBulk.invoke<number>((exports) => exports.bulk_introduce(handle, input));
    const slot = { currency, number, next: this.slots.get(account) };
    this.slots.set(account, slot);
    this.#introduced[number] = account;
    return slot;
  }

  /** Undoes the last batch. */
  takeBack(): void {
    const handle = this.#live();
    this.#batch += 1;
    ledgerBulk.invoke<View>((exports) => exports.bulk_take_back(handle));
    this.#forget();
  }

  /** Adds the next page. */
  replay(page: Uint8Array): View {
    const handle = this.#live();
    this.#batch += 1;
    return ledgerBulk.invoke<View>((exports) => exports.bulk_replay(handle, page));
  }

  view(): View {
    const handle = this.#live();
    return ledgerBulk.invoke<View>((exports) => exports.bulk_view(handle));
  }

  balance(account: string, currency: string): Sums {
    const handle = this.#live();
    const input = encodeChecked({ account, currency });
    return ledgerBulk.invoke<Sums>((exports) => exports.bulk_balance(handle, input));
  }

  trialBalance(): readonly TrialRow[] {
    const handle = this.#live();
    return ledgerBulk.invoke<readonly TrialRow[]>((exports) => exports.bulk_trial_balance(handle));
  }

  position(id: string): number | null {
    const handle = this.#live();
    const input = encodeChecked({ id });
    return ledgerBulk.invoke<number | null>((exports) => exports.bulk_position(handle, input));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#generation === ledgerBulk.generation) ledgerBulk.invoke<null>((exports) => exports.bulk_release(this.#handle));
  }

  /** Seals the last page, by the host where it can, and copies what became of the batch. */
  #sealed(handle: number): Told {
    let told = this.#told();
    const [unsealed, pageAt] = [told[7] as number, told[5] as number];
    if (unsealed > 0) {
      const { buffer } = ledgerBulk.memory();
      const host = this.#host();
      const digest = host === null ? undefined : hashWhole(host, SHA_256, new Uint8Array(buffer, pageAt, unsealed));
      if (digest !== undefined) {
        const area = new Uint8Array(buffer, ledgerBulk.raw((exports) => exports.bulk_digest()), DIGEST_BYTES);
        for (let at = 0; at < DIGEST_BYTES; at += 1) area[at] = digest.charCodeAt(at);
      }
      ledgerBulk.raw((exports) => exports.bulk_seal(handle, digest === undefined ? 0 : 1));
      told = this.#told();
    }
    const [created = 0, low = 0, high = 0, exceptions = 0, exceptionsAt = 0, , pageBytes = 0] = told;
    const { buffer } = ledgerBulk.memory();
    const batch = this.#batch;
    return {
      created,
      first: high * WORD + low,
      exceptions: new Uint32Array(buffer, exceptionsAt, exceptions * EXCEPTION_WORDS).slice(),
      pageBytes,
      page: () => {
        if (pageBytes === 0) return new Uint8Array();
        if (batch === this.#batch && !this.#closed && this.#generation === ledgerBulk.generation) return this.#page();
        throw new TillproofError({
          code: "bulk_page_gone",
          message: "the page of this batch is gone, since another was posted: take it before, or open the books with `append`",
        });
      },
    };
  }

  /** The last page. Its place is asked for anew, since other books of this instance share what is told. */
  #page(): Uint8Array<ArrayBuffer> {
    const handle = this.#live();
    ledgerBulk.raw((exports) => exports.bulk_look(handle));
    const [, , , , , at = 0, bytes = 0] = this.#told();
    return new Uint8Array(ledgerBulk.memory().buffer, at, bytes).slice();
  }

  #told(): Uint32Array {
    const at = ledgerBulk.raw((exports) => exports.bulk_told());
    return new Uint32Array(ledgerBulk.memory().buffer, at, TOLD_WORDS);
  }

  /** Forgets accounts that no page has: the engine has forgotten them as well. */
  #forget(): void {
    if (this.#generation !== ledgerBulk.generation) return;
    const { introduced } = this.view();
    while (this.#introduced.length > introduced) {
      const account = this.#introduced.pop() as string;
      const next = this.slots.get(account)?.next;
      if (next === undefined) this.slots.delete(account);
      else this.slots.set(account, next);
    }
  }

  #live(): number {
    if (!this.#closed && this.#generation === ledgerBulk.generation) return this.#handle;
    if (this.#closed) {
      throw new TillproofError({ code: "bulk_closed", message: "these books were closed: open others from their pages" });
    }
    throw new TillproofError({
      code: "bulk_lost",
      message: "these books were lost when wasm stopped: open them again from the pages that were stored",
      advice: "reconcile",
    });
  }
}
