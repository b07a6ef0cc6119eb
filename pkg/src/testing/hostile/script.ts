/**
 * Which faults strike at which calls of one run, written out.
 *
 * Invariant: a script follows from the plan and the seed alone, and taking a strike out of it moves no other. So a run that
 * failed can be repeated without the faults that had nothing to do with it.
 */

import type { FaultName, FaultPlan } from "../../simulator/faults.js";

/** One fault at one call. */
export interface Strike {
  readonly fault: FaultName;
  /** At which call that the fault could meet, counted from 1. */
  readonly call: number;
}

/** A fault plan as the gateway writes it at `GET /_tillproof/faults`. */
export interface WrittenPlan {
  readonly [fault: string]: {
    readonly probability?: string;
    readonly nth?: readonly number[];
    readonly delay_ms?: readonly [number, number];
  };
}

/** All faults of one run, and how long those last that delay. */
export interface Script {
  readonly strikes: readonly Strike[];
  readonly delays: { readonly [fault: string]: readonly [number, number] };
}

/** The calls for which dice are thrown. What an integration does later meets no fault, so that it can come to its end. */
const CALLS = 200;

/** The script of a seed: dice are thrown for rates, calls that are named are taken as they are. */
export function scriptOf(plan: WrittenPlan, seed: number): Script {
  const strikes: Strike[] = [];
  const delays: { [fault: string]: readonly [number, number] } = {};
  for (const [name, { probability, nth, delay_ms: delay }] of Object.entries(plan)) {
    const fault = name as FaultName;
    const dice = diceOf(`${seed} ${name}`);
    if (delay !== undefined) delays[name] = delay;
    for (const call of nth ?? []) strikes.push({ fault, call });
    if (probability === undefined) continue;
    for (let call = 1; call <= CALLS; call += 1) if (dice() < Number(probability)) strikes.push({ fault, call });
  }
  return { strikes, delays };
}

/** The script as a plan a gateway takes. */
export function planOf(script: Script): FaultPlan {
  const plan: { [fault: string]: { nth: number[]; delayMs?: readonly [number, number] } } = {};
  for (const { fault, call } of script.strikes) (plan[fault] ??= { nth: [] }).nth.push(call);
  for (const [fault, rule] of Object.entries(plan)) {
    rule.nth.sort((one, other) => one - other);
    const delay = script.delays[fault];
    if (delay !== undefined) rule.delayMs = delay;
  }
  return plan;
}

/** Numbers from 0 to 1 that follow from a text: mulberry32 over an FNV-1a hash. */
export function diceOf(text: string): () => number {
  let state = 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
