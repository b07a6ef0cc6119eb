/**
 * Intents in the store: one record for each reference, holding the journal.
 *
 * Invariant: a record is only ever replaced by one whose journal is longer, at the version it was read at.
 */

import { TillproofError } from "../shell/errors.js";
import { count, text } from "../shell/guard.js";
import { KEY_BYTES_MAX } from "../stores/rules.js";
import type { Store, StoredRecord, Write } from "../stores/store.js";
import type { JournalEntry } from "./engine.js";

/** What is stored under an intent's key. */
interface IntentDocument {
  readonly v: 1;
  readonly journal: readonly JournalEntry[];
}

/** An intent as it was read; version 0 when there is none yet. */
export interface Loaded {
  readonly version: number;
  readonly journal: readonly JournalEntry[];
}

/** A reference has up to 200 bytes, and escaped each of them may take three. */
const PREFIX_MAX = KEY_BYTES_MAX - 600;

/** The intents of one merchant's account. */
export class Intents {
  readonly #store: Store;
  readonly #prefix: string;

  constructor(store: Store, merchant: string, account: string) {
    this.#store = store;
    this.#prefix = `intent/${escaped("provider.merchantId", merchant)}/${escaped("provider.account", account)}/`;
    if (this.#prefix.length > PREFIX_MAX) {
      throw new TillproofError({
        code: "merchant_too_long",
        message:
          `provider.merchantId and provider.account take ${this.#prefix.length} bytes of every store key, escaped: ` +
          `${PREFIX_MAX} leave room for the reference`,
        details: { argument: "provider", found: String(this.#prefix.length) },
      });
    }
  }

  /** The key of a reference. One reference is one intent, whatever is done with it. */
  key(reference: string): string {
    return this.#prefix + escaped("reference", reference);
  }

  /** The intent, or `null` when the reference was never used. */
  async find(key: string): Promise<Loaded | null> {
    const record = await this.#asking(() => this.#store.get(key));
    return record === null ? null : { version: record.version, journal: documentOf(record).journal };
  }

  /** The intent, which was there before. */
  async load(key: string): Promise<Loaded> {
    const loaded = await this.find(key);
    if (loaded !== null) return loaded;
    throw new TillproofError({
      code: "intent_lost",
      message: "the store no longer has an intent it had before: was it restored from a backup or truncated?",
      advice: "reconcile",
      details: { key },
    });
  }

  /** The write that appends to an intent. */
  write(key: string, loaded: Loaded, append: readonly JournalEntry[], wakeAt: number | null): Write {
    const document: IntentDocument = { v: 1, journal: [...loaded.journal, ...append] };
    return { key, expected: loaded.version, value: JSON.stringify(document), wakeAt };
  }

  /** Stores all writes; `false`, and none, when another process was faster. */
  async commit(writes: readonly Write[]): Promise<boolean> {
    return this.#asking(() => this.#store.commit(writes));
  }

  /** Keys of intents somebody should look at. */
  async due(now: number, limit: number): Promise<string[]> {
    count("limit", limit);
    const records = await this.#asking(() => this.#store.due(this.#prefix, now, limit));
    return records.map((record) => record.key);
  }

  /** A failing store is no outcome: nobody knows more than before, and nothing is sent that it did not take. */
  async #asking<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TillproofError({
        code: "store_failed",
        message: `the store failed (${why}): what became of the payment is not known until it answers again; ask again with the same reference`,
        advice: "wait",
        cause,
      });
    }
  }
}

function documentOf(record: StoredRecord): IntentDocument {
  const document = parsed(record);
  if (document.v === 1) return document;
  throw new TillproofError({
    code: "intent_of_later_version",
    message: `the record ${record.key} was written by a later version of tillproof: run that version here too`,
    details: { key: record.key, version: String(document.v) },
  });
}

function parsed(record: StoredRecord): IntentDocument {
  try {
    const document: unknown = JSON.parse(record.value);
    if (typeof document === "object" && document !== null) return document as IntentDocument;
  } catch {
    // The same as a document of another kind: nobody but a person knows what was there.
  }
  throw new TillproofError({
    code: "intent_unreadable",
    message: `the record ${record.key} is no intent: was it cut or changed? Restore it from a backup before you repeat the call`,
    advice: "reconcile",
    details: { key: record.key },
  });
}

/** References may be of any alphabet; escaped, they stay readable and cannot imitate another key. */
function escaped(name: string, value: string): string {
  return encodeURIComponent(text(name, value));
}
