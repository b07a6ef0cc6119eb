/**
 * `tillproof demo`: real payments through a hostile gateway, and one readable proof at the end.
 *
 * Invariant: the proof is computed from what the gateway says it did and injected, never from what the merchant hoped.
 * The gateway and the merchant are processes of their own; the observer here talks to both over HTTP only.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { judge, printProof, type Evidence } from "./demo/proof.js";
import { Child, freePort, gatewayArguments, json, merchantProgram, type JsonObject } from "./demo/processes.js";
import { makeOrders, type Order } from "./demo/orders.js";
import { Progress } from "./demo/progress.js";

const USAGE = `Usage: tillproof demo [--orders N] [--seed N] [--serve]

Starts a gateway with faults and a merchant backend, drives orders through them, kills the merchant in the middle,
lets everything settle, reconciles, and prints the proof. Exit status 1 if any part of it does not hold.

  --orders N   how many orders (500)
  --seed N     what goes wrong where (1); the same seed, the same faults
  --serve      keep gateway and merchant running afterwards

Example: tillproof demo --orders 200 --seed 7
`;

/** Orders under way at once. */
const CUSTOMERS = 12;

/** The settlement file is read three days later, when nothing is in flight any more. */
const SETTLEMENT_DAYS = 3;

/** Longest time everything may take to come to rest once the orders are placed, in milliseconds. */
const REST_MS = 60_000;

/** Runs the demo; resolves to the exit status. */
export async function runDemo(argv: string[]): Promise<number> {
  let options: { orders: number; seed: number; serve: boolean };
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        orders: { type: "string", default: "500" },
        seed: { type: "string", default: "1" },
        serve: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    options = { orders: wholeNumber("--orders", values.orders), seed: wholeNumber("--seed", values.seed), serve: values.serve };
  } catch (error) {
    process.stderr.write(`tillproof demo: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }

  const folder = mkdtempSync(join(tmpdir(), "tillproof-demo-"));
  const stage = new Stage(folder, options.seed);
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
    const evidence = await stage.play(makeOrders(options.orders, options.seed));
    const verdicts = judge(evidence);
    printProof(evidence, verdicts);
    if (options.serve) await stage.stayOpen();
    return verdicts.every((verdict) => verdict.holds) ? 0 : 1;
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
    say(`gateway   ${this.#gateway.url}  (faults: hostile)`);
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
        await this.#place(order);
        answered += 1;
        progress.show(answered);
        if (killed === undefined && answered >= orders.length / 2) killed = this.#killMerchant();
      }
    };
    await Promise.all(Array.from({ length: CUSTOMERS }, customer));
    await killed;
    progress.end();
    return killed !== undefined;
  }

  async #killMerchant(): Promise<void> {
    await this.#merchant?.kill("SIGKILL");
    process.stderr.write("\n  merchant killed (SIGKILL); starting it again\n");
    await this.#startMerchant();
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

function wholeNumber(name: string, value: string): number {
  if (/^[0-9]{1,9}$/.test(value) && Number(value) > 0) return Number(value);
  throw new Error(`${name} ${JSON.stringify(value)}: expected a whole number from 1 to 999999999`);
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
