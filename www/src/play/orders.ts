/** The orders placed by hand, at both shops. */

import { MISHAPS, type Order, type Scene } from "../scene.js";
import { naiveShop } from "./naive-shop.js";
import { orders, purchaseOf, run } from "./run.js";
import type { Stories } from "./step.js";
import { dice } from "./dice.js";
import { tillproofShop } from "./tillproof-shop.js";

export async function playOrders(scene: Scene): Promise<Stories> {
  const began = performance.now();
  const naive = await run(scene, (network) => naiveShop(network, dice(scene.seed)), [orders(scene)]);
  const tillproof = await run(scene, (network, target) => tillproofShop(network, target, scene), [orders(scene)]);
  return {
    naive: { steps: naive.steps, score: naive.score },
    tillproof: { steps: tillproof.steps, score: tillproof.score },
    placed: scene.orders.map((order, at) => ({ amount: BigInt(purchaseOf(scene.seed, at).amount), mishaps: told(order) })),
    tookMs: performance.now() - began,
  };
}

function told(order: Order): string {
  const labels = MISHAPS.filter(({ name }) => order.includes(name)).map(({ label }) => label.toLowerCase());
  return labels.length === 0 ? "goes well" : labels.join(", ");
}
