/** The wasm of the package, fetched as files of their own when a worker first needs them, and compiled on their way. */

import { provideWasm, type ArtefactName } from "tillproof/slim";
import formats from "tillproof/wasm/formats.wasm?url";
import inbox from "tillproof/wasm/inbox.wasm?url";
import ledger from "tillproof/wasm/ledger.wasm?url";
import ledgerTemplates from "tillproof/wasm/ledger-templates.wasm?url";
import payments from "tillproof/wasm/payments.wasm?url";
import paymentsTables from "tillproof/wasm/payments-tables.wasm?url";
import reconcile from "tillproof/wasm/reconcile.wasm?url";
import reconcileFiles from "tillproof/wasm/reconcile-files.wasm?url";
import simulator from "tillproof/wasm/simulator.wasm?url";
import webhooks from "tillproof/wasm/webhooks.wasm?url";
import webhooksFull from "tillproof/wasm/webhooks-full.wasm?url";

const FILES = {
  formats,
  inbox,
  ledger,
  "ledger-templates": ledgerTemplates,
  payments,
  "payments-tables": paymentsTables,
  reconcile,
  "reconcile-files": reconcileFiles,
  simulator,
  webhooks,
  "webhooks-full": webhooksFull,
} satisfies Partial<Record<ArtefactName, string>>;

const provided = new Map<string, Promise<void>>();

/** Resolves when the package can use these artefacts. Rejects where a file cannot be fetched; a later call tries again. */
export async function provide(...names: (keyof typeof FILES)[]): Promise<void> {
  await Promise.all(
    names.map((name) => {
      const known = provided.get(name) ?? compiled(FILES[name]).then((module) => provideWasm(name, module));
      provided.set(name, known);
      known.catch(() => provided.delete(name));
      return known;
    }),
  );
}

async function compiled(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}`);
  // A server that does not know the type of wasm must not keep the page from working.
  if (response.headers.get("content-type") !== "application/wasm") return WebAssembly.compile(await response.arrayBuffer());
  return WebAssembly.compileStreaming(response);
}
