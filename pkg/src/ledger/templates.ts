/**
 * From events to entries: which accounts an event touches is data in the engine, the amounts are the caller's.
 *
 * Invariant: a template returns an entry for `ledger.post`, or throws; none posts anything. An own template is checked when
 * it is defined: what would not balance is refused there, and not on the day the amount is no longer zero.
 */

import { ledgerTemplates } from "../shell/ledger-templates.js";
import {
  amountDigits,
  list,
  object,
  onlyKnown,
  text,
  timeMs,
  type AmountInput,
} from "../shell/guard.js";
import { encode } from "../shell/wire.js";
import { fromDocument, optional, type EntryDocument, type EntryInput, type EventType } from "./entry.js";
import { SHAPES, type TemplateFields } from "./template-fields.js";

/** What takes an entry back. */
export interface ReversalFields {
  readonly id: string;
  readonly occurredAt: number;
  readonly recordedAt?: number | undefined;
  readonly cause: string;
  readonly description?: string | undefined;
}

/** The built-in templates. Each returns an entry for `ledger.post`; none posts anything. */
export type Templates = {
  readonly [N in keyof TemplateFields]: (fields: TemplateFields[N]) => EntryInput;
} & {
  /** The entry that takes `original` back: the same postings on opposite sides. */
  readonly reversal: (original: EntryInput, fields: ReversalFields) => EntryInput;
};

/** A template of the merchant's own. */
export interface TemplateDocument {
  /** In lower case with underscores, such as `tip_paid`. */
  readonly name: string;
  /** Its type in a settlement report, where it has a row there. */
  readonly event?: EventType | undefined;
  /** How its entry stands to the one it takes from, whose id is then given as `of`. */
  readonly relation?: "reverses" | "captures" | "voids" | "expires" | undefined;
  /**
   * Such as `debit Assets:Till:{currency} amount - fee?`: `pending` where it is promised, the side, the account with names
   * in braces (and `#{key}` for the object it belongs to), the sum, in which `?` marks an amount that may be left out.
   */
  readonly legs: readonly string[];
}

/** What an own template is filled with. */
export interface OwnFields {
  readonly id: string;
  readonly currency: string;
  readonly occurredAt: number;
  readonly recordedAt?: number | undefined;
  readonly cause: string;
  readonly description?: string | undefined;
  readonly follows?: string | undefined;
  /** The entry it takes from. */
  readonly of?: string | undefined;
  /** Until when a hold can be captured. */
  readonly expiresAt?: number | undefined;
  /** The amounts of the legs, by name. */
  readonly amounts: Readonly<Record<string, AmountInput>>;
  /** What stands in braces in the accounts and keys, by name. */
  readonly names?: Readonly<Record<string, string>> | undefined;
  /** The row of a settlement report that should stand against it. */
  readonly facts?: Facts | undefined;
}

/** The facts of an event, as the engine's templates take them. */
export interface Facts {
  readonly reference: string;
  readonly id?: string | undefined;
  readonly status?: string | undefined;
  readonly payoutId?: string | undefined;
  readonly parentReference?: string | undefined;
}

/** A settled event, where the caller does not say otherwise. */
const SETTLED = "completed";

/** The built-in templates, as a table of functions. */
export const templates: Templates = /* @__PURE__ */ table();

function table(): Templates {
  const names = Object.keys(SHAPES) as (keyof TemplateFields)[];
  const filled = names.map((name) => [
    name,
    (fields: object) => builtIn(name, object("fields", fields) as Record<string, unknown>),
  ]);
  return { ...(Object.fromEntries(filled) as Omit<Templates, "reversal">), reversal };
}

function reversal(original: EntryInput, fields: ReversalFields): EntryInput {
  const posted = list("original.postings", object("original", original).postings).map((posting, index) =>
    object(`original.postings[${index}]`, posting),
  );
  return {
    ...onlyKnown("fields", fields, ["id", "occurredAt", "recordedAt", "cause", "description"]),
    links: [{ relation: "reverses", entry: text("original.id", original.id) }],
    // A hold is voided; what of an entry was posted is reversed.
    postings: posted
      .filter(({ layer }) => layer !== "pending")
      .map((posting) => ({ ...posting, side: posting.side === "debit" ? "credit" : "debit" })),
  };
}

/**
 * A template of the merchant's own. Throws `template_invalid` with the leg, or with the amount that would not balance.
 *
 * ```ts
 * const tip = defineTemplate({
 *   name: "tip_paid",
 *   legs: ["debit Assets:Till:{currency} amount", "credit Liabilities:Tips:{waiter} amount"],
 * });
 * await ledger.post(tip({ id: "tip:1", currency: "EUR", occurredAt, cause: "till", amounts: { amount: 200 }, names: { waiter: "anna" } }));
 * ```
 */
