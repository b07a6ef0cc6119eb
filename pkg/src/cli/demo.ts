/**
 * `tillproof demo`: real payments through a hostile gateway, and one readable proof at the end.
 *
 * Invariant: the proof is computed from what the gateway says it did and injected, never from what the merchant hoped.
 * The gateway and the merchant are processes of their own; the observer here talks to both over HTTP only.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { judge, printProof, type Evidence } from "./demo/proof.js";
import {
  Child,
  databaseDriver,
  freePort,
  gatewayArguments,
  json,
  merchantProgram,
  type JsonObject,
} from "./demo/processes.js";
import { makeOrders, type Order } from "./demo/orders.js";
import { Progress } from "./demo/progress.js";
import { flagsOf } from "./commands.js";
import { FINE, flags, NO, UsageError, wholeNumber } from "./usage.js";

const OPTIONS = flagsOf("demo");

const ORDERS = "500";
const SEED = "1";

/** More would not fit the time everything is given to come to rest. */
const ORDERS_MAX = 100_000;

/** Orders under way at once. */
const CUSTOMERS = 12;

/** The settlement file is read three days later, when nothing is in flight any more. */
const SETTLEMENT_DAYS = 3;

/** The shop is killed when it has this many orders open, */
const OPEN_AT_KILL = 3;

/** or after this time, in milliseconds. */
const KILL_WITHIN_MS = 5_000;

/** Longest time everything may take to come to rest once the orders are placed, in milliseconds. */
const REST_MS = 600_000;

