/**
 * The books in PostgreSQL, for many processes that post at once.
 *
 * Invariant: what is posted has passed the engine's rules here, and the limits of accounts in the database, in one statement of the
 * caller's transaction. No process holds the books; what is kept here is the standings of accounts, and a version the database
 * compares them by.
 */

import { TillproofError } from "../../shell/errors.js";
import { count, fn, list, onlyKnown, text, timeMs } from "../../shell/guard.js";
import { storeBusy } from "../../stores/rules.js";
import { connectionOf, queriesIn, type Connection, type Queries } from "../../stores/postgres/drivers.js";
import { Books, check } from "../books.js";
import { fromDocument, toDocument, toStanding, type EntryDocument, type EntryInput, type LineDocument, type RecordDocument, type StandingInput } from "../entry.js";
import { Ledger } from "../ledger.js";
import { fieldName } from "../answers.js";
import type {
  AuditFinding,
  KeptBalance,
  KeptBalanceOptions,
  KeptPostResult,
  KeptVerification,
  Maintenance,
  PostgresLedgerOptions,
  PostInOptions,
  WorkOptions,
} from "./answers.js";
import { readHistory, readStandings, standingsFor, takenBy, type History, type Standings } from "./context.js";
import { balanceNow, balancePast } from "./balances.js";
import { difference, expiries, plan } from "./engine.js";
import { journalStore, readLines } from "./journal.js";
import { refusedBy, told, type Refusal } from "./refusals.js";
import { checkedPrefix, migrationsOf, PREFIX } from "./schema.js";

/** How often a record is planned anew because others changed what it depends on. */
const TRIES_MAX = 50;

/** Lines that are read at once. */
const PAGE_LINES = 2_000;

/** Holds that are looked at in one go. */
const HOLDS_MAX = 500;

/** Months for which partitions are there ahead. */
const MONTHS_AHEAD = 3;

/** How long a call waits for its turn on a single client, in milliseconds. */
const PATIENCE_MS = 5_000;

/** Of an entry that takes from no other. */
const NOTHING: History = { records: [], numbers: [], taken: 0 };

/** What the posting function answers. */
interface Told {
  readonly status: "created" | "exists" | "different" | "rules" | "taken" | "limit" | "not_empty";
  readonly number: number | null;
  readonly detail: string | null;
  readonly place?: number;
}

/** The merchant's books in a PostgreSQL database. */
export class PostgresLedger<Client = unknown> {
  readonly #connection: Connection;
  readonly #replica: Queries;
  readonly #prefix: string;
  readonly #now: () => number;
  #standings: Standings | null = null;
  /** Seconds since the epoch: what was posted before is folded. Rises with the balances that are asked for. */
  #floor = "-Infinity";

  constructor(options: PostgresLedgerOptions) {
    onlyKnown("options", options, ["database", "replica", "prefix", "now"]);
    this.#prefix = checkedPrefix(options.prefix ?? PREFIX);
    this.#connection = connectionOf(options.database, this.#prefix, PATIENCE_MS);
    this.#replica =
      options.replica === undefined ? this.#connection : connectionOf(options.replica, this.#prefix, PATIENCE_MS);
    this.#now = fn("options.now", options.now ?? Date.now);
  }

  /** Makes tables, functions and partitions where they are absent; harmless when they are there, and when several do it at once. */
  async migrate(): Promise<void> {
    await this.#connection.transaction(async ({ query }) => {
      await query("SELECT pg_advisory_xact_lock(hashtext($1))", [`${this.#prefix}/migrate`]);
      for (const statement of migrationsOf(this.#prefix)) await query(statement, []);
    });
  }

  /**
   * Posts an entry: one statement, in the transaction of `client` where there is one, else in its own. What reverses an entry or
   * releases a hold first reads what it takes from.
   *
   * Throws as the ledger in memory does (`entry_unbalanced`, `limit_reached`, …), and then nothing was written; a transaction of
   * the caller's goes on.
   */
  async post(entry: EntryInput, options: PostInOptions<Client> = {}): Promise<KeptPostResult> {
    const [result] = await this.#post([toDocument(entry, this.#now)], this.#in(options));
    return result as KeptPostResult;
  }

