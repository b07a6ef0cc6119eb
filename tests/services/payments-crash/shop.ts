/** A merchant with one database, one gateway and a road between them, whose processes come and go. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { server } from "../servers.js";
import { type Database, makePlace, type Place } from "./databases.js";
import type { KillPoint } from "./killing.js";
import type { Order } from "./process.js";
import { openRoad, type Road } from "./road.js";

/** How a process ended: with what it printed, or by which signal. */
export type End = { readonly printed: unknown } | { readonly signal: NodeJS.Signals };

/** How a process is made. */
export interface RunOptions {
  readonly profile: string;
  readonly dies?: KillPoint | undefined;
  readonly forgets?: boolean;
}

/** A payment as the gateway itself shows it. */
export interface TruePayment {
  readonly id: string;
  readonly state: string;
  readonly reference: string;
}

const program = (name: string): string => fileURLToPath(new URL(`payments-crash/${name}.mjs`, import.meta.url));

function start(name: string, args: readonly string[]): ChildProcess {
  return spawn(server("MODERN_NODE"), [program(name), ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

function ended(child: ChildProcess): Promise<{ status: number | null; signal: NodeJS.Signals | null; out: string; error: string }> {
  const [out, error] = [[] as Buffer[], [] as Buffer[]];
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => error.push(chunk));
  return new Promise((resolve) => {
    child.once("close", (status, signal) => {
      resolve({ status, signal, out: Buffer.concat(out).toString(), error: Buffer.concat(error).toString() });
    });
  });
}

/** The shop. Everything it started is gone after {@link Shop.close}. */
export class Shop {
  readonly #database: Database;
  readonly #gateway: ChildProcess;
  readonly #url: string;
  readonly road: Road;
  readonly #running = new Set<ChildProcess>();
  readonly #places: Place[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "tillproof-shop-"));
  place!: Place;

  private constructor(database: Database, gateway: ChildProcess, url: string, road: Road) {
    this.#database = database;
    this.#gateway = gateway;
    this.#url = url;
    this.road = road;
  }

  /** Starts `tillproof simulate` and opens the road to it. */
  static async open(database: Database): Promise<Shop> {
    const gateway = start("gateway", ["simulate", "--port", "0"]);
    const url = await new Promise<string>((resolve, reject) => {
      let said = "";
      gateway.stdout?.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const found = /listening on (\S+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      gateway.once("exit", () => reject(new Error(`the gateway did not start: ${said}`)));
    });
    const shop = new Shop(database, gateway, url, await openRoad(url));
    await shop.moveIn();
    return shop;
  }

  /** Empty tables for what comes next. */
  async moveIn(): Promise<void> {
    this.place = await makePlace(this.#database);
    this.#places.push(this.place);
  }

  /** Runs a process until it ends; throws what it complained of where it ended badly by itself. */
  async run(work: Order["work"], options: RunOptions): Promise<End> {
    const order: Order = {
      database: this.#database,
      place: this.place.name,
      gateway: this.road.url,
      profile: options.profile,
      business: this.#business,
      aheadMs: this.road.aheadMs,
      work,
      ...(options.dies === undefined ? {} : { dies: options.dies }),
      ...(options.forgets === undefined ? {} : { forgets: options.forgets }),
    };
    const child = start("process", [JSON.stringify(order)]);
    this.#running.add(child);
    const end = ended(child);
    this.road.killSender = async () => {
      child.kill("SIGKILL");
      await end;
    };
    const { status, signal, out, error } = await end;
    this.#running.delete(child);
    if (signal !== null) return { signal };
    if (status !== 0) throw new Error(`a process of the shop failed:\n${error}`);
    return { printed: JSON.parse(out) as unknown };
  }

  /** Payments with a reference, asked of the gateway itself and not by way of the road. */
  async truth(reference: string): Promise<TruePayment[]> {
    const answer = await fetch(`${this.#url}/api/payments?reference=${encodeURIComponent(reference)}`);
    const { data } = (await answer.json()) as { readonly data: TruePayment[] };
    return data;
  }

  /** What the rest of the business was told about a reference: id and type of each message, as often as it came. */
  told(reference: string): { readonly id: string; readonly type: string }[] {
    const lines = existsSync(this.#business) ? readFileSync(this.#business, "utf8").trim().split("\n") : [];
    return lines.map((line) => line.split(" ")).filter(([about]) => about === reference).map(([, id = "", type = ""]) => ({ id, type }));
  }

  get #business(): string {
    return join(this.#folder, "business.log");
  }

  /** Lets time pass, for the gateway and for every process that is started from now on. */
  async wait(milliseconds: number): Promise<void> {
    const body = JSON.stringify({ seconds: milliseconds / 1_000 });
    await fetch(`${this.road.url}/_tillproof/advance`, { method: "POST", body });
  }

  async close(): Promise<void> {
    for (const child of [...this.#running, this.#gateway]) child.kill("SIGKILL");
    await this.road.close();
    for (const place of this.#places) await place.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
