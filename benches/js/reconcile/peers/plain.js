/** The job in plain JavaScript: whole files, `split` and a `Map`. node plain.js LEDGER SETTLEMENT OUT AS_OF */

import { readFileSync, writeFileSync } from "node:fs";

const [ledger, settlement, out, asOf] = process.argv.slice(2);
const AS_OF = Date.parse(asOf);
const WINDOW = 2 * 86_400_000;
const STALE = new Set(["succeeded refunded", "succeeded disputed", "disputed refunded"]);

function read(path) {
  return readFileSync(path, "latin1").split("\n").slice(1, -1).map((line) => {
    const [id, reference, amount, currency, fee, status, occurredAt] = line.split(",");
    return { id, reference, amount: Number(amount), currency, fee: Number(fee), status, occurredAt };
  });
}

const all = new Map();
for (const row of read(ledger)) {
  const seen = all.get(row.reference);
  if (seen === undefined) all.set(row.reference, { ours: [row], theirs: [] });
  else seen.ours.push(row);
}
for (const row of read(settlement)) {
  const seen = all.get(row.reference);
  if (seen === undefined) all.set(row.reference, { ours: [], theirs: [row] });
  else seen.theirs.push(row);
}

function kindOf({ ours, theirs }) {
  const several = ours.length > 1 ? ours : theirs.length > 1 ? theirs : undefined;
  if (several !== undefined) {
    if (several.some(({ id }) => id !== several[0].id)) return "duplicate_charge";
    return several === ours ? "duplicate_record_m" : "duplicate_record_s";
  }
  const [our, their] = [ours[0], theirs[0]];
  if (their === undefined) return Date.parse(our.occurredAt) + WINDOW >= AS_OF ? "in_flight" : "missing_in_settlement";
  if (our === undefined) return "missing_in_mirror";
  if (our.currency !== their.currency) return "currency_mismatch";
  if (our.amount !== their.amount) return "amount_mismatch";
  if (our.fee !== their.fee) return "fee_mismatch";
  if (our.status !== their.status) return STALE.has(`${our.status} ${their.status}`) ? "status_stale" : "status_mismatch";
  return Date.parse(their.occurredAt) > Date.parse(our.occurredAt) + WINDOW ? "late" : undefined;
}

const cells = (row) => (row === undefined ? ",,,,," : `${row.id},${row.amount},${row.currency},${row.fee},${row.status},${row.occurredAt}`);
const lines = ["reference,kind,our_id,our_amount,our_currency,our_fee,our_status,our_time,their_id,their_amount,their_currency,their_fee,their_status,their_time"];
for (const [reference, group] of all) {
  const kind = kindOf(group);
  if (kind !== undefined) lines.push(`${reference},${kind},${cells(group.ours[0])},${cells(group.theirs[0])}`);
}
writeFileSync(out, `${lines.join("\n")}\n`);