  /** Posts several entries in one statement, all or none. Throws `entry_differs` when one of them says something else than the books. */
  async postAll(entries: readonly EntryInput[], options: PostInOptions<Client> = {}): Promise<readonly KeptPostResult[]> {
    const documents = list("entries", entries).map((entry) => toDocument(entry, this.#now));
    return documents.length === 0 ? [] : this.#post(documents, this.#in(options));
  }

  /** Opens, blocks or closes an account and all beneath it, or sets their limit. Waits for the postings that are under way. */
  async setAccount(standing: StandingInput, options: PostInOptions<Client> = {}): Promise<KeptPostResult> {
    const [result] = await this.#post([toStanding(standing, this.#now)], this.#in(options));
    return result as KeptPostResult;
  }

  /** Lets go of holds whose time is over, at most 500, and says how many there were. */
  async expireHolds(options: { readonly now?: number | undefined } = {}): Promise<number> {
    const now = timeMs("options.now", onlyKnown("options", options, ["now"]).now ?? this.#now());
    const prefix = this.#prefix;
    const { rows } = await this.#ask(this.#connection, `SELECT id FROM ${prefix}_holds WHERE expires_at <= $1::bigint ORDER BY expires_at LIMIT $2::bigint`, [now, HOLDS_MAX]);
    let released = 0;
    for (const row of rows) {
      const id = String(row["id"]);
      const { records } = await readHistory(this.#connection, prefix, id);
      // Of a hold inside a chain of records the others are looked at in their own turn.
      const due = expiries(records, now).filter((entry) => takenBy(entry) === id);
      // Whoever released the hold meanwhile was faster, and there is nothing left to do.
      const results = due.length === 0 ? [] : await this.#post(due, this.#connection).catch((error: unknown) => {
        if ((error as { code?: unknown }).code === "hold_closed") return [];
        throw error;
      });
      released += results.filter(({ status }) => status === "created").length;
      await this.#ask(this.#connection, `DELETE FROM ${prefix}_holds WHERE id = $1`, [id]);
    }
    return released;
  }

  /** The entry with this id, as it could be posted again; null when there is none. */
  async entry(id: string, options: PostInOptions<Client> = {}): Promise<EntryInput | null> {
    const prefix = this.#prefix;
    const { rows } = await this.#ask(
      this.#in(options),
      `SELECT e.record FROM ${prefix}_ids AS i JOIN ${prefix}_entries AS e ON e.number = i.number AND e.posted_at = i.posted_at
       WHERE i.id = $1 AND e.member = 'entry'`,
      [text("id", id)],
    );
    if (rows[0] === undefined) return null;
    const document = JSON.parse(String(rows[0]["record"])) as EntryDocument;
    return { ...fromDocument(document), recordedAt: document.recorded_at };
  }

  /**
   * The sums of an account; zero where nothing was ever posted. Of now it takes the same time however long the history is: what is
   * folded is one row, and what is not is as much as came since the last fold. Of the past, as long as the account has postings.
   *
   * With `replica`, the replica is asked; the answer says how far it had come.
   */
  async balance(account: string, currency: string, options: KeptBalanceOptions<Client> = {}): Promise<KeptBalance> {
    const { key, at, knownAt, replica, client } = onlyKnown("options", options, ["key", "at", "knownAt", "replica", "client"]);
    const place = { account: text("account", account), currency: text("currency", currency) };
    const queries = replica === true ? this.#replica : this.#in({ client });
    const ask = (statement: string, values: readonly (string | number | null)[]) => this.#ask(queries, statement, values);
    if (at === undefined && knownAt === undefined) {
      const asked = { ...place, key: key === undefined ? null : text("options.key", key), floor: this.#floor };
      const { balance, floor } = await balanceNow(ask, this.#prefix, asked);
      // A transaction of the caller's has not folded anything, and a replica is only behind.
      if (queries === this.#connection) this.#floor = floor;
      return balance;
    }
    if (key !== undefined) {
      throw new TillproofError({
        code: "balance_of_key_in_the_past",
        message: "options: `key` and a time together are not kept: ask for the account, or for the balance of now",
        details: { argument: "options" },
      });
    }
    const times = {
      at: at === undefined ? null : timeMs("options.at", at),
      knownAt: knownAt === undefined ? null : timeMs("options.knownAt", knownAt),
    };
    return balancePast(ask, this.#prefix, { ...place, ...times });
  }

  /** Adds what was posted since the last fold to the balances: how many postings, or null when another process is about it. */
  async fold(): Promise<number | null> {
    return this.#number(`SELECT ${this.#prefix}_fold()::text AS number`);
  }

  /** Gives what was posted since the last seal its place in the journal: how many lines, or null when another process is about it. */
  async seal(): Promise<number | null> {
    return this.#number(`SELECT ${this.#prefix}_seal()::text AS number`);
  }

  /** What a worker does again and again: partitions ahead, months that are over closed, then fold and seal. */
  async maintain(): Promise<Maintenance> {
    const partitions = await this.#number(`SELECT ${this.#prefix}_partitions(${MONTHS_AHEAD})::text AS number`);
    return { partitions: partitions ?? 0, folded: await this.fold(), sealed: await this.seal() };
  }

  /** Maintains the books until `signal` is aborted; any number of processes may. An error ends it. */
  async work(options: WorkOptions): Promise<void> {
    const { signal, everyMs } = onlyKnown("options", options, ["signal", "everyMs"]);
    const pauseMs = count("options.everyMs", everyMs ?? 1_000, 1);
    while (!signal.aborted) {
      await this.maintain();
      await pause(pauseMs, signal);
    }
  }

  /** After a restore into another server: see docs/ledger-postgres.md. Takes the place of a fold and a seal. */
  async adopt(): Promise<void> {
    await this.#number(`SELECT ${this.#prefix}_adopt()::text AS number`);
  }

  /** The sealed journal: the lines that `Ledger.importJournal` takes. */
  async *journal(): AsyncGenerator<string, void, undefined> {
    for (let position = 0; ; ) {
      const lines = await this.#told(readLines(this.#connection, this.#prefix, position, PAGE_LINES));
      yield* lines;
      if (lines.length < PAGE_LINES) return;
      position += lines.length;
    }
  }

  /** The sealed books in memory, for reports, exports and proofs. They only read; `reload()` takes over what was sealed since. */
  async books(): Promise<Ledger> {
    return this.#told(Ledger.open({ store: journalStore(this.#connection, this.#prefix, "ledger/main/"), now: this.#now }));
  }

  /**
   * Looks at the whole: reads the sealed journal, checks every line of it as the ledger in memory does, and compares with it the
   * postings, the balances and the ids.
   */
  async verify(): Promise<KeptVerification> {
    const books = new Books();
    let chain: KeptVerification["chain"] = { valid: true, length: 0, head: "0".repeat(64) };
    try {
      for (let last = PAGE_LINES; last === PAGE_LINES; ) {
        const lines = await this.#told(readLines(this.#connection, this.#prefix, books.length, PAGE_LINES));
        last = lines.length;
        try {
          books.apply(lines);
        } catch (error) {
          if ((error as { code?: unknown }).code !== "journal_broken") throw error;
          // Only the whole journal tells the byte.
          chain = check([...books.lines(), ...lines]);
          break;
        }
      }
      if (chain.valid) chain = { valid: true, length: books.length, head: headOf(books.lines()) };
    } finally {
      books.close();
    }
    const { rows } = await this.#ask(
      this.#connection,
      `SELECT problem, number::text AS number, place, expected, found FROM ${this.#prefix}_audit() LIMIT 100`,
      [],
    );
    const findings = rows.map(
      (row): AuditFinding => ({
        problem: String(row["problem"]) as AuditFinding["problem"],
        number: row["number"] === null ? null : Number(row["number"]),
        place: String(row["place"]),
        expected: String(row["expected"] ?? "nothing"),
        found: String(row["found"] ?? "nothing"),
      }),
    );
    return { valid: chain.valid && findings.length === 0, chain, findings };
  }

  /**
   * Takes over a journal, such as that of a ledger in another store: `ledger.journal()`, or the text with a line feed after each line.
   * The books must be empty, or hold its beginning; nobody may post meanwhile. Seals, and throws `journal_broken` where the sealed
   * lines would not be the same.
   */
  async importJournal(journal: string | readonly string[]): Promise<number> {
    const lines = typeof journal === "string" ? journal.split("\n").filter((line) => line !== "") : list("journal", journal);
    const checked = check(lines);
    if (!checked.valid) throw broken(checked.position, checked.reason);
    await this.seal();
    let known = 0;
    for await (const line of this.journal()) {
      if (lines[known] !== line) throw broken(known + 1, "another line stands there");
      known += 1;
    }
    for (let from = known; from < lines.length; from += PAGE_LINES) {
      await this.#importPage(lines.slice(from, from + PAGE_LINES));
    }
    await this.seal();
    const last = lines.length === 0 ? [] : await readLines(this.#connection, this.#prefix, lines.length - 1, 2);
    if (lines.length > 0 && (last.length !== 1 || last[0] !== lines[lines.length - 1])) {
      throw broken(lines.length, "somebody posted meanwhile");
    }
    return lines.length - known;
  }

  /** What is history was permitted when it happened, so limits are not asked again. */
  async #importPage(lines: readonly string[]): Promise<void> {
    await this.#connection.transaction(async (queries) => {
      let version = BigInt((await readStandings(queries, this.#prefix)).version);
      const taken = new Map<string, number>();
      const plans: object[] = [];
      for (const line of lines) {
        const { entry, account } = JSON.parse(line) as LineDocument;
        const record = line.slice(entry === undefined ? 11 : 9, line.lastIndexOf(',"hash":"'));
        const takes = entry === undefined ? null : takenBy(entry);
        if (takes !== null && !taken.has(takes)) taken.set(takes, await this.#takenCount(queries, takes));
        plans.push({ record, member: account === undefined ? "entry" : "account", rules: String(version), takes, taken: taken.get(takes ?? "") ?? 0 });
        if (takes !== null) taken.set(takes, (taken.get(takes) ?? 0) + 1);
        if (account !== undefined) version += 1n;
      }
      const answers = await this.#statement(queries, plans);
      const other = answers.find(({ status }) => status !== "created");
      if (other !== undefined) throw broken(Number(other.place ?? 0) + 1, `the books say ${other.status}`);
    });
  }

  async #takenCount(queries: Queries, id: string): Promise<number> {
    const { rows } = await this.#ask(queries, `SELECT taken FROM ${this.#prefix}_ids WHERE id = $1`, [id]);
    return Number(rows[0]?.["taken"] ?? 0);
  }

  async #post(documents: readonly RecordDocument[], queries: Queries): Promise<readonly KeptPostResult[]> {
    let standings = this.#standings ?? (await this.#readStandings(queries));
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const plans: object[] = [];
      for (const [index, document] of documents.entries()) {
        const planned = await this.#planned(document, documents.slice(0, index), standings, queries);
        if ("field" in planned) return [this.#differing(documents, index, planned.number, planned.field)];
        plans.push(planned);
      }
      const answers = await this.#statement(queries, plans);
      const refused = answers.find(({ status }) => status !== "created" && status !== "exists");
      if (refused === undefined) return answers.map(({ status, number }) => ({ status, number: Number(number) }) as KeptPostResult);
      const { status, number, detail, place = 0 } = refused;
      if (status === "rules") standings = await this.#readStandings(queries);
      else if (status === "different") {
        const field = difference(JSON.parse(String(detail)) as RecordDocument, documents[place] as RecordDocument);
        return [this.#differing(documents, place, Number(number), field ?? "kind")];
      } else if (status !== "taken") throw refusedBy({ status, detail } as Refusal);
    }
    throw storeBusy("other processes kept changing what the entry depends on");
  }

  async #readStandings(queries: Queries): Promise<Standings> {
    const standings = await this.#told(readStandings(queries, this.#prefix));
    if (!standings.unsure) this.#standings = standings;
    return standings;
  }

  /** What the posting function is handed for a record, or in which field it differs from the one that is there. */
  async #planned(
    document: RecordDocument,
    before: readonly RecordDocument[],
    standings: Standings,
    queries: Queries,
  ): Promise<object | { readonly number: number; readonly field: string }> {
    const takes = takenBy(document);
    const { records, numbers, taken } = takes === null ? NOTHING : await this.#history(before, takes, queries);
    const accounts = "postings" in document ? document.postings.map(({ account }) => account) : [document.account];
    // One that is among those that have taken already is seen as it was seen then; the database says that it is there.
    const place = records.findIndex(({ id }) => id === document.id);
    const field = place === -1 ? null : difference(records[place] as RecordDocument, document);
    if (field !== null) return { number: numbers[place] ?? 0, field };
    const history = place === -1 ? records : records.slice(0, place);
    const { member, record, demands } = plan([...history, ...standingsFor(standings, accounts)], document);
    return { record, member, rules: standings.version, takes, taken, demands };
  }

  /** What an entry takes from, in the books and in the same call. */
  async #history(before: readonly RecordDocument[], takes: string, queries: Queries): Promise<History> {
    const { records, numbers, taken } = await this.#told(readHistory(queries, this.#prefix, takes));
    const ids = new Set(records.map(({ id }) => id));
    const together = before.filter((record): record is EntryDocument => "postings" in record && !ids.has(record.id));
    const added = together.filter((record) => record.id === takes || takenBy(record) === takes);
    return { records: [...records, ...added], numbers, taken: taken + added.filter((record) => takenBy(record) === takes).length };
  }

  async #statement(queries: Queries, plans: readonly object[]): Promise<readonly Told[]> {
    const { rows } = await this.#ask(queries, `SELECT ${this.#prefix}_post($1::text::json)::text AS answer`, [JSON.stringify(plans)]);
    return JSON.parse(String(rows[0]?.["answer"])) as Told[];
  }

  /** Another record has the id: of a single one that is an answer, of several it refuses all. */
  #differing(documents: readonly RecordDocument[], place: number, number: number, differs: string): KeptPostResult {
    const field = fieldName(differs);
    if (documents.length === 1) return { status: "exists_with_different", number, field };
    const id = documents[place]?.id ?? "";
    throw new TillproofError({
      code: "entry_differs",
      message:
        `the entry ${JSON.stringify(id)} is in the books with another \`${field}\`, so nothing of this batch was posted: ` +
        "correct it by a reversal and a new entry",
      advice: "reconcile",
      details: { entry: id, number: String(number), field },
    });
  }

  #in({ client }: PostInOptions<Client>): Queries {
    return client === undefined ? this.#connection : queriesIn(client, this.#prefix);
  }

  async #number(statement: string): Promise<number | null> {
    const { rows } = await this.#ask(this.#connection, statement, []);
    const number = rows[0]?.["number"] ?? null;
    return number === null ? null : Number(number);
  }

  async #ask(queries: Queries, statement: string, values: readonly (string | number | null)[]): ReturnType<Queries["query"]> {
    return this.#told(queries.query(statement, values));
  }

  async #told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw told(this.#prefix, error);
    }
  }
}

/** The hash of the last line. */
function headOf(lines: readonly string[]): string {
  const last = lines[lines.length - 1];
  return last === undefined ? "0".repeat(64) : (JSON.parse(last) as LineDocument).hash;
}

function broken(position: number, reason: string): TillproofError {
  return new TillproofError({
    code: "journal_broken",
    message: `the journal is broken at position ${position}: ${reason}; compare it with what is in the database`,
    advice: "reconcile",
    details: { position: String(position), found: reason },
  });
}

/** Waits, but not longer than the signal lets it. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal.addEventListener("abort", over, { once: true });
  });
}
