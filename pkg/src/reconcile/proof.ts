/**
 * A statement of proof: what was held against what, by which rules, and what came of it, signed.
 *
 * Invariant: the signature covers the statement in canonical JSON (RFC 8785), so that it can be checked by whoever has the
 * document and the key, in any language, whatever was done to its white space on the way. Inputs stand in it by their
 * SHA-256 and are not in it.
 */

import { TillproofError } from "../shell/errors.js";
import { bytes, list, object, onlyKnown, refusal, text, timeMs, type BytesInput } from "../shell/guard.js";
import { VERSION } from "../shell/version.js";
import { utf8 } from "../shell/wire.js";
import { sha256Of } from "./digest.js";
import type { Report, ReportHead } from "./report.js";
import { defaultRules, rulesOf, type RulesDocument } from "./rules.js";
import type { SideTotal, Totals } from "./totals.js";

/** A file of a run. */
export interface ProofInput {
  readonly side: "ledger" | "settlement" | "bank" | "columns" | "holidays" | "rules";
  readonly name: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What is stated. Amounts are digit strings of minor units. */
export interface ProofStatement {
  readonly type: "tillproof.reconciliation";
  readonly version: 1;
  /** RFC 3339. */
  readonly made_at: string;
  readonly inputs: readonly ProofInput[];
  readonly rules: {
    readonly tillproof: string;
    readonly report: 1;
    /** The set of rules, with its version. */
    readonly name: string;
    /** Of its document in canonical JSON. */
    readonly sha256: string;
    /** The passes that breaks were found by, with their versions. */
    readonly passes: readonly string[];
  };
  readonly settings: {
    readonly as_of: string | null;
    readonly in_flight_days: number;
    readonly business_days: boolean;
  };
  /** Sums by side and currency; `null` where nobody added up. */
  readonly totals: Readonly<Record<"ledger" | "settlement" | "bank", Readonly<Record<string, SideTotal>>>> | null;
  readonly result: {
    readonly rows: Report["summary"]["rows"];
    readonly matched: number;
    readonly in_flight: number;
    readonly set_aside: number;
    readonly breaks: number;
    readonly by_kind: Readonly<Record<string, number>>;
    /** Of the whole report in canonical JSON. */
    readonly report_sha256: string;
  };
  /** The root of the ledger's day and its last line, where the books are such a ledger. */
  readonly ledger: LedgerRoot | null;
}

/** The root of a day of the ledger: one of `ledger.dayRoots()`. */
export interface LedgerRoot {
  readonly root: string;
  readonly day: string;
  /** The last line of the day. */
  readonly to: number;
}

/** A statement and its signature; `null` where nobody signed. */
export interface Proof {
  readonly statement: ProofStatement;
  readonly signature: {
    readonly algorithm: "Ed25519" | "HMAC-SHA-256";
    /** Names the key, as its owner calls it. */
    readonly key_id: string | null;
    /** Of the statement in canonical JSON as UTF-8, in base64. */
    readonly value: string;
  } | null;
}

/** What a statement is made of beside the report. */
export interface ProofOptions {
  readonly inputs: readonly ProofInput[];
  /** When it is made, in milliseconds; the present when left out. */
  readonly now?: number | undefined;
  readonly inFlightDays?: number | undefined;
  readonly businessDays?: boolean | undefined;
  readonly totals?: Totals | undefined;
  /** One of `ledger.dayRoots()`, mostly the last. */
  readonly ledgerRoot?: LedgerRoot | undefined;
  /** The rules of the run; {@link defaultRules} when left out. */
  readonly rules?: RulesDocument | string | undefined;
  /** An Ed25519 private key or an HMAC key of WebCrypto; without one the statement is not signed. */
  readonly key?: CryptoKey | undefined;
  readonly keyId?: string | undefined;
}

/** What a check found. */
export type ProofCheck =
  | { readonly valid: true; readonly statement: ProofStatement }
  | {
      readonly valid: false;
      readonly code: "proof_not_signed" | "proof_signature_wrong" | "proof_algorithm_other" | "proof_input_differs" | "proof_report_differs" | "proof_ledger_differs";
      readonly message: string;
    };

/** Names and digests of a file. Bytes may come in pieces; no more than one of them is held. */
export async function proofInput(side: ProofInput["side"], name: string, data: BytesInput | AsyncIterable<Uint8Array>): Promise<ProofInput> {
  const { length, sha256 } = await sha256Of(isPieces(data) ? data : pieceOf(bytes(name, data)));
  return { side, name: text("name", name), bytes: length, sha256 };
}

/**
 * States what a run found, and signs it where there is a key.
 *
 * Throws `proof_key_unusable` for a key of another algorithm, or one that may not sign, and `proof_rules_other` for rules that
 * are not those of the report.
 */
export async function proofOf(report: Report, options: ProofOptions): Promise<Proof> {
  onlyKnown("options", options, ["inputs", "now", "inFlightDays", "businessDays", "totals", "ledgerRoot", "rules", "key", "keyId"]);
  const { version, summary } = object("report", report);
  const passes = [...new Set(report.breaks.map(({ rule }) => rule))].sort();
  return stated({ version, summary, passes, sha256: await digestOf(report) }, options);
}

/** What a statement says of a report. */
export interface StatedReport extends ReportHead {
  /** The passes that breaks were found by, in their order. */
  readonly passes: readonly string[];
  /** Of the whole report in canonical JSON. */
  readonly sha256: string;
}

/** {@link proofOf} a report that is not at hand as a whole. */
export async function stated({ version, summary, passes, sha256 }: StatedReport, options: ProofOptions): Promise<Proof> {
  const { inputs, now, inFlightDays, businessDays, totals, ledgerRoot, rules: given, key, keyId } = options;
  const { rows, matched, in_flight, breaks, set_aside, as_of, by_kind, rules: name } = summary;
  const rules = given === undefined ? defaultRules() : rulesOf(given);
  if (`${rules.rules}@${rules.version}` !== name) {
    throw refusal("proof_rules_other", "rules", `${rules.rules}@${rules.version}`, `are not those of the report, which was judged by ${name}: pass those`);
  }
  const statement: ProofStatement = {
    type: "tillproof.reconciliation",
    version: 1,
    made_at: new Date(timeMs("now", now ?? Date.now())).toISOString(),
    inputs: list("inputs", inputs),
    rules: { tillproof: VERSION, report: version, name, sha256: await digestOf(rules), passes },
    settings: { as_of, in_flight_days: inFlightDays ?? rules.in_flight?.days ?? 2, business_days: businessDays ?? rules.in_flight?.business_days ?? false },
    totals: totals === undefined ? null : { ledger: totals.ledger, settlement: totals.settlement, bank: totals.bank },
    result: {
      rows, matched, in_flight, set_aside, breaks,
      by_kind: Object.fromEntries(Object.entries(by_kind).map(([kind, { count }]) => [kind, count])),
      report_sha256: sha256,
    },
    ledger: ledgerRoot === undefined ? null : { root: ledgerRoot.root, day: ledgerRoot.day, to: ledgerRoot.to },
  };
  if (key === undefined) return { statement, signature: null };
  const algorithm = algorithmOf(key);
  if (algorithm === undefined || !key.usages.includes("sign")) {
    throw new TillproofError({
      code: "proof_key_unusable",
      message: `a key for ${String(key.algorithm?.name)} cannot sign this: expected an Ed25519 private key or an HMAC key of SHA-256, with the usage sign`,
    });
  }
  const signed = await crypto.subtle.sign(key.algorithm.name, key, signedBytes(statement));
  return { statement, signature: { algorithm, key_id: keyId ?? null, value: base64(new Uint8Array(signed)) } };
}

/**
 * Checks a proof: its signature, and where they are given, that the files and the report are those it speaks of.
 *
 * The key is an Ed25519 public key or the HMAC key, with the usage `verify`. Throws only for a key that can check nothing.
 */
export async function verifyProof(
  proof: Proof,
  options: {
    readonly key: CryptoKey;
    readonly inputs?: readonly ProofInput[] | undefined;
    readonly report?: Report | undefined;
    readonly ledgerRoot?: LedgerRoot | undefined;
  },
): Promise<ProofCheck> {
  const { key, inputs, report, ledgerRoot } = onlyKnown("options", options, ["key", "inputs", "report", "ledgerRoot"]);
  const { statement, signature } = object("proof", proof);
  if (signature === null || signature === undefined) return refused("proof_not_signed", "the statement bears no signature, and proves nothing");
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) throw refusal("proof_key_unusable", "key", key, "is no Ed25519 key and no HMAC key of SHA-256");
  if (signature.algorithm !== algorithm) {
    return refused("proof_algorithm_other", `it is signed with ${signature.algorithm}, and the key is for ${algorithm}`);
  }
  const value = bytesOf(signature.value);
  if (value === null || !(await crypto.subtle.verify(key.algorithm.name, key, value, signedBytes(statement)))) {
    return refused("proof_signature_wrong", "the signature is not that of this statement by this key: one of the three was changed");
  }
  // The order in which files are given says nothing.
  const known = new Set(statement.inputs.map(({ side, sha256 }) => `${side} ${sha256}`));
  const other = inputs?.find(({ side, sha256 }) => !known.has(`${side} ${sha256}`));
  if (other !== undefined) return refused("proof_input_differs", `${other.name} is none of the files that the statement speaks of`);
  if (inputs !== undefined && new Set(inputs.map(({ side, sha256 }) => `${side} ${sha256}`)).size < known.size) {
    return refused("proof_input_differs", `the statement speaks of ${known.size} files, and ${inputs.length} were given`);
  }
  if (report !== undefined && (await digestOf(report)) !== statement.result.report_sha256) {
    return refused("proof_report_differs", "the report is not the one that the statement speaks of");
  }
  if (ledgerRoot !== undefined && statement.ledger?.root !== ledgerRoot.root) {
    return refused("proof_ledger_differs", `the statement speaks of ${statement.ledger === null ? "no root of a ledger" : `the root ${statement.ledger.root}`}, and not of ${ledgerRoot.root}`);
  }
  return { valid: true, statement };
}

