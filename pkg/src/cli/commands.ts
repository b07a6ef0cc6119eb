/**
 * The one table of commands and their flags, of which everything else follows: what is parsed, what help says, and what a
 * shell completes.
 *
 * Invariant: a flag that is not here is refused, and one that is here is explained. The table is data: it loads nothing.
 */

import { BREAK_KINDS } from "../reconcile/kinds.js";

/** A flag: what `parseArgs` needs to know, and what people do. */
export interface Flag {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** What stands after it, in capitals; what begins with `FILE` or `DIR` is completed as such. */
  readonly value?: string;
  /** Words it may be; a shell offers them. */
  readonly words?: readonly string[];
  /** The arguments it belongs to, of a command that has some; left out where it belongs to all of them. */
  readonly of?: readonly string[];
  /** One line: what it does, and what holds without it. */
  readonly says: string;
}

/** A command line that works as it stands, and when one would want it. */
export interface Example {
  readonly when: string;
  readonly line: string;
}

/** A command as people meet it. */
export interface Command {
  readonly summary: string;
  /** What to know before the flags, in whole sentences; one string for each paragraph. */
  readonly about: readonly string[];
  /** What follows the name, in one line. */
  readonly usage: string;
  /** Words that follow the name without a flag, and what each is for. */
  readonly arguments?: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly examples: readonly Example[];
  /** What the statuses 0 and 1 mean here. */
  readonly status: string;
}

const JSON_FLAG = { type: "boolean", says: "print one JSON document to standard output, and nothing else there" } as const;

const PROVIDER_FORMATS = ["stripe", "adyen", "paypal", "braintree", "square", "shopify", "shopify-json", "mollie"] as const;
const BANK_FORMATS = ["camt.053", "camt.054", "mt940", "bai2", "ofx"] as const;

