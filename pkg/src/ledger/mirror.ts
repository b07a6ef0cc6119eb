/** The journal as the reconciler reads it: one row for each event at the gateway that still stands. */

import type { EntryDocument, FactsDocument } from "./entry.js";

const COLUMNS = [
  "reference",
  "id",
  "type",
  "amount_minor",
  "currency",
  "fee_minor",
  "status",
  "occurred_at",
  "payout_id",
  "parent_reference",
] as const;

/** Generic CSV (RFC 4180, LF) with the facts of each entry, but for entries that were reversed and their reversals. */
export function mirrorCsv(lines: readonly string[]): string {
  const entries = lines.map((line) => (JSON.parse(line) as { entry: EntryDocument }).entry);
  const undone = new Set<string>();
  for (const entry of entries) {
    for (const link of entry.links ?? []) {
      if (link.relation === "reverses") undone.add(entry.id).add(link.entry);
    }
  }
  const rows = entries.flatMap((entry) =>
    entry.facts === undefined || undone.has(entry.id) ? [] : [row(entry.facts, entry.occurred_at)],
  );
  return `${[COLUMNS.join(","), ...rows].join("\n")}\n`;
}

function row(facts: FactsDocument, occurredAt: number): string {
  const cells: Readonly<Record<(typeof COLUMNS)[number], string | undefined>> = {
    ...facts,
    id: facts.id,
    fee_minor: facts.fee_minor,
    status: facts.status,
    occurred_at: new Date(occurredAt).toISOString(),
    payout_id: facts.payout_id,
    parent_reference: facts.parent_reference,
  };
  return COLUMNS.map((column) => cell(cells[column] ?? "")).join(",");
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
