/** The worker in which a hundred thousand clients try again. */

import { expose } from "comlink";

import { provide } from "../shell/wasm.js";
import type { PolicyName, Storm } from "./policy.js";
import { simulate } from "./simulate.js";
import { waitsOf } from "./waits.js";

export class Weather {
  async storm(policy: PolicyName, seed: number): Promise<Storm> {
    if (policy === "tillproof") await provide("payments-tables");
    const began = performance.now();
    return { ...simulate(policy, waitsOf(policy, seed)), tookMs: performance.now() - began };
  }
}

expose(new Weather());
