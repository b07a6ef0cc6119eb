/** `tillproof verify`: one delivery from files, checked as the library checks it, and a refusal explained. */

import { isTillproofError } from "../shell/errors.js";
import { explain } from "../webhooks/diagnosis.js";
import {
  createVerifier,
  diagnose,
  type Delivery,
  type Diagnosis,
  type HeadersLike,
  type VerifierOptions,
  type VerifyResult,
} from "../webhooks/index.js";
import { flagsOf } from "./commands.js";
import { schemeNamed } from "./scheme.js";
import { FINE, fileBytes, fileJson, flags, NO, printJson, required, shown, UsageError, wholeNumber } from "./usage.js";

/** Runs the command and gives its exit status. */
export async function runVerify(argv: string[]): Promise<number> {
  const given = flags(argv, flagsOf("verify"));
  const delivery: Delivery = {
    headers: headers(required("headers", given.headers)),
    body: fileBytes("body", required("body", given.body)),
    ...(given.url === undefined ? {} : { url: given.url }),
    now: given.now === undefined ? Date.now() : seconds("now", given.now) * 1000,
  };
  const { result, diagnosis } = judged(delivery, {
    ...furtherFields(given.option ?? []),
    scheme: schemeNamed(required("scheme", given.scheme)),
    secrets: secrets(given.secret ?? [], given["secret-env"]),
    ...(given.tolerance === undefined ? {} : { toleranceSeconds: wholeNumber("tolerance", given.tolerance) }),
  });
  if (given.json === true) printJson(document(result, diagnosis));
  else process.stdout.write(sentence(result, diagnosis));
  return result.ok ? FINE : NO;
}

/**
 * Secrets no verifier can be made of are wrong usage, but the delivery often shows what they should be. Where it is
 * genuine by another scheme, the question has an answer all the same, and it is "no".
 */
function judged(delivery: Delivery, options: VerifierOptions): { result: VerifyResult; diagnosis: Diagnosis | undefined } {
  try {
    const verifier = createVerifier(options);
    const result = verifier.verify(delivery);
    return { result, diagnosis: result.ok ? undefined : diagnose(verifier, delivery) };
  } catch (error) {
    if (!isTillproofError(error)) throw error;
    const { code, message } = error;
    if (code === "missing_secret") throw new UsageError("a secret is missing: give --secret S or --secret-env NAME");
    const { scheme, secrets } = options;
    const found = SECRET_CODES.has(code) ? explain({ scheme, secrets }, delivery) : undefined;
    if (found?.code === "wrong_scheme") return { result: { ok: false, code, message }, diagnosis: found };
    throw found === undefined ? error : new UsageError(`${found.sentence}; ${found.fix}`);
  }
}

/** The last second of the year 9999. */
const SECONDS_MAX = 253_402_300_799;

/** Seconds since 1970, which are easily taken for milliseconds. */
function seconds(flag: string, value: string): number {
  const found = wholeNumber(flag, value);
  if (found <= SECONDS_MAX) return found;
  throw new UsageError(`--${flag} ${shown(value)}: looks like milliseconds: expected seconds since 1970, as date +%s prints`);
}

const SECRET_CODES: ReadonlySet<string> = new Set(["bad_secret", "empty_secret"]);

function secrets(written: string[], variable: string | undefined): string[] {
  // Whether there must be one, the scheme says.
  if (variable === undefined) return written;
  const value = process.env[variable];
  if (value === undefined || value === "") {
    throw new UsageError(`--secret-env ${variable}: the environment has no such variable, or it is empty`);
  }
  return [...written, value];
}

