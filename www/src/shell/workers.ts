/** The workers of the page, each started when it is first asked for something. */

import { wrap, type Remote } from "comlink";

import type { Desk } from "../desk/desk.worker.js";
import type { Player } from "../play/play.worker.js";
import type { Weather } from "../storm/storm.worker.js";

function once<T>(start: () => Remote<T>): () => Remote<T> {
  let started: Remote<T> | undefined;
  return () => (started ??= start());
}

/** Both shops and the gateway. */
export const player = once(() => wrap<Player>(new Worker(new URL("../play/play.worker.ts", import.meta.url), { type: "module" })));

/** What is done with the visitor's own webhooks and files. */
export const desk = once(() => wrap<Desk>(new Worker(new URL("../desk/desk.worker.ts", import.meta.url), { type: "module" })));

/** A hundred thousand clients. */
export const weather = once(() => wrap<Weather>(new Worker(new URL("../storm/storm.worker.ts", import.meta.url), { type: "module" })));
