/**
 * From events of subscriptions to what customers may do.
 *
 * Invariant: what a change says is made of its event alone, or of an object and the moment it was fetched, so that events may
 * come in any order, twice, or not at all, as long as a later one or a fetched object tells the same.
 */

import { TillproofError } from "../../shell/errors.js";
import { object, onlyKnown, text, timeMs } from "../../shell/guard.js";
import type { Document, MirrorEvent, Page } from "../mirrors/mirror.js";
import { Entitlements, type SubscriptionChange } from "./entitlements.js";
import type { Grants } from "./grants.js";

/**
 * What a price grants: a plan by name, grants of its own, nothing, or what a function makes of the quantity that was bought,
 * such as `(quantity) => ({ seats: { limit: quantity } })`.
 */
export type Offer = string | Grants | null | ((quantity: number) => string | Grants | null);

/** A provider: which changes his events and objects come to. One that is about no subscription comes to none. */
export interface SubscriptionMapping {
  readonly name: string;
  readonly ofEvent: (event: { readonly id: string; readonly payload: Document }) => readonly SubscriptionChange[];
  /** Of a subscription as it was fetched at a moment. */
  readonly ofObject: (subscription: Document, at: number) => readonly SubscriptionChange[];
}

/** Whose entitlements are fed, and from where. */
export interface SubscriptionFeedOptions {
  readonly entitlements: Entitlements;
  readonly mapping: SubscriptionMapping;
  readonly now?: (() => number) | undefined;
}

/** Feeds entitlements from a provider. */
export class SubscriptionFeed {
  readonly #entitlements: Entitlements;
  readonly #mapping: SubscriptionMapping;
  readonly #now: () => number;

  constructor(options: SubscriptionFeedOptions) {
    const { entitlements, mapping, now } = onlyKnown("options", options, ["entitlements", "mapping", "now"]);
    if (!(entitlements instanceof Entitlements)) {
      throw new TillproofError({
        code: "argument_invalid",
        message: "options.entitlements: are not entitlements: pass what new Entitlements() made",
        details: { argument: "options.entitlements" },
      });
    }
    this.#entitlements = entitlements;
    this.#mapping = object("options.mapping", mapping);
    this.#now = now ?? Date.now;
  }

  /** Takes over what a verified event says, and tells how many changes were new. */
  async apply(event: MirrorEvent): Promise<number> {
    const { id, payload } = object("event", event);
    return this.#take(this.#mapping.ofEvent({ id: text("event.id", id), payload: object("event.payload", payload as Document) }));
  }

  /** Takes over a subscription as it was fetched: it decides what stands from now on, whatever events say of before. */
  async take(subscription: unknown, at: number = this.#now()): Promise<number> {
    return this.#take(this.#mapping.ofObject(object("subscription", subscription as Document), timeMs("at", at)));
  }

  /** Takes over every subscription of a list: what was lost while nobody listened. */
  async backfill(pages: AsyncIterable<Page> | Iterable<Page>, at: number = this.#now()): Promise<number> {
    let changed = 0;
    for await (const page of pages) for (const subscription of page) changed += await this.take(subscription, at);
    return changed;
  }

  async #take(changes: readonly SubscriptionChange[]): Promise<number> {
    let changed = 0;
    for (const change of changes) changed += Number(await this.#entitlements.apply(change));
    return changed;
  }
}

/** What the prices of a subscription grant together. Throws `price_unknown`: what nobody offers cannot be granted in silence. */
export function offered(offers: Readonly<Record<string, Offer>>, items: readonly { readonly names: readonly unknown[]; readonly quantity: number }[]): readonly (string | Grants)[] {
  return items.flatMap(({ names, quantity }) => {
    const name = names.find((one): one is string => typeof one === "string" && Object.hasOwn(offers, one));
    if (name === undefined) {
      const found = String(names.find((one) => typeof one === "string")).slice(0, 80);
      throw new TillproofError({
        code: "price_unknown",
        message: `the price ${JSON.stringify(found)} is in no offer: add it to \`plans\`, with null where it grants nothing`,
        details: { found },
      });
    }
    const offer = offers[name] ?? null;
    const made = typeof offer === "function" ? offer(quantity) : offer;
    return made === null ? [] : [made];
  });
}
