/**
 * Files of providers and banks for whole runs: the published samples, and a shop's month in Stripe's report and the statements of
 * its bank in each format that has balances.
 *
 * Invariant: the same seed gives the same bytes. In a month a row is missing or wrong now and then, one statement does not begin
 * where the last one ended, and one is not there.
 */

import { readFileSync } from "node:fs";

import { readers, type FormatName, type NamedSource, type ReadOptions } from "../../pkg/src/reconcile/index.js";
import { settlementCsv } from "./generic-model.js";
import { dice } from "./reconcile-rows.js";

export const SETTLEMENTS: readonly (readonly [string, FormatName])[] = [
  ["generic.csv", "generic"], ["stripe-payouts.csv", "stripe"], ["stripe-balance.csv", "stripe"], ["adyen.csv", "adyen"],
  ["paypal-settlement.csv", "paypal"], ["paypal-transactions.csv", "paypal"], ["braintree.csv", "braintree"], ["square.json", "square"],
  ["shopify.csv", "shopify"], ["shopify.json", "shopify-json"], ["mollie.csv", "mollie"],
];

export const BANKS: readonly (readonly [string, FormatName])[] = [
  ["bank.csv", "csv"], ["camt053.xml", "camt.053"], ["camt054.xml", "camt.054"], ["mt940.sta", "mt940"], ["mt942.sta", "mt940"],
  ["bai2.txt", "bai2"], ["ofx1.ofx", "ofx"], ["ofx2.ofx", "ofx"],
];

/** What a sample says of itself, and what it would have to say: control totals and balances that are not those of its lines. */
const BENT: Readonly<Record<string, readonly [string, string]>> = {
  "camt053.xml": ["135.52", "135.50"],
  "mt940.sta": ["C260305EUR118,52", "C260305EUR118,00"],
  "mt942.sta": [":90D:1JPY300,", ":90D:1JPY500,"],
  "bai2.txt": ["015,22202,", "015,22200,"],
};

/** The bytes of a sample; `isBent` ones do not add up, where the format has anything that could. */
export function sample(name: string, isBent = false): Uint8Array {
  const bytes = new Uint8Array(readFileSync(`tests/formats/samples/${name}`));
  const [from, to] = BENT[name] ?? [];
  if (!isBent || from === undefined || to === undefined) return bytes;
  const text = new TextDecoder("latin1").decode(bytes);
  if (!text.includes(from)) throw new Error(`${name} does not say ${from}`);
  return Uint8Array.from(text.replaceAll(from, to), (letter) => letter.charCodeAt(0));
}

/** Books that would go with a report: every fifth row is missing, every fifth has another amount. */
export function booksOf(data: Uint8Array, options: ReadOptions): NamedSource {
  const lines = readers.read(data, options).settlement.filter((_, at) => at % 5 !== 3);
  const rows = lines.map((line, at) => (at % 5 === 1 ? { ...line, gross: line.gross + 100n, net: undefined } : line));
  return { name: "books.csv", data: settlementCsv(rows) };
}

/** A month of a shop: its books, Stripe's report of it, and statements of its bank by format. */
export interface Shop {
  readonly ledger: string;
  readonly stripe: string;
  readonly bank: Readonly<Record<"camt.053" | "mt940" | "bai2" | "ofx", string>>;
}

interface Statement {
  readonly day: string;
  readonly number: number;
  readonly opening: number;
  readonly closing: number;
  readonly entries: readonly (readonly [reference: string, minor: number])[];
}

const DAYS = 24;
const STRIPE = [
  "automatic_payout_id", "automatic_payout_effective_at_utc", "balance_transaction_id", "created_utc", "available_on_utc", "currency", "gross", "fee", "net",
  "reporting_category", "source_id", "description", "customer_facing_amount", "customer_facing_currency", "charge_id", "payment_intent_id", "payment_metadata[order_id]",
];
/** How `readers` has to be told about {@link Shop.stripe}. */
export const STRIPE_REFERENCE = "payment_metadata[order_id]";

/** The month of a seed, with so many payments a day. */
export function shop(seed: number, payments = 9): Shop {
  const roll = dice(seed);
  const at = (day: number): string => new Date(Date.UTC(2026, 2, 1 + day)).toISOString().slice(0, 10);
  const major = (minor: number): string => `${minor < 0 ? "-" : ""}${Math.floor(Math.abs(minor) / 100)}.${String(Math.abs(minor) % 100).padStart(2, "0")}`;
  const [ledger, stripe] = [["reference,id,type,amount_minor,fee_minor,currency,occurred_at"], [STRIPE.join(",")]];
  const statements: Statement[] = [];
  let balance = 100_000;
  for (let day = 0; day < DAYS; day += 1) {
    let payout = 0;
    for (let number = 0; number < payments; number += 1) {
      const [name, amount, fee, fate] = [`${day}_${number}`, 500 + roll(9_000), 20 + roll(9), roll(24)];
      if (fate !== 1) ledger.push(`order_${name},ch_${name},charge,${amount},${fate === 2 ? fee + 3 : fee},EUR,${at(day)}T12:00:00Z`);
      if (fate === 3) continue;
      const settled = fate === 4 ? amount + 1 + roll(90) : amount;
      // A description over two lines, so that lines of the report and rows are not the same.
      const words = number % 4 === 0 ? `"Order ${name},\r\nas a gift"` : `Order ${name}`;
      stripe.push([`po_${day}`, `${at(day + 2)} 00:00:00`, `txn_${name}`, `${at(day)} 12:00:00`, `${at(day + 2)} 00:00:00`, "eur", major(settled), major(fee), major(settled - fee), "charge", `ch_${name}`, words, major(settled), "eur", `ch_${name}`, `pi_${name}`, `order_${name}`].join(","));
      payout += settled - fee;
    }
    const entries: [string, number][] = [];
    if (roll(9) !== 0) entries.push([`po_${day}`, payout - (roll(7) === 0 ? 25 : 0)]);
    if (roll(3) === 0) entries.push([`rent_${day}`, -(100 + roll(900))]);
    const opening = day === 9 ? balance + 700 : balance;
    balance = entries.reduce((sum, [, minor]) => sum + minor, opening);
    if (day !== 14) statements.push({ day: at(day + 2), number: day + 1, opening, closing: balance, entries });
  }
  const bank = { "camt.053": camt(statements, major), mt940: mt940(statements), bai2: bai2(statements), ofx: ofx(statements, major) };
  return { ledger: `${ledger.join("\n")}\n`, stripe: `${stripe.join("\r\n")}\r\n`, bank };
}

