/**
 * The engine's word on one record, without the books.
 *
 * Invariant: what is sent to the database is the canonical text the engine has made of a record that keeps all its rules.
 */

import { ledgerPlan } from "../../shell/ledger-plan.js";
import { encode } from "../../shell/wire.js";
import type { Answer } from "../books.js";
import type { EntryDocument, RecordDocument } from "../entry.js";

/** What a limit asks of a balance, as the database reads it. */
export interface Demand {
  readonly account: string;
  readonly key?: string;
  readonly currency: string;
  readonly side: "debit" | "credit";
  readonly change: string;
  readonly loose: string;
}

/** A record that keeps all rules, if the balances agree. */
export interface Planned {
  readonly member: "entry" | "account";
  /** The canonical text. */
  readonly record: string;
  readonly demands: readonly Demand[];
}

/** What follows the record in a line: hash, position and the hash before. */
const FRAME = /^\{"(entry|account)":(.*),"hash":"[0-9a-f]{64}","position":[0-9]+,"previous":"[0-9a-f]{64}"\}$/s;

/** Plans a record after those it depends on, of which none has its id. Throws what the engine refuses it for. */
export function plan(known: readonly RecordDocument[], record: RecordDocument): Planned {
  const input = encode({ known, record });
  const { line, demands } = ledgerPlan.invoke<{ readonly line: string; readonly demands: readonly Demand[] }>((exports) => exports.ledger_plan(input));
  const [, member, text = ""] = FRAME.exec(line) ?? [];
  return { member: member === "account" ? "account" : "entry", record: text, demands };
}

/** What a record comes to where `before` has its id: the first field that differs, or null. */
export function difference(before: RecordDocument, record: RecordDocument): string | null {
  const input = encode({ before, record });
  const answer = ledgerPlan.invoke<Answer>((exports) => exports.ledger_plan(input));
  return answer.status === "exists_with_different" ? answer.field : null;
}

/** The entries that let go of those holds among `known` whose time is over. */
export function expiries(known: readonly RecordDocument[], now: number): readonly EntryDocument[] {
  const input = encode({ known, now });
  return ledgerPlan.invoke<readonly EntryDocument[]>((exports) => exports.ledger_plan(input));
}
