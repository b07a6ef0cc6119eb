/** The worker in which the shops and the gateway live. One run at a time: a run replaces the timers of this worker. */

import { expose } from "comlink";

import type { Scene } from "../scene.js";
import { provide } from "../shell/wasm.js";
import { ARTEFACTS } from "./artefacts.js";
import { playDay, type Day } from "./day.js";
import { playOrders } from "./orders.js";
import type { Stories } from "./step.js";

let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(async () => {
    await provide(...ARTEFACTS);
    return work();
  });
  last = turn.catch(() => undefined);
  return turn;
}

export class Player {
  /** The orders placed by hand, at both shops. */
  orders(scene: Scene): Promise<Stories> {
    return inTurn(() => playOrders(scene));
  }

  /** The same, then a busy hour and what the day brings. */
  day(scene: Scene): Promise<Day> {
    return inTurn(() => playDay(scene));
  }
}

expose(new Player());