/** A record of names to a value or a list of values, or a list of pairs. */
function headers(path: string): HeadersLike {
  const found = fileJson("headers", path);
  const isText = (value: unknown): boolean => typeof value === "string";
  const isPair = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && value.every(isText);
  const isValue = (value: unknown): boolean => isText(value) || (Array.isArray(value) && value.every(isText));
  const fits =
    typeof found === "object" &&
    found !== null &&
    (Array.isArray(found) ? found.every(isPair) : Object.values(found).every(isValue));
  if (!fits) {
    throw new UsageError(
      `--headers ${path}: expected an object of header names to strings or lists of strings, or a list of pairs`,
    );
  }
  return found as HeadersLike;
}

/** `NAME=VALUE` or `NAME=@FILE`; the name as in the library, or with `-` or `_` between its words. */
function furtherFields(written: string[]): Record<string, unknown> {
  const seen = new Set<string>();
  const fields: [string, unknown][] = written.map((option) => {
    const [, name, value] = /^([A-Za-z][A-Za-z0-9_-]*)=(.*)$/s.exec(option) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError(`--option ${shown(option.split("=", 1).join())}: expected NAME=VALUE or NAME=@FILE`);
    }
    const field = name.replace(/[-_]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const flag = FLAGS.get(field);
    if (flag !== undefined) throw new UsageError(`--option ${name}: this is a flag of its own: give --${flag}`);
    if (seen.has(field)) throw new UsageError(`--option ${name} stands twice: give it once`);
    seen.add(field);
    const text = value.startsWith("@") ? new TextDecoder().decode(fileBytes(`option ${name}`, value.slice(1))) : value;
    return [field, valueOf(field, name, text)];
  });
  return Object.fromEntries(fields);
}

/** Options of the library that are no further fields, as each has a flag. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ["scheme", "scheme"],
  ["secret", "secret"],
  ["secrets", "secret"],
  ["tolerance", "tolerance"],
  ["toleranceSeconds", "tolerance"],
]);

/** The value of a further field in the type that the library takes. */
function valueOf(field: string, name: string, text: string): unknown {
  if (SWITCHES.has(field)) return switched(name, text);
  return field === "jwk" ? keyOf(name, text) : text;
}

/** A key as its provider hands it out: a JSON object. */
function keyOf(name: string, text: string): unknown {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === "object" && found !== null && !Array.isArray(found)) return found;
  } catch {
    // Said below.
  }
  throw new UsageError(`--option ${name}: expected a JSON object, such as {"kty":"EC",...}; @FILE reads it from a file`);
}

/** Fields that are on or off. */
const SWITCHES: ReadonlySet<string> = new Set(["strict", "partial"]);

function switched(name: string, text: string): boolean {
  if (text !== "true" && text !== "false") throw new UsageError(`--option ${name}: expected true or false`);
  return text === "true";
}

/** What `--json` prints: the result in snake_case, without the payload, which is the file that was given. */
function document(result: VerifyResult, diagnosis: Diagnosis | undefined): unknown {
  if (!result.ok) {
    const { ok, code, message, hint } = result;
    return { ok, code, message, ...(hint === undefined ? {} : { hint }), diagnosis: diagnosis ?? null };
  }
  return {
    ok: true,
    scheme: result.scheme,
    secret_index: result.secretIndex,
    timestamp: result.timestamp ?? null,
    events: result.events.map(({ id, idIsSigned, type, occurredAt }) => ({
      id,
      id_is_signed: idIsSigned,
      type,
      occurred_at: occurredAt ?? null,
    })),
  };
}

function sentence(result: VerifyResult, diagnosis: Diagnosis | undefined): string {
  if (!result.ok) {
    const refusal = `not genuine (${result.code}): ${result.message}\n`;
    if (diagnosis === undefined) return refusal;
    const { code, confidence, fix } = diagnosis;
    return `${refusal}cause (${code}, ${confidence}): ${diagnosis.sentence}\nfix: ${fix}\n`;
  }
  const events = result.events.map(({ id, type }) => `  ${id}  ${plain(type)}\n`);
  return `genuine: ${result.scheme}, secret ${result.secretIndex}\n${events.join("")}`;
}

/** One line for a terminal, whatever a sender wrote: control characters as JSON escapes them. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