/** Every command by its name, in the order help lists them. */
export const COMMANDS = {
  verify: {
    summary: "says whether a webhook is genuine and recent",
    about: [
      "Checks a delivery that you kept as files, exactly as createVerifier() does, and explains a refusal: " +
        "what happened to the delivery, and what to do about it. The body must be the bytes as they arrived.",
    ],
    usage: "--scheme S (--secret S... | --secret-env NAME) --headers FILE.json --body FILE [FLAGS]",
    flags: {
      scheme: { type: "string", value: "NAME", says: "the signature scheme, such as stripe-v1; a wrong name lists all" },
      secret: { type: "string", multiple: true, value: "SECRET", says: "a secret as the provider shows it; several while one is replaced" },
      "secret-env": { type: "string", value: "NAME", says: "the environment variable with the secret, which keeps it out of the shell's history" },
      headers: { type: "string", value: "FILE.json", says: "the headers: an object of names to values, or a list of pairs" },
      body: { type: "string", value: "FILE", says: "the raw body; - is standard input" },
      url: { type: "string", value: "URL", says: "the URL the provider was given, for schemes that sign it" },
      option: { type: "string", multiple: true, value: "NAME=VALUE", says: "a further field of the scheme; a value of @FILE reads the file" },
      tolerance: { type: "string", value: "SECONDS", says: "how old a delivery may be; without it what the scheme says" },
      now: { type: "string", value: "UNIX_SECONDS", says: "the time to judge at, for a delivery of long ago; without it the present" },
      json: JSON_FLAG,
    },
    examples: [
      {
        when: "a delivery that your endpoint refused",
        line: "tillproof verify --scheme stripe-v1 --secret-env STRIPE_SECRET --headers headers.json --body body.json",
      },
      {
        when: "one of last week, judged at its own time",
        line: "tillproof verify --scheme github-sha256 --secret-env HOOK_SECRET --headers h.json --body b.json --now 1770000000",
      },
    ],
    status: "0 genuine, 1 not genuine",
  },
  reconcile: {
    summary: "compares your ledger with what the provider settled and the bank booked",
    about: [
      "Reads your books and the provider's reports, matches them by reference, and names every difference: its kind, both " +
        "rows, and a sentence. Nothing is adjusted.",
    ],
    usage: "--ledger FILE... --settlement FILE... [FLAGS]",
    flags: {
      ledger: { type: "string", multiple: true, value: "FILE", says: "your own records; - is standard input" },
      settlement: { type: "string", multiple: true, value: "FILE", says: "what the provider says he settled" },
      bank: { type: "string", multiple: true, value: "FILE", says: "the statement of the bank" },
      "ledger-format": { type: "string", value: "FORMAT", words: ["csv", ...PROVIDER_FORMATS], says: "how the ledger is written: csv, or as for the settlement" },
      "settlement-format": { type: "string", value: "FORMAT", words: ["csv", ...PROVIDER_FORMATS], says: "csv, stripe, adyen, paypal, braintree, square, shopify, shopify-json or mollie: csv" },
      "bank-format": { type: "string", value: "FORMAT", words: ["csv", ...BANK_FORMATS], says: "csv, camt.053, camt.054, mt940, bai2 or ofx: csv" },
      mapping: { type: "string", multiple: true, value: "FILE.json", says: "how a table of your own is read, by side: as tillproof read prints it, or a name for each column" },
      "as-of": { type: "string", value: "RFC3339", says: "the day to count ages from; without it the latest time in the files" },
      "in-flight-days": { type: "string", value: "N", says: "calendar days a payment may be under way: 2" },
      "in-flight-business-days": { type: "string", value: "N", says: "the same in business days" },
      holidays: { type: "string", value: "FILE", says: "with business days: the days nobody works, one on each line" },
      rules: { type: "string", value: "FILE.json", says: "what is decided by agreement: passes, small change, windows by provider, fees of the contract" },
      matches: { type: "string", value: "FILE", says: "write each match with its pass, rules and fields there, as JSON Lines; takes longer" },
      out: { type: "string", value: "DIR", says: "write report.json, report.txt, breaks.csv, report.html and proof.json there as well" },
      "sign-env": { type: "string", value: "NAME", says: "with --out: the variable with the key that signs proof.json, an Ed25519 private key in PEM or a secret" },
      "ledger-root": { type: "string", value: "FILE.json", says: "with --out: the root of the ledger's day, which proof.json is to name" },
      "verify-proof": { type: "string", value: "FILE", says: "compare nothing, and check that this proof.json is signed, by the key of --sign-env, and speaks of the report.json beside it and of the files given" },
      workers: { type: "string", value: "N", says: "threads at most: 1; the report is the same whatever the number" },
      json: JSON_FLAG,
    },
    examples: [
      { when: "the books of a month", line: "tillproof reconcile --ledger ledger.csv --settlement settlement.csv --json" },
      {
        when: "two reports, and the result as files",
        line: "tillproof reconcile --ledger ledger.csv --settlement may.csv --settlement june.csv --out report",
      },
      {
        when: "with a table of your bank, as tillproof read said it is",
        line: "tillproof reconcile --ledger ledger.csv --settlement settlement.csv --bank statement.csv --mapping bank.json",
      },
    ],
    status: "0 no breaks (a proof: proven), 1 breaks (a proof: not proven)",
  },
  read: {
    summary: "says what a file of a provider or a bank is, and writes it in the generic columns",
    about: [
      "Without --format the file is only looked at: its format and what told it, or for a table of no known format a mapping " +
        "to check and complete. With --format it is read exactly, or refused with line and column, and written as the CSV " +
        "that reconcile takes.",
    ],
    usage: "--file FILE [--format FORMAT] [FLAGS]",
    flags: {
      file: { type: "string", value: "FILE", says: "the file; - is standard input" },
      format: {
        type: "string",
        value: "FORMAT",
        words: [...PROVIDER_FORMATS, "generic", ...BANK_FORMATS, "csv"],
        says: "how it is written; a wrong name lists all. A table is generic for a provider, csv for a bank",
      },
      encoding: {
        type: "string",
        value: "NAME",
        words: ["utf-8", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1", "iso-8859-15"],
        says: "how its letters are encoded; without it as the file says, or utf-8",
      },
      mapping: { type: "string", value: "FILE.json", says: "which column of a table means what, as this command prints it" },
      "reference-column": { type: "string", value: "NAME", says: "the column with your own reference, where the format has none" },
      out: { type: "string", value: "FILE", says: "where to write the CSV; without it to standard output" },
      json: { type: "boolean", says: "without --format: print one JSON document to standard output, and nothing else there" },
    },
    examples: [
      { when: "what is this file?", line: "tillproof read --file statement.csv --encoding windows-1252" },
      {
        when: "a table of your bank, and then the comparison",
        line: "tillproof read --file statement.csv --format csv --mapping bank.json --out bank.csv",
      },
    ],
    status: "0 recognised or written, 1 a person has to say what it is",
  },
  queue: {
    summary: "shows the breaks that runs found, and keeps what people say, propose and decide of them",
    about: [
      "A run is taken over with sync. From then on each break is a case that keeps its id from run to run, and everything that " +
        "is said of it; a decision is proposed by one person and approved by another. Nothing is adjusted silently: an approved " +
        "entry is posted to the ledger that --ledger names, or waits for one.",
    ],
    usage: "ACTION --store ADDRESS [FLAGS]",
    arguments: {
      sync: "take over the breaks of a run: new ones are opened, those that are gone are closed",
      list: "the breaks that wait for somebody",
      show: "one break, with all that was said and done",
      assign: "give it to a person",
      comment: "say something about it",
      propose: "propose the entry that settles it",
      accept: "propose to leave it as it is, for a reason",
      approve: "approve what somebody else proposed; with --ledger it is posted",
      reject: "reject it, for a reason",
      reopen: "take it up again, for a reason",
      settle: "post what was approved without a ledger",
    },
    flags: {
      store: { type: "string", value: "ADDRESS", says: "sqlite:FILE or postgres://..." },
      "store-env": { type: "string", value: "NAME", says: "the variable with that address, where it holds a password" },
      name: { type: "string", value: "NAME", says: "which queue of the store: main" },
      report: { type: "string", of: ["sync"], value: "FILE.json", says: "sync: what tillproof reconcile --json printed" },
      run: { type: "string", of: ["sync"], value: "NAME", says: "sync: what the run is called from now on" },
      at: { type: "string", of: ["sync"], value: "RFC3339", says: "sync: when the files of the run were read: now" },
      id: { type: "string", of: ["show", "assign", "comment", "propose", "accept", "approve", "reject", "reopen"], value: "ID", says: "which break; the first digits will do" },
      by: { type: "string", of: ["assign", "comment", "propose", "accept", "approve", "reject", "reopen"], value: "PERSON", says: "who says, proposes or decides: USER of the environment" },
      to: { type: "string", of: ["assign"], value: "PERSON", says: "assign: who is to look; nobody when left out" },
      text: { type: "string", of: ["comment"], value: "TEXT", says: "comment: what there is to say" },
      reason: { type: "string", of: ["propose", "accept", "reject", "reopen"], value: "TEXT", says: "propose, accept, reject, reopen: why" },
      entry: { type: "string", of: ["propose"], value: "FILE.json", says: "propose: an entry of the ledger: postings, and what else it has" },
      gateway: { type: "string", of: ["propose"], value: "NAME", says: "propose: without --entry the evident one, with this gateway in its accounts" },
      bank: { type: "string", of: ["propose"], value: "NAME", says: "propose: the bank in its accounts: main" },
      proposal: { type: "string", of: ["approve", "reject"], value: "N", says: "approve, reject: the number of the proposal; the last one when left out" },
      ledger: { type: "string", of: ["approve", "settle"], value: "NAME", says: "approve, settle: post to this ledger of the same store" },
      "two-eyes": { type: "boolean", of: ["approve"], says: "approve: whoever proposed may approve, too" },
      state: { type: "string", of: ["list"], value: "STATE", words: ["open", "proposed", "approved", "resolved", "gone", "all"], says: "list: those in this state; without it those that are not over" },
      kind: { type: "string", of: ["list"], value: "KIND", words: BREAK_KINDS, says: "list: breaks of this kind" },
      assignee: { type: "string", of: ["list"], value: "PERSON", says: "list: those of this person" },
      json: JSON_FLAG,
    },
    examples: [
      { when: "the breaks of a run", line: "tillproof queue sync --store sqlite:shop.db --report report/report.json --run 2026-03-05" },
      { when: "what waits", line: "tillproof queue list --store sqlite:shop.db" },
      { when: "the evident entry for a fee", line: "tillproof queue propose --store sqlite:shop.db --id 3f2a --gateway stripe --reason abroad --by ann" },
      { when: "approved by another, and posted", line: "tillproof queue approve --store sqlite:shop.db --id 3f2a --by bob --ledger main" },
    ],
    status: "0 done; list: 0 nothing waits, 1 something does",
  },
  simulate: {
    summary: "serves a payment gateway on loopback that fails as real ones do",
    about: [
      "A gateway to try a shop on: answers that get lost, webhooks that come twice, late or forged, settlement files that " +
        "disagree. What it did wrong is told at /_tillproof/ground-truth. SIGTERM ends it cleanly.",
    ],
    usage: "[FLAGS]",
    flags: {
      port: { type: "string", value: "N", says: "where to listen: 4010, or PORT of the environment; 0 takes a free one" },
      seed: { type: "string", value: "N", says: "the same seed fails the same way: 0" },
      dialect: { type: "string", value: "NAME", words: ["native", "stripe", "both"], says: "native, stripe or both: native" },
      faults: {
        type: "string",
        value: "NAME|FILE.json",
        words: ["none", "gentle", "hostile", "blackout", "month-end"],
        says: "none, gentle, hostile, blackout, month-end, or a plan of your own: none",
      },
      clock: { type: "string", value: "NAME", words: ["real", "virtual"], says: "real, or virtual, which stands until it is advanced: real" },
      routes: { type: "boolean", says: "print the routes of the Stripe dialect instead of serving" },
      json: { type: "boolean", says: "with --routes: as one JSON document" },
    },
    examples: [
      { when: "Stripe, as it behaves on a bad day", line: "tillproof simulate --port 8080 --dialect stripe --seed 7 --faults hostile" },
      { when: "a free port, for a test", line: "tillproof simulate --port 0 --clock virtual" },
    ],
    status: "0 when it was told to stop",
  },
  torture: {
    summary: "lives payments through a hostile world, seed by seed, and names the seed that breaks an invariant",
    about: [
      "Tries the payments engine itself: crashes, lost answers, clocks that jump. A failing seed is printed with the " +
        "command that lives it again. Your own integration is tried by tillproof/testing.",
    ],
    usage: "[--seeds A..B | --seed N [--trace]] [FLAGS]",
    flags: {
      seeds: { type: "string", value: "A..B", says: "the first and the last seed: 1..10000" },
      seed: { type: "string", value: "N", says: "one seed" },
      profile: { type: "string", value: "NAME", says: "the world to live in; --list names them" },
      crash: { type: "string", value: "PERCENT", says: "the chance of dying at each step" },
      without: { type: "string", value: "SAFEGUARD", says: "take one safeguard away, and see what it was for" },
      workers: { type: "string", value: "N", says: "threads: 1" },
      trace: { type: "boolean", says: "with --seed: print every decision" },
      list: { type: "boolean", says: "print the worlds and the safeguards" },
      json: JSON_FLAG,
    },
    examples: [
      { when: "a hundred thousand shops", line: "tillproof torture --seeds 1..100000 --profile crash-20 --workers 2" },
      { when: "one of them, step by step", line: "tillproof torture --seed 7 --trace" },
    ],
    status: "0 every invariant held, 1 one was broken",
  },
  demo: {
    summary: "drives orders through a hostile gateway, kills the shop in the middle, and prints a proof",
    about: ["A gateway and a shop in two processes; what is proven is computed from what the gateway says it did, never from what the shop hoped."],
    usage: "[FLAGS]",
    flags: {
      orders: { type: "string", value: "N", says: "how many orders: 500" },
      seed: { type: "string", value: "N", says: "another seed, other customers and faults: 1" },
      serve: { type: "boolean", says: "keep the gateway and the shop running afterwards, to look around" },
    },
    examples: [{ when: "a shorter one, on a seed of your own", line: "tillproof demo --orders 200 --seed 7" }],
    status: "0 every claim holds, 1 one does not",
  },
  doctor: {
    summary: "checks your setup (clock, secrets, store, webhook endpoint, provider) and says what to fix",
    about: [
      "Looks at what you name and skips the rest. Nothing is changed; an endpoint that is named gets a few deliveries of the " +
        "type tillproof.probe, signed with your own secret where you name it: so it is known whether the raw body arrives " +
        "byte by byte, and whether a changed one is refused.",
      "Secrets are named by their environment variable. None is printed.",
    ],
    usage: "[FLAGS]",
    flags: {
      clock: { type: "string", value: "URL", says: "a server whose Date is compared with this clock; without it the provider or the endpoint" },
      "secret-env": { type: "string", multiple: true, value: "NAME", says: "the variable with the webhook secret; the first one signs the probe" },
      scheme: { type: "string", value: "NAME", says: "the signature scheme of the endpoint, such as stripe-v1" },
      "api-key-env": { type: "string", multiple: true, value: "NAME", says: "the variable with the provider's API key" },
      "key-secret-env": { type: "string", value: "NAME", says: "the variable with the secret that idempotency keys are made from" },
      store: { type: "string", value: "ADDRESS", says: "sqlite:FILE, postgres://... or redis://..." },
      "store-env": { type: "string", value: "NAME", says: "the variable with that address, where it holds a password" },
      endpoint: { type: "string", value: "URL", says: "your webhook endpoint, as the provider calls it" },
      "provider-url": { type: "string", value: "URL", says: "the base URL of the provider" },
      json: JSON_FLAG,
    },
    examples: [
      {
        when: "the endpoint, with a signed probe",
        line: "tillproof doctor --endpoint https://shop.example/webhooks --scheme stripe-v1 --secret-env STRIPE_WEBHOOK_SECRET",
      },
      {
        when: "before going live",
        line: "tillproof doctor --provider-url https://api.stripe.com --api-key-env STRIPE_KEY --key-secret-env KEY_SECRET --store-env DATABASE_URL",
      },
    ],
    status: "0 nothing to fix, 1 something is broken",
  },
  completion: {
    summary: "prints a script that completes commands and flags in your shell",
    about: ["The script is made of the same table as this help, so it knows what this version knows."],
    usage: "SHELL",
    arguments: { bash: "for ~/.bashrc", zsh: "for ~/.zshrc, after compinit", fish: "for a file of its own" },
    flags: {},
    examples: [
      { when: "bash, in ~/.bashrc", line: "source <(tillproof completion bash)" },
      { when: "zsh, in ~/.zshrc after compinit", line: "source <(tillproof completion zsh)" },
      { when: "fish, once", line: "tillproof completion fish > ~/.config/fish/completions/tillproof.fish" },
    ],
    status: "0 printed",
  },
} as const satisfies Readonly<Record<string, Command>>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** The flags of a command as `parseArgs` takes them. */
export function flagsOf<Name extends CommandName>(name: Name): (typeof COMMANDS)[Name]["flags"] {
  return COMMANDS[name].flags;
}

/** Whether there is such a command. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
