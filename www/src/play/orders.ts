/** The orders placed by hand, at both shops. */

import type { Scene } from "../scene.js";
import { naiveShop } from "./naive-shop.js";
import { orders, run } from "./run.js";
import type { Stories } from "./step.js";
import { dice } from "./dice.js";
import { tillproofShop } from "./tillproof-shop.js";

export async function playOrders(scene: Scene): Promise<Stories> {
  const began = performance.now();
  const naive = await run(scene, naiveShop, [orders(scene)]);
  const tillproof = await run(scene, (network, target) => tillproofShop(network, target, dice(scene.seed)), [orders(scene)]);
  return {
    naive: { steps: naive.steps, score: naive.score },
    tillproof: { steps: tillproof.steps, score: tillproof.score },
    tookMs: performance.now() - began,
  };
}
