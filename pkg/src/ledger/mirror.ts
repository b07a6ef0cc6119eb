/** The journal as the reconciler reads it: one row for each event at the gateway that still stands. */

import type { EntryDocument, FactsDocument, LineDocument } from "./entry.js";

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

/**
 * Generic CSV (RFC 4180, LF) with the facts of each entry, but for entries that were reversed whole and their reversals. A
 * reversal of a part leaves the row of what it corrects: what it stands for itself is in its own facts.
 */
export function mirrorCsv(lines: readonly string[]): string {
  const entries = lines.flatMap((line) => (JSON.parse(line) as LineDocument).entry ?? []);
  const undone = new Set<string>();
  const rest = new Map(entries.map((entry) => [entry.id, posted(entry)]));
  const takers = new Map<string, string[]>();
  for (const entry of entries) {
    for (const { relation, entry: original } of entry.links ?? []) {
      if (relation !== "reverses") continue;
      const left = (rest.get(original) ?? 0n) - posted(entry);
      rest.set(original, left);
      takers.set(original, [...(takers.get(original) ?? []), entry.id]);
      if (left === 0n) [original, ...(takers.get(original) ?? [])].forEach((id) => undone.add(id));
    }
  }
  const rows = entries.flatMap((entry) =>
    entry.facts === undefined || undone.has(entry.id) ? [] : [row(entry.facts, entry.occurred_at)],
  );
  return `${[COLUMNS.join(","), ...rows].join("\n")}\n`;
}

/** All that an entry posted, over all currencies: what is left of it is zero when nothing of it is. */
function posted({ postings }: EntryDocument): bigint {
  return postings.reduce((sum, { layer, amount_minor }) => (layer === "pending" ? sum : sum + BigInt(amount_minor)), 0n);
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
