/**
 * From events to books: what a provider says of its objects becomes entries, whichever way and in whatever order it comes.
 *
 * Invariant: an entry is made of the object alone, never of the event that carried it, so a webhook, the answer of a call and
 * a page of a list say the same entry. What an older snapshot says after a newer one changes nothing.
 */

import { TillproofError } from "../../shell/errors.js";
import { object, onlyKnown, text } from "../../shell/guard.js";
import type { PostResult } from "../answers.js";
import type { EntryInput } from "../entry.js";
import { Ledger } from "../ledger.js";

/** One thing an object says. */
export interface Step {
  readonly entry: EntryInput;
  /** Ids of entries: when one of them is in the books, a newer snapshot was here before, and this is not said any more. */
  readonly unless?: readonly string[];
  /** Ids of entries: only when all of them are in the books is there something to be done. */
  readonly given?: readonly string[];
}

/** What is known of an entry that is being made. */
export interface News {
  /** What brought it. */
  readonly cause: string;
  /** The entry with an id, if it is in the books. */
  readonly known: (id: string) => EntryInput | null;
}

/** A provider: which entries an object of its API comes to. An object nobody books is no entry. */
export interface Mapping {
  readonly name: string;
  /** The objects in the payload of an event. */
  readonly objectsOf: (payload: Document) => readonly Document[];
  readonly steps: (document: Document, news: News) => readonly Step[];
}

/** A JSON object of a provider. */
export type Document = Readonly<Record<string, unknown>>;

/** What the mirror keeps its books in, and whose. */
export interface MirrorOptions {
  readonly ledger: Ledger;
  readonly mapping: Mapping;
}

/** A verified event, or any object with an id and the payload as the provider sent it. */
export interface MirrorEvent {
  readonly id: string;
  readonly payload: unknown;
}

/** What became of an object. */
export interface MirrorResult {
  /** Ids of entries that are new. */
  readonly created: readonly string[];
  /**
   * Entries that say something else than those in the books: nothing was posted for them. The provider changed what it had
   * said before, and a person decides.
   */
  readonly differing: readonly { readonly id: string; readonly field: string }[];
}

/** A page of a list endpoint, oldest or newest first. */
export type Page = readonly unknown[];

/** The books of what a provider did. */
export class Mirror {
  readonly #ledger: Ledger;
  readonly #mapping: Mapping;

  constructor(options: MirrorOptions) {
    const { ledger, mapping } = onlyKnown("options", options, ["ledger", "mapping"]);
    if (!(ledger instanceof Ledger)) {
      throw new TillproofError({
        code: "argument_invalid",
        message: "options.ledger: is not a ledger: pass what Ledger.open() resolved to",
        details: { argument: "options.ledger" },
      });
    }
    this.#ledger = ledger;
    this.#mapping = object("options.mapping", mapping);
  }

  /** Books the object of a verified event. Events of other objects, and repeated ones, change nothing. */
  async apply(event: MirrorEvent): Promise<MirrorResult> {
    const { id, payload } = object("event", event);
    return this.backfill([this.#mapping.objectsOf(object("event.payload", payload as Document))], text("event.id", id));
  }

  /** Books an object as a call answered it. `cause` is the key of the request, or any other name for how the news came. */
  async take(document: unknown, cause: string): Promise<MirrorResult> {
    const news = { cause: text("cause", cause), known: (id: string) => this.#ledger.entry(id) };
    const created: string[] = [];
    const differing: { id: string; field: string }[] = [];
    for (const { entry, unless = [], given = [] } of this.#mapping.steps(object("document", document as Document), news)) {
      if (unless.some((id) => news.known(id) !== null) || given.some((id) => news.known(id) === null)) continue;
      const result: PostResult = await this.#ledger.post(entry);
      if (result.status === "created") created.push(entry.id);
      if (result.status === "exists_with_different") differing.push({ id: entry.id, field: result.field });
    }
    return { created, differing };
  }

  /** Books everything that list endpoints tell: what events were lost, late or never sent. Resolves to what was new. */
  async backfill(pages: AsyncIterable<Page> | Iterable<Page>, cause = `backfill of ${this.#mapping.name}`): Promise<MirrorResult> {
    const created: string[] = [];
    const differing: { id: string; field: string }[] = [];
    for await (const page of pages) {
      for (const document of page) {
        const result = await this.take(document, cause);
        created.push(...result.created);
        differing.push(...result.differing);
      }
    }
    return { created, differing };
  }
}