/** JSON with one way to write it (RFC 8785): members by name, no white space. Numbers here are whole. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  // By UTF-16 units, as the standard wants it and JavaScript compares.
  return `{${members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(",")}}`;
}

/** Of a document in canonical JSON. */
async function digestOf(document: object): Promise<string> {
  return (await sha256Of(pieceOf(utf8(canonicalJson(document))))).sha256;
}

function signedBytes(statement: ProofStatement): Uint8Array<ArrayBuffer> {
  return utf8(canonicalJson(statement));
}

function algorithmOf(key: CryptoKey): "Ed25519" | "HMAC-SHA-256" | undefined {
  const { name, hash } = (object("key", { of: key?.algorithm ?? {} }).of as { name?: string; hash?: { name?: string } });
  if (name === "Ed25519") return name;
  return name === "HMAC" && hash?.name === "SHA-256" ? "HMAC-SHA-256" : undefined;
}

function refused(code: Extract<ProofCheck, { valid: false }>["code"], message: string): ProofCheck {
  return { valid: false, code, message };
}

function base64(value: Uint8Array): string {
  return btoa(String.fromCharCode(...value));
}

function bytesOf(value: unknown): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(String(value)), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

function isPieces(data: BytesInput | AsyncIterable<Uint8Array>): data is AsyncIterable<Uint8Array> {
  return typeof data === "object" && Symbol.asyncIterator in data;
}

async function* pieceOf(whole: Uint8Array): AsyncGenerator<Uint8Array> {
  yield whole;
}