export function defineTemplate(template: TemplateDocument): (fields: OwnFields) => EntryInput {
  const { name, event, relation, legs } = onlyKnown("template", template, ["name", "event", "relation", "legs"]);
  const own = {
    name: text("template.name", name),
    ...optional("event", "template.event", event),
    ...optional("relation", "template.relation", relation),
    legs: list("template.legs", legs).map((leg, index) => text(`template.legs[${index}]`, leg)),
  };
  ledgerTemplates.invoke((exports) => exports.ledger_templates(encode(own)));
  return (fields) => {
    const { amounts, names, facts } = object("fields", fields);
    const digits = Object.entries(object("amounts", amounts)).map(([amount, value]) => [amount, amountDigits(`amounts.${amount}`, value)]);
    const texts = Object.entries(names ?? {}).map(([given, value]) => [given, text(`names.${given}`, value)]);
    return fill(own, fields as unknown as Record<string, unknown>, Object.fromEntries(digits), Object.fromEntries(texts), facts);
  };
}

function builtIn(name: keyof TemplateFields, fields: Record<string, unknown>): EntryInput {
  const { amounts = [], names = [], reported, always = false } = SHAPES[name];
  const digits: Record<string, string> = {};
  for (const amount of ["amount", ...amounts]) {
    // What a hold gives up is what is captured of it, where nobody says otherwise.
    const value = amount === "released" ? (fields[amount] ?? fields.amount) : fields[amount];
    // A split is made of two amounts and has none of its own.
    if (amount === "amount" && name === "escrowSplit") continue;
    if (amount === "amount" || (value !== undefined && value !== null)) digits[snake(amount)] = amountDigits(amount, value);
  }
  const texts: Record<string, string> = {};
  for (const given of names) {
    const needed = given === "gateway" && !OWED.includes(name);
    if (needed || (fields[given] !== undefined && fields[given] !== null)) {
      texts[snake(given.replace(/Id$/, ""))] = text(given, fields[given]);
    }
  }
  return fill(snake(name), fields, digits, texts, reported === undefined ? undefined : factsOf(reported, always, fields));
}

/** A promise to give money back is made without a gateway. */
const OWED: readonly string[] = ["refundRequested", "refundGivenUp"];

/** The row of a settlement report: of some events always, of others when there is a reference. */
function factsOf(reported: string, always: boolean, fields: Record<string, unknown>): Facts | undefined {
  const reference = reported === "payoutId" ? fields.payoutId : fields.reference;
  if (reference === undefined && !always) return undefined;
  return {
    reference: reference as string,
    id: fields[reported] as string | undefined,
    status: (fields.status ?? SETTLED) as string,
    payoutId: fields.payoutId as string | undefined,
    parentReference: fields.parentReference as string | undefined,
  };
}

function fill(
  template: unknown,
  fields: Record<string, unknown>,
  amounts: Readonly<Record<string, string>>,
  names: Readonly<Record<string, string>>,
  facts?: Facts,
): EntryInput {
  const occurredAt = timeMs("occurredAt", fields.occurredAt);
  const document = encode({
    template,
    id: text("id", fields.id),
    occurred_at: occurredAt,
    // The ledger decides when the entry is posted; the engine wants a time to make an entry at all.
    recorded_at: occurredAt,
    cause: text("cause", fields.cause),
    ...optional("description", "description", fields.description),
    ...optional("follows", "follows", fields.follows),
    ...optional("of", "of", fields.of),
    ...(fields.expiresAt === undefined ? {} : { expires_at: timeMs("expiresAt", fields.expiresAt) }),
    currency: text("currency", fields.currency),
    amounts,
    names,
    ...(facts === undefined ? {} : { facts: factsDocument(facts) }),
  });
  const entry = fromDocument(ledgerTemplates.invoke<EntryDocument>((exports) => exports.ledger_template(document)));
  return fields.recordedAt === undefined ? entry : { ...entry, recordedAt: timeMs("recordedAt", fields.recordedAt) };
}

function factsDocument(facts: Facts): Readonly<Record<string, string>> {
  return {
    reference: text("reference", object("facts", facts).reference),
    ...optional("id", "id", facts.id),
    ...optional("status", "status", facts.status),
    ...optional("payout_id", "payoutId", facts.payoutId),
    ...optional("parent_reference", "parentReference", facts.parentReference),
  };
}

/** As callers write it to as the engine does: `platformFee` to `platform_fee`. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
