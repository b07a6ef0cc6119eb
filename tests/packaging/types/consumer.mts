// What a merchant writes in TypeScript; compiled only. The same text stands in consumer.cts.
import { isTillproofError, TillproofError, type Advice } from "tillproof";
import { provideWasm } from "tillproof/slim";
import type { Store, StoredRecord } from "tillproof/stores/store";
import { createVerifier, type VerifyResult } from "tillproof/webhooks";

const verifier = createVerifier({ scheme: "stripe-v1", secrets: ["whsec_test"], toleranceSeconds: 300 });
const result: VerifyResult = verifier.verify({ body: new Uint8Array(), headers: new Headers() });
if (result.ok) {
  const ids: string[] = result.events.map((event) => event.id);
  void ids;
} else {
  const code: string = result.code;
  void code;
}

/** The scheme says which events there are, and the type what each carries. */
export function captured(body: Uint8Array): number | bigint {
  const typed = verifier.verify({ body, headers: new Headers() });
  const [event] = typed.ok ? typed.events : [];
  return event?.type === "charge.captured" ? event.payload.data.object.amount_captured : 0n;
}

export function advise(error: unknown): Advice {
  return isTillproofError(error) ? error.advice : new TillproofError({ code: "c", message: "m" }).advice;
}

export async function read(store: Store): Promise<StoredRecord | null> {
  provideWasm("webhooks", await WebAssembly.compile(new ArrayBuffer(8)));
  return store.get("key");
}

// @ts-expect-error: an artefact has one of three names.
provideWasm("nonsense", await WebAssembly.compile(new ArrayBuffer(8)));
// @ts-expect-error: a scheme is a name.
createVerifier({ scheme: 7, secrets: [] });