/** Runs the demo; resolves to the exit status: 1 if any part of the proof does not hold. */
export async function runDemo(argv: string[]): Promise<number> {
  const values = flags(argv, OPTIONS);
  const orders = wholeNumber("orders", values.orders ?? ORDERS);
  const seed = wholeNumber("seed", values.seed ?? SEED);
  if (orders < 1 || orders > ORDERS_MAX) throw new UsageError(`--orders ${orders}: expected 1 to ${ORDERS_MAX}`);
  if (databaseDriver() === undefined) {
    throw new UsageError("this Node has no SQLite of its own: npm install node-sqlite3-wasm, or use Node 22.13 or later");
  }

  const folder = mkdtempSync(join(tmpdir(), "tillproof-demo-"));
  const stage = new Stage(folder, seed);
  const clear = async (): Promise<void> => {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const interrupted = async (signal: NodeJS.Signals): Promise<void> => {
    await clear();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    const evidence = await stage.play(makeOrders(orders, seed));
    const verdicts = judge(evidence);
    printProof(evidence, verdicts);
    if (values.serve === true) await stage.stayOpen();
    return verdicts.every((verdict) => verdict.holds) ? FINE : NO;
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await clear();
  }
}

/** The two processes and what is played between them. */
class Stage {
  readonly #seed: number;
  readonly #database: string;
  readonly #started = Date.now();
  #gateway: Child | undefined;
  #merchant: Child | undefined;
  #merchantPort = 0;
  #webhookSecret = "";
  /** How often each delivery was answered how, by the id it came with. */
  readonly #heard: Evidence["webhooks"] = { received: 0, applied: new Map(), duplicates: 0, rejected: new Set() };
  /** Orders whose customers wait for the shop's answer. */
  readonly #underway = new Set<string>();
  /** Orders whose customer lost the shop in the middle of paying, and left. */
  readonly #abandoned = new Set<string>();
  readonly #errors: string[] = [];

  constructor(folder: string, seed: number) {
    this.#seed = seed;
    this.#database = join(folder, "shop.db");
  }

  async play(orders: readonly Order[]): Promise<Evidence> {
    const say = (text: string): void => void process.stdout.write(`${text}\n`);
    say(`tillproof demo: ${orders.length} orders, seed ${this.#seed}`);
    this.#gateway = new Child("gateway", gatewayArguments(this.#seed), {});
    await this.#gateway.ready(/listening on (http:\/\/127\.0\.0\.1:\d+)/);
    say(`gateway   ${this.#gateway.url}  (faults: those of demo/faults.json)`);
    this.#merchantPort = await freePort();
    const endpoint = await json("POST", `${this.#gateway.url}/api/webhook_endpoints`, {
      url: `http://127.0.0.1:${this.#merchantPort}/webhooks`,
    });
    this.#webhookSecret = String(endpoint["secret"]);
    await this.#startMerchant();
    say(`merchant  ${this.#shop}  (SQLite file, webhook endpoint, ledger mirror)\n`);

    const killed = await this.#driveOrders(orders);
    await this.#comeToRest(orders);
    return this.#collect(orders, killed);
  }

  async #startMerchant(): Promise<void> {
    this.#merchant = new Child("merchant", [merchantProgram()], {
      GATEWAY: this.#gateway?.url ?? "",
      DATABASE: this.#database,
      PORT: String(this.#merchantPort),
      WEBHOOK_SECRET: this.#webhookSecret,
      KEY_SECRET: `demo key secret of seed ${this.#seed}`,
    });
    this.#merchant.onLine((line) => this.#hear(line));
    await this.#merchant.ready(/"listening":(\d+)/);
  }

  /** Counts live here, so that they survive the kill of the process that reports them. */
  #hear(line: string): void {
    if (!line.startsWith("{")) return;
    const report = JSON.parse(line) as JsonObject;
    if (typeof report["error"] === "string") this.#errors.push(`${report["error"]}: ${String(report["message"])}`);
    if (typeof report["webhook"] !== "string") return;
    const id = String(report["id"]);
    this.#heard.received += 1;
    if (report["webhook"] === "applied") this.#heard.applied.set(id, (this.#heard.applied.get(id) ?? 0) + 1);
    if (report["webhook"] === "duplicate") this.#heard.duplicates += 1;
    if (report["webhook"] === "rejected") this.#heard.rejected.add(id);
  }

  /** Customers place orders; half way through the shop's process is killed and started again. */
  async #driveOrders(orders: readonly Order[]): Promise<boolean> {
    const progress = new Progress("orders", orders.length);
    const waiting = [...orders];
    let answered = 0;
    let killed: Promise<void> | undefined;
    const customer = async (): Promise<void> => {
      for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
        this.#underway.add(order.reference);
        await this.#place(order);
        this.#underway.delete(order.reference);
        answered += 1;
        progress.show(answered);
        if (killed === undefined && answered >= orders.length / 2) {
          killed = this.#killMerchant();
          // It is awaited when the customers are through: until then nobody would take note of a failure.
          killed.catch(() => undefined);
        }
      }
    };
    await Promise.all(Array.from({ length: CUSTOMERS }, customer));
    await killed;
    progress.end();
    return killed !== undefined;
  }

  /** Kills the shop while it knows of orders that have no end yet: a kill between two orders would show nothing. */
  async #killMerchant(): Promise<void> {
    const until = Date.now() + KILL_WITHIN_MS;
    while ((await this.#ordersOpen()) < OPEN_AT_KILL && Date.now() < until) await pause(1);
    await this.#merchant?.kill("SIGKILL");
    process.stderr.write("\n  merchant killed (SIGKILL); starting it again\n");
    await this.#startMerchant();
  }

  /** How many orders under way the shop has taken and not brought to an end. */
  async #ordersOpen(): Promise<number> {
    const statuses = await Promise.all(
      // A shop that is too busy to answer has told nothing about the order.
      [...this.#underway].map(async (reference) => (await json("GET", this.#urlOf(reference)).catch(() => null))?.["status"]),
    );
    return statuses.filter((status) => status === "pending_confirmation").length;
  }

  /**
   * A customer whose connection breaks looks whether the shop knows his order. If it does, he leaves, and the shop has to
   * bring it to an end alone; if it does not, he orders again: under the same reference, so it is the same purchase.
   */
  async #place(order: Order): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await json("POST", `${this.#shop}/orders`, order, 15_000);
        if (typeof answer["status"] === "string") return;
        throw new Error(`the shop answered ${JSON.stringify(answer)}`);
      } catch (error) {
        if (attempt >= 60) throw error;
        await pause(250);
        const known = await json("GET", this.#urlOf(order.reference)).catch(() => null);
        if (known !== null && typeof known["status"] === "string") {
          this.#abandoned.add(order.reference);
          return;
        }
      }
    }
  }

  #urlOf(reference: string): string {
    return `${this.#shop}/orders?reference=${encodeURIComponent(reference)}`;
  }

  /** Faults end; every intent comes to an end and every webhook is delivered or given up. */
  async #comeToRest(orders: readonly Order[]): Promise<void> {
    const gateway = this.#gateway?.url ?? "";
    await json("PUT", `${gateway}/_tillproof/faults`, await this.#settlementFaultsOnly());
    const until = Date.now() + REST_MS;
    const open = new Set(orders.map((order) => order.reference));
    const progress = new Progress("settled", orders.length);
    while (Date.now() < until) {
      for (const reference of open) {
        const order = await json("GET", this.#urlOf(reference));
        if (order["status"] !== "pending_confirmation") open.delete(reference);
      }
      progress.show(orders.length - open.size);
      // Retries of webhooks are seconds apart; the gateway's clock need not wait for ours.
      await json("POST", `${gateway}/_tillproof/advance`, { seconds: 5 });
      if (open.size === 0 && (await this.#deliveriesOpen()) === 0) break;
      await pause(100);
    }
    progress.end();
    await json("POST", `${gateway}/_tillproof/advance`, { seconds: SETTLEMENT_DAYS * 86_400 });
  }

  /** Keeps the drift of the settlement file, which is decided when the file is made. */
  async #settlementFaultsOnly(): Promise<JsonObject> {
    const plan = await json("GET", `${this.#gateway?.url}/_tillproof/faults`);
    return Object.fromEntries(Object.entries(plan).filter(([name]) => name.startsWith("settlement_")));
  }

  async #deliveriesOpen(): Promise<number> {
    const events = await this.#events();
    return events
      .flatMap((event) => (event["deliveries"] as JsonObject[] | undefined) ?? [])
      .filter((delivery) => delivery["state"] === "pending").length;
  }

  async #events(): Promise<JsonObject[]> {
    const all: JsonObject[] = [];
    for (let after = ""; ; ) {
      const page = await json("GET", `${this.#gateway?.url}/api/events?limit=100${after && `&after=${after}`}`);
      const events = page["data"] as JsonObject[];
      all.push(...events);
      if (page["hasMore"] !== true || events.length === 0) return all;
      after = String(events.at(-1)?.["id"]);
    }
  }

  async #collect(orders: readonly Order[], killed: boolean): Promise<Evidence> {
    const gateway = this.#gateway?.url ?? "";
    const shop: Record<string, string> = {};
    let attempts = 0;
    for (const { reference } of orders) {
      const order = await json("GET", this.#urlOf(reference));
      shop[reference] = String(order["status"]);
      attempts += Number(order["attempts"] ?? 0);
    }
    return {
      seed: this.#seed,
      orders,
      killed,
      abandoned: this.#abandoned,
      attempts,
      shop,
      events: await this.#events(),
      webhooks: this.#heard,
      errors: this.#errors,
      trialBalance: (await json("GET", `${this.#shop}/trial-balance`)) as unknown as Evidence["trialBalance"],
      gatewayBooks: await json("POST", `${gateway}/api/reconcile`, {}),
      mirror: await text(`${this.#shop}/mirror.csv`),
      settlement: await text(`${gateway}/_tillproof/settlement.csv`),
      groundTruth: (await json("GET", `${gateway}/_tillproof/ground-truth`)) as unknown as Evidence["groundTruth"],
      asOf: Date.now() + SETTLEMENT_DAYS * 86_400_000,
      seconds: (Date.now() - this.#started) / 1_000,
    };
  }

  get #shop(): string {
    return `http://127.0.0.1:${this.#merchantPort}`;
  }

  /** `--serve`: until a signal ends the process. */
  async stayOpen(): Promise<void> {
    process.stdout.write(`\ngateway at ${this.#gateway?.url}, merchant at ${this.#shop}; Ctrl-C ends both\n`);
    await new Promise<never>(() => undefined);
  }

  async close(): Promise<void> {
    await this.#merchant?.kill("SIGTERM");
    await this.#gateway?.kill("SIGTERM");
  }
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
