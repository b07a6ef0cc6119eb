/**
 * The keys of `tillproof reconcile`, and its `--verify-proof`: whether a statement is signed, and speaks of these files.
 *
 * Invariant: a report that lies beside its proof is held against it, and what is printed says whether there was one: who reads
 * "proven" reads the report next.
 */

import { constants } from "node:buffer";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

import { verifyProof, type LedgerRoot, type Proof, type Report } from "../reconcile/index.js";
import { isTillproofError } from "../shell/errors.js";
import { jsonFile } from "./reconcile-flags.js";
import { inputsOf, type Original } from "./reconcile-out.js";
import { FINE, fileBytes, NO, printJson, reason, shown, UsageError } from "./usage.js";

/** What a statement is held against. */
export interface ProofAgainst {
  readonly path: string;
  /** Names the variable of the environment that has the key. */
  readonly keyEnv: string | undefined;
  /** None where only the signature is asked for. */
  readonly originals: readonly Original[];
  readonly ledgerRoot?: LedgerRoot | undefined;
  readonly json: boolean;
}

/** Checks a statement, says what came of it, and gives the exit status. */
export async function checkProof({ path, keyEnv, originals, ledgerRoot, json }: ProofAgainst): Promise<number> {
  if (keyEnv === undefined) throw new UsageError("--verify-proof needs --sign-env, the variable with the key that checks the signature");
  const key = await proofKey(keyEnv, "verify");
  const proof = jsonFile("verify-proof", path) as Proof;
  const inputs = originals.length === 0 ? {} : { inputs: await inputsOf(originals) };
  try {
    const beside = reportBeside(path);
    const report = beside === undefined ? {} : { report: reportIn(beside) };
    const found = await verifyProof(proof, { key, ...inputs, ...report, ...(ledgerRoot === undefined ? {} : { ledgerRoot }) });
    if (json) printJson({ ...found, report: beside ?? null });
    else if (found.valid) {
      const { made_at, result, rules } = found.statement;
      const of = beside === undefined ? "no report.json lies beside it" : `${shown(beside)} is its report`;
      process.stdout.write(`proven: made at ${made_at} by the rules ${rules.name}; matched ${result.matched}, breaks ${result.breaks}; ${of}\n`);
    } else process.stdout.write(`not proven: ${found.code === "proof_report_differs" ? `${shown(beside ?? "")}: ` : ""}${found.message}\n`);
    return found.valid ? FINE : NO;
  } catch (error) {
    if (isTillproofError(error)) throw error;
    throw new UsageError(`--verify-proof ${shown(path)}: this is no statement of proof: ${reason(error)}`);
  }
}

/** The report of the folder that a proof lies in; `undefined` where it has none, and for a proof from standard input. */
function reportBeside(path: string): string | undefined {
  const beside = join(dirname(path), "report.json");
  return path !== "-" && existsSync(beside) ? beside : undefined;
}

/** A report as it lies there; what is no JSON any more is no report, and differs from every one. */
function reportIn(path: string): Report {
  const data = fileBytes("verify-proof", path);
  // The most that fits into one text.
  if (data.length > constants.MAX_STRING_LENGTH) {
    throw new UsageError(`--verify-proof: ${shown(path)} is longer than ${constants.MAX_STRING_LENGTH} bytes, the most that is held against its proof: lay the proof elsewhere to check all but the report`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data)) as Report;
  } catch {
    return null as unknown as Report;
  }
}

/** The root in a file: one of `ledger.dayRoots()`. */
export function ledgerRootOf(path: string): LedgerRoot {
  const found = jsonFile("ledger-root", path) as Partial<LedgerRoot> | null;
  const { root, day, to } = found ?? {};
  if (typeof root === "string" && typeof day === "string" && typeof to === "number") return { root, day, to };
  throw new UsageError(`--ledger-root ${shown(path)}: expected {"root", "day", "to"}, one of the ledger's dayRoots()`);
}

/**
 * The key in an environment variable: an Ed25519 key in PEM, or any secret for an HMAC. To check, the private key does as well
 * as the public one.
 */
export async function proofKey(variable: string, usage: "sign" | "verify"): Promise<CryptoKey> {
  const value = process.env[variable];
  if (value === undefined || value === "") {
    throw new UsageError(`--sign-env ${shown(variable)}: the environment has no such variable, or it is empty`);
  }
  if (!value.includes("-----BEGIN")) {
    const secret = new TextEncoder().encode(value);
    return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  }
  try {
    if (usage === "verify") {
      const der = createPublicKey(value).export({ type: "spki", format: "der" });
      return await crypto.subtle.importKey("spki", Uint8Array.from(der), "Ed25519", false, ["verify"]);
    }
    const der = createPrivateKey(value).export({ type: "pkcs8", format: "der" });
    return await crypto.subtle.importKey("pkcs8", Uint8Array.from(der), "Ed25519", false, ["sign"]);
  } catch {
    // What the host says of a key may show some of it.
    const kind = usage === "sign" ? "private key in PEM (PKCS #8)" : "key in PEM";
    throw new UsageError(`--sign-env ${shown(variable)}: this is no Ed25519 ${kind}`);
  }
}
