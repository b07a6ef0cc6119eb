/** The wasm that both shops and the gateway are made of. */
export const ARTEFACTS = ["simulator", "payments", "webhooks", "inbox", "ledger", "ledger-templates", "reconcile", "reconcile-files"] as const;