type Major = (minor: number) => string;

function camt(statements: readonly Statement[], major: Major): string {
  const amount = (minor: number): string => `<Amt Ccy="EUR">${major(Math.abs(minor))}</Amt><CdtDbtInd>${minor < 0 ? "DBIT" : "CRDT"}</CdtDbtInd>`;
  const told = statements.map(({ day, number, opening, closing, entries }) => `<Stmt><Id>S${number}</Id><ElctrncSeqNb>${number}</ElctrncSeqNb><CreDtTm>${day}T20:00:00Z</CreDtTm>
<FrToDt><FrDtTm>${day}T00:00:00Z</FrDtTm><ToDtTm>${day}T23:59:59Z</ToDtTm></FrToDt><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp>${amount(opening)}<Dt><Dt>${day}</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>${amount(closing)}<Dt><Dt>${day}</Dt></Dt></Bal>
${entries.map(([reference, minor]) => `<Ntry>${amount(minor)}<Sts>BOOK</Sts>
<BookgDt><Dt>${day}</Dt></BookgDt><AcctSvcrRef>B-${reference}</AcctSvcrRef>
<NtryDtls><TxDtls><Refs><EndToEndId>${reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>`).join("\n")}
</Stmt>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>\n${told.join("\n")}\n</BkToCstmrStmt></Document>\n`;
}

function mt940(statements: readonly Statement[]): string {
  const comma = (minor: number): string => `${Math.floor(Math.abs(minor) / 100)},${String(Math.abs(minor) % 100).padStart(2, "0")}`;
  const date = (day: string): string => day.slice(2).replaceAll("-", "");
  const balance = (day: string, minor: number): string => `${minor < 0 ? "D" : "C"}${date(day)}EUR${comma(minor)}`;
  return statements.map(({ day, number, opening, closing, entries }) => [
    `:20:S${number}`, ":25:DE02120300000000202051", `:28C:${number}/1`, `:60F:${balance(day, opening)}`,
    ...entries.flatMap(([reference, minor]) => [`:61:${date(day)}${day.slice(5).replace("-", "")}${minor < 0 ? "D" : "C"}${comma(minor)}NTRF${reference}//B-${reference}`, `:86:166?00ENTRY?20EREF+${reference}`]),
    `:62F:${balance(day, closing)}`, "-",
  ].map((line) => `${line}\r\n`).join("")).join("");
}

function bai2(statements: readonly Statement[]): string {
  const groups = statements.map(({ day, opening, closing, entries }) => {
    const date = day.slice(2).replaceAll("-", "");
    const rows = entries.map(([reference, minor]) => `16,${minor < 0 ? "495" : "195"},${Math.abs(minor)},0,B-${reference},${reference},ENTRY/`);
    const total = opening + closing + entries.reduce((sum, [, minor]) => sum + Math.abs(minor), 0);
    return [`02,SHOP,BANKID,1,${date},,EUR,2/`, `03,0004589,,010,${opening},,,015,${closing},,/`, ...rows, `49,${total},${rows.length + 2}/`, `98,${total},1,${rows.length + 4}/`].map((row) => ({ row, total }));
  });
  const total = groups.reduce((sum, [first]) => sum + (first?.total ?? 0), 0);
  const rows = groups.flat().map(({ row }) => row);
  return `${["01,BANKID,SHOP,260327,0600,1,80,,2/", ...rows, `99,${total},${groups.length},${rows.length + 2}/`].join("\n")}\n`;
}

function ofx(statements: readonly Statement[], major: Major): string {
  const date = (day: string): string => day.replaceAll("-", "");
  const told = statements.map(({ day, closing, entries }) => `<STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS>
<STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>021000021<ACCTID>000123456789<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>${date(day)}<DTEND>${date(day)}
${entries.map(([reference, minor]) => `<STMTTRN><TRNTYPE>${minor < 0 ? "DEBIT" : "CREDIT"}<DTPOSTED>${date(day)}<TRNAMT>${major(minor)}<FITID>B-${reference}<REFNUM>${reference}</STMTTRN>`).join("\n")}
</BANKTRANLIST><LEDGERBAL><BALAMT>${major(closing)}<DTASOF>${date(day)}</LEDGERBAL></STMTRS></STMTTRNRS>`);
  return `OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX>\n<BANKMSGSRSV1>\n${told.join("\n")}\n</BANKMSGSRSV1>\n</OFX>\n`;
}
