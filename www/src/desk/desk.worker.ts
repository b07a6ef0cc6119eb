/** The worker for the visitor's own webhooks and files. Nothing it is given leaves the machine. */

import { expose } from "comlink";
import { isTillproofError } from "tillproof/slim";
import { readers, reconcile, type NamedSource, type Report } from "tillproof/slim/reconcile";
import { signDelivery } from "tillproof/slim/testing";
import { createVerifier, diagnose, schemes, type Diagnosis, type SchemeInfo } from "tillproof/slim/webhooks";
import "tillproof/slim/webhooks/full";

import type { Look, Side, Wanted } from "../files/reading.js";
import { provide } from "../shell/wasm.js";
import { exampleOf, type Example, type ExampleKind } from "./example.js";
import { optionsIn } from "./options.js";

/** A delivery as somebody pasted it. */
export interface Pasted {
  readonly scheme: string;
  readonly secret: string;
  /** `Name: value`, one a line. */
  readonly headers: string;
  readonly body: string;
  readonly url: string;
  /** What some schemes need beside the secret: `name=value`, one a line. */
  readonly options: string;
}

/** What there is to say of it. */
export type Finding =
  | { readonly verdict: "genuine"; readonly events: readonly { readonly id: string; readonly type: string }[] }
  | { readonly verdict: "refused"; readonly code: string; readonly message: string; readonly diagnosis: Diagnosis | undefined }
  | { readonly verdict: "unreadable"; readonly code: string; readonly message: string };

/** A report, or why there is none. */
export type Reconciled = { readonly ok: true; readonly report: Report; readonly tookMs: number } | { readonly ok: false; readonly message: string };

export class Desk {
  schemes(): SchemeInfo[] {
    return schemes();
  }

  async example(kind: ExampleKind, scheme: string): Promise<Example | { readonly message: string }> {
    await provide("simulator");
    try {
      return exampleOf(kind, scheme, signDelivery, Date.now());
    } catch (error) {
      return { message: `There is no example of ${scheme}: ${wordsOf(error)}. Paste a delivery of the provider's sandbox` };
    }
  }

  async explain(pasted: Pasted): Promise<Finding> {
    await provide("webhooks", "webhooks-full");
    let options: Record<string, unknown>;
    try {
      options = optionsIn(pasted.options);
    } catch (error) {
      return { verdict: "unreadable", code: "no_options", message: (error as Error).message };
    }
    try {
      const { scheme, secret, body, url } = pasted;
      const verifier = createVerifier({ scheme, secrets: secret, ...(url === "" ? {} : { url }), ...options });
      const delivery = { body, headers: headerPairs(pasted.headers), now: Date.now() };
      const result = verifier.verify(delivery);
      if (result.ok) return { verdict: "genuine", events: result.events.map(({ id, type }) => ({ id, type })) };
      return { verdict: "refused", code: result.code, message: result.message, diagnosis: diagnose(verifier, delivery) };
    } catch (error) {
      return { verdict: "unreadable", code: isTillproofError(error) ? error.code : "unknown", message: wordsOf(error) };
    }
  }

  /** What a file seems to be. Nothing is read by it before the visitor has seen it. */
  async look(data: Uint8Array, encoding: string | undefined): Promise<Look> {
    await provide("formats");
    try {
      return readers.detect(data, encoding === undefined ? {} : { encoding });
    } catch (error) {
      return { trouble: wordsOf(error).replace(/^, /, "") };
    }
  }

  async reconcile(files: Readonly<Record<Side, readonly Wanted[]>>): Promise<Reconciled> {
    await provide("formats", "reconcile", "reconcile-files");
    const began = performance.now();
    try {
      const [ledger, settlement, bank] = [files.ledger.map(sourceOf), files.settlement.map(sourceOf), files.bank.map(sourceOf)];
      return { ok: true, report: reconcile({ ledger, settlement, bank }), tookMs: performance.now() - began };
    } catch (error) {
      return { ok: false, message: wordsOf(error) };
    }
  }
}

/** A table in the package's own columns is read by the reconciler itself, as the command line does. */
function sourceOf({ file, ...options }: Wanted): NamedSource {
  const isOwnTable = (options.format === "generic" || options.format === "csv") && options.mapping === undefined && options.encoding === undefined;
  return isOwnTable ? file : readers.source(file.data, { ...options, name: file.name });
}

/** What the package says of a mistake; anything else is a fault of ours and goes on. */
function wordsOf(error: unknown): string {
  if (!isTillproofError(error)) throw error;
  return error.message;
}

function headerPairs(text: string): [string, string][] {
  return text
    .split("\n")
    .filter((line) => line.includes(":"))
    .map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]);
}

expose(new Desk());
