/**
 * What a refusal says beside its sentence, as far as every program carries it: who may be asked for it.
 *
 * Invariant: a hint never throws and never decides. What finds it comes with `tillproof/webhooks/full`, and where that is not
 * to be had there is none: `message` says what is wrong, a hint says why.
 */

import { fullParts } from "../shell/webhooks-full.js";
import type { Delivery } from "./verifier.js";

/** What is known of a verifier: its options as they cross, and what it may still spend on diagnoses. */
export interface Subject {
  readonly options: object;
  left: number;
  at: number;
}

/** Diagnoses of one verifier in a row. */
export const BURST = 10;

const subjects = /* @__PURE__ */ new WeakMap<object, Subject>();

/** Lets deliveries of a verifier be diagnosed; `options` are those it was made of, named as in the engine. */
export function diagnosable(verifier: object, options: object): void {
  subjects.set(verifier, { options, left: BURST, at: 0 });
}

/** What is known of a verifier; `undefined` of what `createVerifier` has not returned. */
export function subjectOf(verifier: object): Subject | undefined {
  return subjects.get(verifier);
}

/**
 * The diagnosis in one text, as `hint` of a refusal; `undefined` where there is none, or nobody to make it. `now` is when
 * the delivery was verified, where it was read so far.
 */
export function hintOf(verifier: object, delivery: Delivery, code: string, now?: number): string | undefined {
  try {
    const given = now === undefined ? delivery : { ...delivery, now };
    return fullParts().hintOf(subjectOf(verifier) as Subject, given, code);
  } catch {
    return undefined;
  }
}
