/**
 * `tillproof`: the paved path.
 *
 * Webhooks verified and applied once, payments that never happen twice, books that balance, and the comparison with
 * what was settled. Each area has its own entry with everything it offers; stores, adapters, the simulator and the test
 * tools have only theirs, so that nobody loads what he does not use.
 */

export { Ledger, templates } from "./ledger/index.js";
export { createOutbox } from "./outbox/index.js";
export { createFetch, createPayments, withReference } from "./payments/index.js";
export { reconcile } from "./reconcile/index.js";
export { defineSaga } from "./saga/index.js";
export { isTillproofError, TillproofError } from "./shell/errors.js";
export type { Advice, ErrorDetails } from "./shell/errors.js";
export { memoryStore } from "./stores/memory.js";
export { Batch } from "./stores/store.js";
export type { Store, StoredRecord, Write } from "./stores/store.js";
export { createInbox, createVerifier, schemes } from "./webhooks/index.js";
