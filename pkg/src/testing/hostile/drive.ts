/**
 * Lets virtual time pass while an integration runs.
 *
 * Invariant: time moves only when everything that could happen now has happened, and then to the next moment at which
 * something is due.
 */

import type { Gateway } from "../../simulator/gateway.js";
import type { BodyReads } from "./reads.js";
import type { VirtualTimers } from "./timers.js";

/** What became of work that was waited for. */
export type Ended<T> = { readonly how: "returned"; readonly value: T } | { readonly how: "threw"; readonly error: unknown } | { readonly how: "stuck"; readonly why: string };

/** How long one waits for what. */
export interface Patience {
  /** Real milliseconds in which nothing happens before virtual time moves on. */
  readonly quietMs: number;
  /** Real milliseconds an integration may wait for something that is neither a timer nor the gateway. */
  readonly idleMs: number;
  /** Virtual milliseconds an integration may take. */
  readonly runMs: number;
}

/** More moments than this are an endless loop of timers. */
const MOMENTS_MAX = 1_000_000;

/** Real time in which a body that is there has been read, in milliseconds. */
const READ_MS_MAX = 200;

/** As many turns belong to it: on a machine that stood still meanwhile nobody has read anything. */
const READ_TURNS_MIN = 1_000;

// As they are before any run replaces them.
const realTimeout = globalThis.setTimeout;
const realNow = Date.now;
const realImmediate = (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate;

/** Resolves when everything that could go on at once has done so. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (realImmediate !== undefined) {
      realImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function realWait(ms: number): Promise<void> {
  return new Promise((resolve) => realTimeout(resolve, ms));
}

/** Waits for `work`, letting time pass. */
export async function drive<T>(work: Promise<T>, gateway: Gateway, timers: VirtualTimers, patience: Patience): Promise<Ended<T>> {
  let ended: Ended<T> | undefined;
  work.then(
    (value) => (ended = { how: "returned", value }),
    (error: unknown) => (ended = { how: "threw", error }),
  );
  const start = gateway.now();
  let idleSince: number | null = null;
  for (let moments = 0; ; ) {
    await quiet(patience.quietMs, timers.reads);
    if (ended !== undefined) return ended;
    const due = earliest(timers.next(), gateway.nextDue());
    if (due === null) {
      idleSince ??= realNow();
      if (realNow() - idleSince > patience.idleMs) return stuck("it waits for something that is neither a timer nor the gateway");
      await realWait(1);
      continue;
    }
    idleSince = null;
    moments += 1;
    if (due - start > patience.runMs) return stuck(`it was still at work after ${Math.round(patience.runMs / 86_400_000)} days of virtual time`);
    if (moments > MOMENTS_MAX) return stuck(`it was still at work after ${MOMENTS_MAX} timers`);
    try {
      pass(due, gateway, timers);
    } catch (error) {
      return { how: "threw", error };
    }
  }
}

/** Lets `ms` of virtual time pass, with whatever falls due in it. */
export async function settle(ms: number, gateway: Gateway, timers: VirtualTimers, patience: Patience): Promise<void> {
  const end = gateway.now() + ms;
  for (let moments = 0; moments < MOMENTS_MAX; moments += 1) {
    await quiet(patience.quietMs, timers.reads);
    const due = earliest(timers.next(), gateway.nextDue());
    if (due === null || due > end) break;
    pass(due, gateway, timers);
  }
  gateway.moveTo(end);
  await quiet(patience.quietMs, timers.reads);
}

function pass(due: number, gateway: Gateway, timers: VirtualTimers): void {
  gateway.moveTo(Math.max(due, gateway.now()));
  timers.fire();
}

/**
 * Two turns: what a first one set off in other threads is taken up in the second. What reads a body is waited for, and
 * what is done with it; a body that comes in pieces may wait for a timer itself, so not for ever.
 */
async function quiet(ms: number, reads: BodyReads): Promise<void> {
  const end = realNow() + READ_MS_MAX;
  let turns = 0;
  do {
    await turn();
    await turn();
    turns += 2;
    if (turns > READ_TURNS_MIN && realNow() > end) reads.giveUp();
  } while (reads.underWay);
  if (ms > 0) await realWait(ms);
}

function earliest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

function stuck(why: string): { how: "stuck"; why: string } {
  return { how: "stuck", why };
}
