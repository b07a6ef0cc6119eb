/**
 * Requests and decisions as the engine reads them.
 *
 * Invariant: a field that an operation does not have is refused by its name, never left out in silence.
 */

import { TillproofError } from "../shell/errors.js";
import { amountDigits, onlyKnown, optionalText, text } from "../shell/guard.js";
import type { Operation, RequestDocument } from "./engine.js";
import type { Decision, FollowUpRequest, PayoutRequest } from "./outcome.js";

/** A request of any operation; which fields it may have, {@link FIELDS} says. */
export type AnyRequest = Partial<Omit<PayoutRequest & FollowUpRequest, "reference">> & { readonly reference: string };

const COMMON = ["reference", "description", "metadata", "providerFields"] as const;

const FIELDS: Readonly<Partial<Record<Operation, readonly (keyof AnyRequest)[]>>> = {
  charge: [...COMMON, "amount", "currency"],
  authorize: [...COMMON, "amount", "currency"],
  capture: [...COMMON, "target", "amount", "currency"],
  void: [...COMMON, "target"],
  refund: [...COMMON, "target", "amount", "currency"],
  transfer: [...COMMON, "amount", "currency", "destination"],
  payout: [...COMMON, "amount", "currency", "destination"],
};

/** Operations that cannot mean "the whole". */
const AMOUNT_NEEDED: ReadonlySet<Operation> = new Set(["charge", "authorize", "transfer", "payout"]);

/** What is to be done once, as the engine reads it. */
export function requestDocument(merchant: string, operation: Operation, request: AnyRequest): RequestDocument {
  onlyKnown<AnyRequest>("request", request, FIELDS[operation] ?? []);
  const { amount, currency, metadata, providerFields } = request;
  const needed = AMOUNT_NEEDED.has(operation);
  const target = optionalText("target", request.target);
  const destination = optionalText("destination", request.destination);
  const description = optionalText("description", request.description);
  return {
    merchant,
    operation,
    reference: text("reference", request.reference),
    ...(amount === undefined && !needed ? {} : { amount: amountDigits("amount", amount) }),
    ...(currency === undefined && !needed ? {} : { currency: text("currency", currency) }),
    ...(target === undefined ? {} : { target }),
    ...(destination === undefined ? {} : { destination }),
    ...(description === undefined ? {} : { description }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(providerFields === undefined ? {} : { provider_fields: providerFields }),
  };
}

/** What a person decided, as the engine reads it. */
export function decided(decision: Decision): { charge?: string; note: string } {
  const { as, providerReference, note } = onlyKnown("decision", decision, ["as", "providerReference", "note"]);
  const refuse = (message: string): never => {
    throw new TillproofError({ code: "decision_invalid", message, details: { argument: "decision" } });
  };
  if (as === "settled") {
    if (providerReference === undefined) return refuse("decision: settled by which payment? Give its providerReference");
    return { charge: text("decision.providerReference", providerReference), note: text("decision.note", note) };
  }
  if (as !== "failed") return refuse('decision.as: expected "settled" or "failed"');
  if (providerReference !== undefined) return refuse("decision: a providerReference goes with settled only");
  return { note: text("decision.note", note) };
}
